//! Jogging as a person with a stick does it, on one running arm.

use anyhow::{Context, Result, ensure};
use r2r::QosProfile;
use r2r::armature_msgs::msg::{ControlState, JogStatus};
use r2r::armature_msgs::srv::ComputeFk;
use r2r::control_msgs::msg::JointJog;
use r2r::geometry_msgs::msg::{Point, TwistStamped};
use rig::mover::{to_joints, to_pose, tool_down};
use rig::{Mover, Scenario, scene};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

const ANSWER: Duration = Duration::from_secs(5);
const MOTION: Duration = Duration::from_secs(20);
/// Between two commands of the stick.
const STICK: Duration = Duration::from_millis(20);
const BEGIN: [f64; 3] = [0.45, -0.2, 0.3];
/// As in config/arm.yaml, rad/s².
const ACCELERATION: [f64; 6] = [6.0, 5.0, 8.0, 15.0, 15.0, 20.0];

struct Stick {
    twists: r2r::Publisher<TwistStamped>,
    joints: r2r::Publisher<JointJog>,
    status: Rc<RefCell<Vec<JogStatus>>>,
}

impl Stick {
    fn new(s: &mut Scenario) -> Result<Self> {
        let reliable = QosProfile::default().keep_last(10);
        let node = s.arm.node();
        let twists = node.create_publisher("planning/jog/twist", reliable.clone())?;
        let joints = node.create_publisher("planning/jog/joint", reliable.clone())?;
        let status = Rc::new(RefCell::new(Vec::new()));
        let heard = Rc::clone(&status);
        let latched = reliable.transient_local();
        s.arm.each("planning/jog/status", latched, move |m| heard.borrow_mut().push(m))?;
        let begin = Instant::now();
        while status.borrow().is_empty() {
            s.arm.pump();
            ensure!(begin.elapsed() < MOTION, "planning/jog/status is silent");
        }
        Ok(Self { twists, joints, status })
    }

    /// Pushes the stick for a while: a linear speed in the base, m/s.
    fn push(&self, s: &mut Scenario, linear: [f64; 3], time: Duration) -> Result<()> {
        let mut msg = TwistStamped::default();
        [msg.twist.linear.x, msg.twist.linear.y, msg.twist.linear.z] = linear;
        let begin = Instant::now();
        while begin.elapsed() < time {
            self.twists.publish(&msg)?;
            s.arm.pump_for(STICK);
        }
        Ok(())
    }

    fn newest(&self) -> JogStatus {
        self.status.borrow().last().cloned().unwrap_or_default()
    }

    fn wait_for(&self, s: &mut Scenario, state: u8, part: &str) -> Result<()> {
        let begin = Instant::now();
        loop {
            s.arm.pump();
            let newest = self.newest();
            if newest.state == state && newest.reason.contains(part) {
                return Ok(());
            }
            ensure!(begin.elapsed() < ANSWER, "no status {state} with {part:?}: {newest:?}");
        }
    }
}

/// Where the tip is by the simulator's truth, m.
fn tip(s: &mut Scenario) -> Result<[f64; 3]> {
    s.arm.pump_for(Duration::from_millis(50));
    let positions = s.arm.world.true_position().context("no truth was heard")?.to_vec();
    let request = ComputeFk::Request { positions, links: vec![] };
    let answer = s.arm.call::<ComputeFk::Service>("planning/compute_fk", &request, ANSWER)?;
    let Point { x, y, z } = answer.poses.first().context("no pose")?.pose.position;
    Ok([x, y, z])
}

/// The references since the last call: within the limits, and the fastest joint, rad/s.
fn ensure_smooth(s: &mut Scenario) -> Result<f64> {
    let states = s.arm.world.take_control_states();
    ensure!(states.len() > 20, "only {} reports of control", states.len());
    let mut fastest = 0.0_f64;
    for state in &states {
        for (joint, (a, limit)) in state.reference_acceleration.iter().zip(ACCELERATION).enumerate()
        {
            ensure!(a.abs() <= limit, "joint {} with {a:.2} rad/s²", joint + 1);
        }
        fastest = state.reference_velocity.iter().fold(fastest, |most, v| most.max(v.abs()));
    }
    Ok(fastest)
}

fn wall(s: &mut Scenario) -> Result<()> {
    let [x, y, _] = BEGIN;
    scene::add(&mut s.arm, scene::cuboid("wall", [0.8, 0.02, 1.0], [x, y + 0.45, 0.5]))
}

