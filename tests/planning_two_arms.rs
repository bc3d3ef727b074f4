//! Two arms side by side: two planning processes that see each other and one scene. Their joint states
//! come from the test, which stands for the rest of both arms.

use anyhow::{Context, Result, ensure};
use r2r::QosProfile;
use r2r::armature_msgs::msg::{PlanOutcome, SceneObject, SharedScene};
use r2r::armature_msgs::srv::{CheckState, PlanToJoints};
use r2r::geometry_msgs::msg::{Point, Pose, Quaternion};
use r2r::sensor_msgs::msg::JointState;
use rig::client::ArmClient;
use rig::launch::enter_fresh_domain;
use rig::single::Single;
use std::time::{Duration, Instant};

const ANSWER: Duration = Duration::from_secs(20);
const HEARD: Duration = Duration::from_secs(10);
/// In the frame that both share: x, y, z, roll, pitch, yaw.
const LEFT_BASE: &str = "[0.0, 1.1, 0.0, 0.0, 0.0, -1.5707963]";
const RIGHT_BASE: &str = "[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]";
/// The right arm to its left, leaning over; and the left arm over to the right, and back.
const GOAL: [f64; 6] = [1.57, 0.7, 0.2, 0.0, 0.5, 0.0];
const START: [f64; 6] = [-0.9, 0.3, 0.2, 0.0, 1.0, 0.0];
const OVER: [f64; 6] = [0.0, 0.9, 0.2, 0.0, 0.5, 0.0];
const BACK: [f64; 6] = [0.0, -1.2, 0.2, 0.0, 0.5, 0.0];

fn planning(own: &str, base: &str, other: &str, other_base: &str) -> Result<Single> {
    let parameters = [
        "shared.scene:=/shared_scene".to_owned(),
        format!("shared.base:={base}"),
        format!("shared.neighbour.joint_states:=/{other}/joint_states"),
        format!("shared.neighbour.base:={other_base}"),
    ];
    let parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
    Single::start_in(&format!("/{own}"), "planning", &parameters)
}

struct Arms {
    client: ArmClient,
    states: [r2r::Publisher<JointState>; 2],
    scene: r2r::Publisher<SharedScene>,
}

impl Arms {
    fn new() -> Result<Self> {
        let mut client = ArmClient::new("rig")?;
        let latched = QosProfile::default().reliable().transient_local().keep_last(1);
        let node = client.node();
        let states = |node: &mut r2r::Node, name: &str| {
            node.create_publisher(name, QosProfile::default().keep_last(10))
        };
        let states = [states(node, "/left/joint_states")?, states(node, "/right/joint_states")?];
        let scene = node.create_publisher("/shared_scene", latched)?;
        Ok(Self { client, states, scene })
    }

    /// Tells where both arms are, as long as it takes until a question is answered as expected.
    fn until(
        &mut self,
        what: &str,
        [left, right]: [[f64; 6]; 2],
        mut holds: impl FnMut(&mut ArmClient) -> Result<bool>,
    ) -> Result<()> {
        let begin = Instant::now();
        loop {
            for (states, at) in self.states.iter().zip([left, right]) {
                let name = (1..=6).map(|n| format!("joint_{n}")).collect();
                let msg = JointState { name, position: at.to_vec(), ..JointState::default() };
                states.publish(&msg)?;
            }
            self.client.pump_for(Duration::from_millis(20));
            if holds(&mut self.client)? {
                return Ok(());
            }
            ensure!(begin.elapsed() < HEARD, "not within {HEARD:?}: {what}");
        }
    }
}

fn plan(client: &mut ArmClient) -> Result<PlanOutcome> {
    let request = PlanToJoints::Request {
        positions: GOAL.to_vec(),
        start: START.to_vec(),
        ..PlanToJoints::Request::default()
    };
    let name = "/right/planning/plan_to_joints";
    Ok(client.call::<PlanToJoints::Service>(name, &request, ANSWER)?.outcome)
}

fn nearest(client: &mut ArmClient, arm: &str, at: [f64; 6]) -> Result<CheckState::Response> {
    let request = CheckState::Request { positions: at.to_vec() };
    let name = format!("/{arm}/planning/check_state");
    client.call::<CheckState::Service>(&name, &request, ANSWER)
}

/// A ball in front of each arm, in the frame that both share.
fn ball(x: f64, y: f64, name: &str) -> SceneObject {
    SceneObject {
        name: name.into(),
        shape: SceneObject::SPHERE as u8,
        dimensions: vec![0.15],
        pose: Pose {
            position: Point { x, y, z: 0.5 },
            orientation: Quaternion { w: 1.0, ..Quaternion::default() },
        },
        ..SceneObject::default()
    }
}

/// Would catch: an arm that is planned through its neighbour, a neighbour put in a wrong place, objects
/// that only one of them sees, a motion planned while nobody knows where the other arm is.
#[test]
fn two_arms_see_each_other_and_what_is_shared() -> Result<()> {
    enter_fresh_domain();
    let _left = planning("left", LEFT_BASE, "right", RIGHT_BASE)?;
    let right = planning("right", RIGHT_BASE, "left", LEFT_BASE)?;
    let mut arms = Arms::new()?;

    let outcome = plan(&mut arms.client).with_context(|| right.output())?;
    ensure!(outcome.code == PlanOutcome::NO_STATE as u8, "before it was heard: {outcome:?}");
    ensure!(outcome.message.contains("/left/joint_states"), "{outcome:?}");

    arms.until("the left arm is in the way", [OVER, START], |client| {
        let outcome = plan(client)?;
        let in_the_way = outcome.code == PlanOutcome::GOAL_IN_COLLISION as u8;
        Ok(in_the_way && outcome.message.contains("'neighbour/link_"))
    })?;
    arms.until("the left arm is out of the way", [BACK, START], |client| {
        Ok(plan(client)?.code == PlanOutcome::SUCCESS as u8)
    })?;

    // One ball within the right arm, one within the left one.
    let inside = |at: &CheckState::Response, name: &str| !at.free && at.second == name;
    let objects = vec![ball(0.0, 0.0, "right_ball"), ball(0.0, 1.1, "left_ball")];
    arms.scene.publish(&SharedScene { objects, ..SharedScene::default() })?;
    arms.until("both see what is shared", [BACK, START], |client| {
        let right = nearest(client, "right", START)?;
        let left = nearest(client, "left", BACK)?;
        Ok(inside(&right, "shared/right_ball") && inside(&left, "shared/left_ball"))
    })?;
    arms.scene.publish(&SharedScene::default())?;
    arms.until("what is shared is gone", [BACK, START], |client| {
        Ok(nearest(client, "right", START)?.free && nearest(client, "left", BACK)?.free)
    })
}
