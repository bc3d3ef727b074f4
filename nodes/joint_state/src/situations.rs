//! Situations of the whole node, and what must come of them.

use super::*;
use proptest::prelude::*;
use vocabulary::command::DriverState;

const URDF: &str = include_str!("../../../config/description/armature.urdf");
const MS: u64 = 1_000_000;

fn node() -> JointState {
    let model = ArmModel::from_urdf(URDF, "base_link", "tool0").unwrap();
    let order = JointOrder::new(model.joint_names().to_vec()).unwrap();
    JointState::new(Config::default(), Arm { order, period: 0.004, model }, 1).unwrap()
}

/// A sample of joint `joint` taken at `ms`, received at once; ROS time runs 10 s ahead.
fn sample(joint: usize, ms: u64) -> Received<JointFeedback> {
    Received {
        at: Monotonic(ms * MS),
        value: JointFeedback {
            stamp: Stamp(((10_000 + ms) * MS) as i64),
            sampled_at: Monotonic(ms * MS),
            joint,
            boot_id: 1,
            sequence: ms,
            position: 0.1 * (joint + 1) as f64,
            driver: DriverState::Holding,
            ..JointFeedback::default()
        },
    }
}

fn now(ms: u64) -> Now {
    Now { mono: Monotonic(ms * MS), stamp: Stamp(((10_000 + ms) * MS) as i64) }
}

fn all_but(silent: &[usize], ms: u64) -> Inputs {
    let mut inputs = Inputs::default();
    for (joint, slot) in inputs.feedback.iter_mut().enumerate() {
        *slot = (!silent.contains(&joint)).then(|| sample(joint, ms));
    }
    inputs
}

#[test]
fn nothing_heard_yields_an_arm_state_of_silent_joints_and_no_joint_states() {
    let mut node = node();
    let listening = node.step(now(8), &Inputs::default());
    assert_eq!(listening.arm_state, None, "nobody is called silent before he had his time");
    let outputs = node.step(now(1_008), &Inputs::default());
    let arm = outputs.arm_state.unwrap();
    assert_eq!(arm.freshness, [Freshness::Silent; JOINTS]);
    assert!(arm.position.iter().all(|p| p.is_nan()));
    assert_eq!((outputs.joint_states, outputs.transforms.len()), (None, 0));
}

#[test]
fn fixed_frames_are_sent_once() {
    let mut node = node();
    let first = node.step(now(8), &Inputs::default()).static_transforms;
    assert!(first.iter().any(|t| t.child == "tool0"));
    assert_eq!(node.step(now(16), &Inputs::default()).static_transforms, []);
}

#[test]
fn joint_states_carry_the_oldest_stamp() {
    let mut inputs = all_but(&[], 100);
    inputs.feedback[3] = Some(sample(3, 97));
    let states = node().step(now(104), &inputs).joint_states.unwrap();
    assert_eq!(states.stamp, sample(3, 97).value.stamp);
    assert_eq!(states.joints, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_silent_joint_is_left_out_and_named_once() {
    let mut node = node();
    node.step(now(8), &all_but(&[], 8));
    let mut log = Vec::new();
    let mut last = None;
    for ms in (16..400).step_by(8) {
        let outputs = node.step(now(ms), &all_but(&[2], ms));
        log.extend(outputs.log);
        last = outputs.joint_states.or(last);
    }
    assert_eq!(last.unwrap().joints, [0, 1, 3, 4, 5]);
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].text.starts_with("joint_3 is silent"));
    assert_eq!(node.health().message, "joint_3 is silent");
}

#[test]
fn the_same_samples_are_not_published_twice() {
    let mut node = node();
    assert!(node.step(now(8), &all_but(&[], 8)).joint_states.is_some());
    assert_eq!(node.step(now(16), &Inputs::default()).joint_states, None);
}

#[test]
fn a_joint_that_returns_does_not_set_the_stamp_back() {
    let mut node = node();
    node.step(now(100), &all_but(&[1], 100));
    let mut inputs = Inputs::default();
    inputs.feedback[1] = Some(sample(1, 96));
    assert_eq!(node.step(now(108), &inputs).joint_states, None);
    assert!(node.step(now(116), &all_but(&[], 116)).joint_states.is_some());
}