/// Would catch: a stick that moves nothing or in another direction, an arm that goes on when commands
/// cease, NaN taken for a speed, a wall that is run into, a stick that takes the arm away from a goal.
#[test]
fn the_arm_follows_the_stick_stops_with_it_and_before_a_wall() -> Result<()> {
    let mut s = Scenario::enabled("planning_jog", &[])?;
    let mover = Mover::new(&mut s.arm)?;
    let stick = Stick::new(&mut s)?;
    let result = mover.drive(&mut s.arm, to_pose(tool_down(BEGIN)), MOTION)?;
    ensure!(result.outcome.code == 0, "move_to: {}", result.outcome.message);

    follows_and_stops(&mut s, &stick)?;
    refuses(&mut s, &stick)?;
    yields_to_a_goal(&mut s, &stick, &mover)?;
    stops_at_the_wall(&mut s, &stick)
}

fn follows_and_stops(s: &mut Scenario, stick: &Stick) -> Result<()> {
    let from = tip(s)?;
    s.arm.world.take_control_states();
    stick.push(s, [0.0, 0.08, 0.0], Duration::from_millis(1500))?;
    let newest = stick.newest();
    ensure!(newest.state == JogStatus::JOGGING as u8, "while pushed: {newest:?}");
    s.arm.pump_for(Duration::from_millis(900));
    let fastest = ensure_smooth(s)?;
    ensure!(fastest > 0.05, "the fastest joint made {fastest:.3} rad/s");
    s.expect_rest(Duration::from_millis(300))?;
    let to = tip(s)?;
    let way = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
    ensure!((0.08..0.16).contains(&way[1]), "0.08 m/s for 1.5 s moved the tip by {way:?} m");
    ensure!(way[0].abs() < 5e-3 && way[2].abs() < 5e-3, "off its straight way: {way:?} m");
    stick.wait_for(s, JogStatus::IDLE as u8, "")
}

fn refuses(s: &mut Scenario, stick: &Stick) -> Result<()> {
    let mut msg = TwistStamped::default();
    msg.twist.linear.x = f64::NAN;
    stick.twists.publish(&msg)?;
    stick.wait_for(s, JogStatus::REFUSED as u8, "linear.x is NaN")?;
    let joint_names = vec!["joint_9".to_owned()];
    let msg = JointJog { joint_names, velocities: vec![0.1], ..JointJog::default() };
    stick.joints.publish(&msg)?;
    stick.wait_for(s, JogStatus::REFUSED as u8, "joint_9")?;
    s.expect_rest(Duration::from_millis(500))
}

/// Who has a goal keeps the arm.
fn yields_to_a_goal(s: &mut Scenario, stick: &Stick, mover: &Mover) -> Result<()> {
    let mut goal = to_joints(&[-0.8, 0.0, 0.0, 0.0, 1.57, 0.0]);
    goal.settings.speed = 0.3;
    let mut running = mover.send(&mut s.arm, goal)?;
    running.wait_for(&mut s.arm, 0.1, ANSWER)?;
    stick.push(s, [0.0, 0.08, 0.0], Duration::from_millis(300))?;
    stick.wait_for(s, JogStatus::REFUSED as u8, "another move_to runs")?;
    let (_, result) = running.finish(&mut s.arm, MOTION)?;
    ensure!(result.outcome.code == 0, "the goal: {}", result.outcome.message);
    let result = mover.drive(&mut s.arm, to_pose(tool_down(BEGIN)), MOTION)?;
    ensure!(result.outcome.code == 0, "move_to: {}", result.outcome.message);
    Ok(())
}

/// The last course ends, although the stick may still be pushed.
fn comes_to_its_end(s: &mut Scenario) -> Result<()> {
    let begin = Instant::now();
    loop {
        s.arm.pump();
        let state = s.arm.world.control.as_ref().context("no report of control")?;
        if state.phase != ControlState::EXECUTING as u8 {
            return Ok(());
        }
        ensure!(begin.elapsed() < ANSWER, "control still executes plan {}", state.plan_id);
    }
}

fn stops_at_the_wall(s: &mut Scenario, stick: &Stick) -> Result<()> {
    wall(s)?;
    let heard = stick.status.borrow().len();
    stick.push(s, [0.0, 0.15, 0.0], Duration::from_secs(5))?;
    let told: Vec<JogStatus> = stick.status.borrow().iter().skip(heard).cloned().collect();
    let slowed = |status: &&JogStatus| status.state == JogStatus::SLOWED as u8;
    let slowed = told.iter().find(slowed).context("it was not slowed down")?;
    ensure!(slowed.reason.contains("'wall'") && slowed.scale < 1.0, "slowed: {slowed:?}");
    let stopped = |status: &JogStatus| {
        status.state == JogStatus::STOPPED as u8 && status.reason.contains("'wall'")
    };
    ensure!(told.iter().any(stopped), "it was not stopped by the wall: {:?}", told.last());
    s.expect_rest(Duration::from_millis(300))?;
    comes_to_its_end(s)?;
    // The way back is free.
    let from = tip(s)?;
    stick.push(s, [0.0, -0.1, 0.0], Duration::from_secs(1))?;
    let to = tip(s)?;
    ensure!(from[1] - to[1] > 0.04, "back from the wall by {:.3} m only", from[1] - to[1]);
    Ok(())
}
