//! Planning as another robot uses it: questions, and `move_to`, on one running arm.

use anyhow::{Context, Result, ensure};
use collision::{Options, Robot, Scene, Shape, Truth};
use r2r::armature_msgs::msg::{ControlState, PlanOutcome, SceneObject};
use r2r::armature_msgs::srv::{
    CheckState, ComputeFk, ComputeIk, PlanCartesian, PlanToJoints, PlanToPose, ValidateTrajectory,
};
use r2r::geometry_msgs::msg::{Point, Quaternion};
use r2r::trajectory_msgs::msg::JointTrajectory;
use rig::mover::{to_joints, to_pose, tool_down};
use rig::{Mover, Scenario, scene};
use std::time::Duration;

const ANSWER: Duration = Duration::from_secs(5);
const MOTION: Duration = Duration::from_secs(20);
/// Right and left of the post.
const RIGHT: [f64; 3] = [0.45, -0.3, 0.25];
const LEFT: [f64; 3] = [0.45, 0.3, 0.25];
/// As in config/arm.yaml, rad/s².
const ACCELERATION: [f64; 6] = [6.0, 5.0, 8.0, 15.0, 15.0, 20.0];
const URDF: &str = include_str!("../config/description/armature.urdf");
const SRDF: &str = include_str!("../config/description/armature.srdf");

fn plan_to(s: &mut Scenario, position: [f64; 3]) -> Result<PlanToPose::Response> {
    let request = PlanToPose::Request { pose: tool_down(position), ..Default::default() };
    s.arm.call::<PlanToPose::Service>("planning/plan_to_pose", &request, ANSWER)
}

fn ensure_valid(s: &mut Scenario, trajectory: JointTrajectory) -> Result<f64> {
    let request = ValidateTrajectory::Request { trajectory };
    let name = "arm_controller/validate_trajectory";
    let answer = s.arm.call::<ValidateTrajectory::Service>(name, &request, ANSWER)?;
    ensure!(answer.valid, "validate_trajectory refuses: {}", answer.error_string);
    Ok(answer.duration)
}

fn ensure_refused(outcome: &PlanOutcome, code: u8, part: &str) -> Result<()> {
    let PlanOutcome { code: got, message, .. } = outcome;
    ensure!(*got == code && message.contains(part), "outcome {got}: {message}");
    Ok(())
}

const POST: [f64; 3] = [0.06, 0.06, 0.7];
const POST_PLACE: [f64; 3] = [0.45, 0.0, 0.35];

fn post() -> SceneObject {
    scene::cuboid("post", POST, POST_PLACE)
}

/// How far the tip is from where it should be, by the simulator's truth, m.
fn off(s: &mut Scenario, goal: [f64; 3]) -> Result<f64> {
    let positions = s.arm.world.true_position().context("no truth was heard")?.to_vec();
    let request = ComputeFk::Request { positions, links: vec![] };
    let answer = s.arm.call::<ComputeFk::Service>("planning/compute_fk", &request, ANSWER)?;
    let Point { x, y, z } = answer.poses.first().context("no pose")?.pose.position;
    let [a, b, c] = goal;
    Ok(((x - a).powi(2) + (y - b).powi(2) + (z - c).powi(2)).sqrt())
}

fn drive(s: &mut Scenario, mover: &Mover, goal: [f64; 3]) -> Result<u32> {
    let result = mover.drive(&mut s.arm, to_pose(tool_down(goal)), MOTION)?;
    ensure!(result.outcome.code == 0, "move_to: {}", result.outcome.message);
    let off = off(s, goal)?;
    // What the goal tolerance of 0.01 rad allows at this reach.
    ensure!(off < 0.01, "the tip is {:.1} mm from its goal", off * 1e3);
    Ok(result.replanned)
}

/// The truth of the motion since the last call, checked against the true geometry.
fn ensure_clear_of_post(s: &mut Scenario) -> Result<()> {
    let robot = Robot::new(URDF, Some(SRDF), &Options::default())?;
    let mut scene = Scene::new();
    let place = collision::pose("post", POST_PLACE, [0.0, 0.0, 0.0, 1.0])?;
    scene.add("post", place, Shape::cuboid("post", POST.map(|edge| edge / 2.0))?)?;
    let truth = Truth::new(&robot, &scene);
    let states = s.arm.world.take_truth();
    ensure!(states.len() > 100, "only {} true states were heard", states.len());
    for state in &states {
        if let Some((first, second)) = truth.collision(&state.position) {
            anyhow::bail!("{first} touched {second} at {:?}", state.position);
        }
    }
    Ok(())
}

/// Would catch: motions that our own controller refuses, refusals without reason, a scene that is not
/// heeded, a robot that does not arrive where it was sent.
#[test]
fn questions_are_answered_and_the_arm_goes_where_it_is_sent() -> Result<()> {
    let mut s = Scenario::enabled("planning_move_to", &[])?;
    let mover = Mover::new(&mut s.arm)?;
    questions(&mut s)?;
    refusals(&mut s)?;

    drive(&mut s, &mover, RIGHT)?;
    scene::add(&mut s.arm, post())?;
    s.arm.world.take_truth();
    drive(&mut s, &mover, LEFT)?;
    ensure_clear_of_post(&mut s)?;

    // Taken away and put back while the arm is on its straight way: gone round all the same.
    scene::remove(&mut s.arm, post())?;
    let mut goal = to_pose(tool_down(RIGHT));
    goal.settings.speed = 0.3;
    let mut running = mover.send(&mut s.arm, goal)?;
    running.wait_for(&mut s.arm, 0.05, ANSWER)?;
    scene::add(&mut s.arm, post())?;
    let (_, result) = running.finish(&mut s.arm, MOTION)?;
    ensure!(result.outcome.code == 0, "move_to: {}", result.outcome.message);
    ensure!(result.replanned == 1, "planned anew {} times", result.replanned);
    ensure_clear_of_post(&mut s)?;

    // It stands where the arm is at home.
    scene::remove(&mut s.arm, post())?;
    cancelled(&mut s, &mover)
}