#[test]
fn each_frame_carries_the_stamp_of_its_joint() {
    let mut inputs = all_but(&[4], 100);
    inputs.feedback[3] = Some(sample(3, 97));
    let transforms = node().step(now(104), &inputs).transforms;
    assert_eq!(transforms.len(), 5);
    assert_eq!(transforms[3].stamp, sample(3, 97).value.stamp);
}

#[test]
fn frames_chain_up_to_the_forward_kinematics() {
    let mut node = node();
    let outputs = node.step(now(8), &all_but(&[], 8));
    let model = ArmModel::<JOINTS>::from_urdf(URDF, "base_link", "tool0").unwrap();
    let position = arm_model::JointVector::from_fn(|i, _| 0.1 * (i + 1) as f64);
    let mut pose = arm_model::Pose::identity();
    let mut frame = "tool0".to_owned();
    let all: Vec<_> = outputs.transforms.iter().chain(&outputs.static_transforms).collect();
    while frame != "base_link" {
        let step = all.iter().find(|t| t.child == frame).unwrap();
        let rotation = nalgebra::Quaternion::from(nalgebra::Vector4::from(step.rotation));
        let step_pose = arm_model::Pose::from_parts(
            nalgebra::Vector3::from(step.translation).into(),
            nalgebra::UnitQuaternion::from_quaternion(rotation),
        );
        pose = step_pose * pose;
        frame.clone_from(&step.parent);
    }
    let expected = model.forward_kinematics(&position);
    assert!((pose.translation.vector - expected.translation.vector).norm() < 1e-12);
    assert!(pose.rotation.angle_to(&expected.rotation) < 1e-7);
}

#[test]
fn publications_keep_their_rates() {
    let mut node = node();
    let (mut states, mut arm, mut tf, mut dynamic) = (0, 0, 0, 0);
    for ms in (4..=1000).step_by(4) {
        let outputs = node.step(now(ms), &all_but(&[], ms));
        states += u32::from(outputs.joint_states.is_some());
        arm += u32::from(outputs.arm_state.is_some());
        tf += u32::from(!outputs.transforms.is_empty());
        dynamic += u32::from(outputs.dynamic_joint_states.is_some());
    }
    assert!((124..=126).contains(&states), "{states}");
    assert!((49..=51).contains(&arm) && (49..=51).contains(&tf), "{arm} {tf}");
    assert!((9..=11).contains(&dynamic), "{dynamic}");
}

#[test]
fn a_description_with_other_joints_is_refused_by_name() {
    let model = ArmModel::from_urdf(URDF, "base_link", "tool0").unwrap();
    let mut names = model.joint_names().to_vec();
    names.swap(1, 2);
    let arm = Arm { order: JointOrder::new(names).unwrap(), period: 0.004, model };
    let message = JointState::new(Config::default(), arm, 1).unwrap_err().to_string();
    assert!(message.contains("\"joint_2\" where arm.joints has \"joint_3\""), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_arrives_stamps_come_from_samples_and_silence_is_never_published(
        arrivals in proptest::collection::vec((0..JOINTS, 0..300_u64, 0..200_u64), 1..80)
    ) {
        let mut node = node();
        let mut clock = 1000;
        let mut stamps = std::collections::BTreeSet::new();
        let mut last = Stamp(i64::MIN);
        for (joint, wait, delay) in arrivals {
            clock += wait;
            let mut inputs = Inputs::default();
            let mut message = sample(joint, clock - delay);
            message.at = Monotonic(clock * MS);
            stamps.insert(message.value.stamp);
            inputs.feedback[joint] = Some(message);
            let outputs = node.step(now(clock), &inputs);
            if let Some(states) = outputs.joint_states {
                prop_assert!(stamps.contains(&states.stamp));
                prop_assert!(states.stamp > last);
                prop_assert!(!states.joints.is_empty());
                last = states.stamp;
            }
            for transform in outputs.transforms {
                prop_assert!(stamps.contains(&transform.stamp));
            }
        }
    }
}