fn questions(s: &mut Scenario) -> Result<()> {
    let answer = plan_to(s, RIGHT)?;
    ensure!(answer.outcome.code == 0, "plan_to_pose: {}", answer.outcome.message);
    let end = answer.trajectory.points.last().context("no points")?.positions.clone();
    ensure_valid(s, answer.trajectory)?;

    let request = PlanToJoints::Request { positions: end.clone(), ..Default::default() };
    let answer =
        s.arm.call::<PlanToJoints::Service>("planning/plan_to_joints", &request, ANSWER)?;
    ensure!(answer.outcome.code == 0, "plan_to_joints: {}", answer.outcome.message);
    ensure_valid(s, answer.trajectory)?;

    let mut pose = tool_down([0.0, 0.0, -0.05]);
    pose.header.frame_id = "tool0".into();
    pose.pose.orientation = Quaternion { w: 1.0, ..Quaternion::default() };
    let request = PlanCartesian::Request { pose, ..Default::default() };
    let name = "planning/plan_cartesian";
    let answer = s.arm.call::<PlanCartesian::Service>(name, &request, ANSWER)?;
    ensure!(answer.outcome.code == 0, "plan_cartesian: {}", answer.outcome.message);
    ensure_valid(s, answer.trajectory)?;

    let request = ComputeIk::Request { pose: tool_down(RIGHT), ..Default::default() };
    let answer = s.arm.call::<ComputeIk::Service>("planning/compute_ik", &request, ANSWER)?;
    let close = |positions: &[f64]| positions.iter().zip(&end).all(|(a, b)| (a - b).abs() < 1e-6);
    let found = answer.solutions.iter().any(|solution| close(&solution.positions));
    ensure!(found, "compute_ik does not know where plan_to_pose goes");

    let request = CheckState::Request { positions: end };
    let answer = s.arm.call::<CheckState::Service>("planning/check_state", &request, ANSWER)?;
    ensure!(answer.free && answer.distance > 0.0, "check_state: {}", answer.outcome.message);
    Ok(())
}

fn refusals(s: &mut Scenario) -> Result<()> {
    let answer = plan_to(s, [0.45, 0.0, -0.05])?;
    ensure_refused(&answer.outcome, PlanOutcome::GOAL_IN_COLLISION as u8, "deep in 'floor'")?;
    let answer = plan_to(s, [3.0, 0.0, 0.3])?;
    ensure_refused(&answer.outcome, PlanOutcome::GOAL_UNREACHABLE as u8, "out of reach")?;
    let answer = plan_to(s, [f64::NAN, 0.0, 0.3])?;
    ensure_refused(&answer.outcome, PlanOutcome::BAD_REQUEST as u8, "NaN")?;
    let mut pose = tool_down(RIGHT);
    pose.pose.orientation = Quaternion { w: 0.0, ..Quaternion::default() };
    let request = PlanToPose::Request { pose, ..Default::default() };
    let answer = s.arm.call::<PlanToPose::Service>("planning/plan_to_pose", &request, ANSWER)?;
    ensure_refused(&answer.outcome, PlanOutcome::BAD_REQUEST as u8, "quaternion")
}

/// A cancel stops within the limits of acceleration, and the arm can go on from there.
fn cancelled(s: &mut Scenario, mover: &Mover) -> Result<()> {
    let home = [0.0, 0.0, 0.0, 0.0, 1.57, 0.0];
    let mut running = mover.send(&mut s.arm, to_joints(&home))?;
    running.wait_for(&mut s.arm, 0.3, ANSWER)?;
    s.arm.world.take_control_states();
    running.cancel(&mut s.arm)?;
    let (_, result) = running.finish(&mut s.arm, MOTION)?;
    ensure_refused(&result.outcome, PlanOutcome::CANCELED as u8, "cancelled")?;
    let states = s.arm.world.take_control_states();
    ensure!(states.iter().any(|state| state.phase == ControlState::STOPPING as u8), "no stop");
    let share = |(a, limit): (&f64, f64)| a.abs() / limit;
    let hardest =
        states.iter().flat_map(|s| s.reference_acceleration.iter().zip(ACCELERATION).map(share));
    println!("hardest braking: {:.4} of the limit", hardest.fold(0.0, f64::max));
    for state in &states {
        for (joint, (a, limit)) in state.reference_acceleration.iter().zip(ACCELERATION).enumerate()
        {
            ensure!(a.abs() <= 1.01 * limit, "joint {} was braked with {a:.2} rad/s²", joint + 1);
        }
    }
    let here = s.arm.world.true_position().context("no truth")?.to_vec();
    let apart =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    ensure!(apart(&here, &home) > 0.1, "it went on to its goal");
    ensure!(apart(&here, &result.positions) < 0.01, "it is not where move_to says");
    s.expect_rest(Duration::from_millis(500))?;
    let result = mover.drive(&mut s.arm, to_joints(&home), MOTION)?;
    ensure!(result.outcome.code == 0, "afterwards: {}", result.outcome.message);
    Ok(())
}
