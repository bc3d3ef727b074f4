use super::*;
use crate::events::describe;

const MS: u64 = 1_000_000;

fn joints() -> JointOrder {
    JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap()
}

fn registry() -> Registry {
    Registry::new(&Config::default(), &joints(), Monotonic(0))
}

fn beat(node: &str, boot_id: u64, at_ms: u64) -> Received<Heartbeat> {
    let value = Heartbeat {
        node: node.to_owned(),
        boot_id,
        sequence: at_ms,
        lifecycle: Lifecycle::Active,
        ..Heartbeat::default()
    };
    Received { at: Monotonic(at_ms * MS), value }
}

#[test]
fn a_group_of_joints_makes_one_driver_named_after_its_first() {
    let config = Config { joints_per_driver: 3, ..Config::default() };
    let registry = Registry::new(&config, &joints(), Monotonic(0));
    let names: Vec<_> =
        registry.drivers().map(|(name, node)| (name.as_str(), node.joints())).collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[1], ("driver_joint_4", "joint_4, joint_5, joint_6".to_owned()));
}

#[test]
fn a_silent_node_is_lost_once_and_found_once() {
    let mut registry = registry();
    registry.hear(&[beat("driver_joint_3", 5, 10)]);
    assert_eq!(registry.judge(Monotonic(20 * MS), false).len(), 1);
    assert_eq!(registry.judge(Monotonic(300 * MS), false), []);
    let lost = registry.judge(Monotonic(320 * MS), false);
    assert!(matches!(&lost[..], [Event::Lost(name, _)] if name == "driver_joint_3"));
    assert!(describe(&lost[0], &registry).text.contains("(joint_3) is silent"));
    assert_eq!(registry.judge(Monotonic(340 * MS), false), []);
    registry.hear(&[beat("driver_joint_3", 5, 400)]);
    let found = registry.judge(Monotonic(400 * MS), false);
    assert_eq!(found, [Event::Live("driver_joint_3".to_owned())]);
}

#[test]
fn a_new_process_counts_as_restart_when_the_old_one_is_silent() {
    let mut registry = registry();
    registry.hear(&[beat("driver_joint_1", 5, 10)]);
    registry.judge(Monotonic(20 * MS), false);
    registry.hear(&[beat("driver_joint_1", 6, 200)]);
    assert_eq!(registry.judge(Monotonic(200 * MS), false), []);
    registry.hear(&[beat("driver_joint_1", 6, 300)]);
    let events = registry.judge(Monotonic(320 * MS), false);
    assert_eq!(events, [Event::Restarted("driver_joint_1".to_owned())]);
    assert_eq!(registry.get("driver_joint_1").unwrap().boots, 2);
}

#[test]
fn two_living_processes_of_one_name_are_reported_and_change_nothing() {
    let mut registry = registry();
    let mut events = Vec::new();
    for at in (0..3000).step_by(50) {
        registry.hear(&[beat("joint_state", 1, at + 1), beat("joint_state", 2, at + 1)]);
        events.extend(registry.judge(Monotonic((at + 1) * MS), false));
    }
    let doubles = events.iter().filter(|e| matches!(e, Event::Double(..))).count();
    assert_eq!((events.len(), doubles), (2, 1));
    let current = registry.get("joint_state").unwrap().current.clone().unwrap();
    assert_eq!(current.beat.boot_id, 1);
}

#[test]
fn a_repeated_heartbeat_is_no_sign_of_life() {
    let mut registry = registry();
    registry.hear(&[beat("control", 5, 10)]);
    let mut replay = beat("control", 5, 10);
    replay.at = Monotonic(500 * MS);
    registry.hear(&[replay]);
    assert!(registry.candidates(Monotonic(500 * MS)).is_empty());
}

#[test]
fn a_node_that_never_came_is_named_once() {
    let mut registry = registry();
    let missing = registry.judge(Monotonic(11_000 * MS), false);
    assert_eq!(missing.len(), 9);
    assert!(missing.contains(&Event::Missing("driver_joint_6".to_owned())));
    assert_eq!(registry.judge(Monotonic(12_000 * MS), false), []);
}

#[test]
fn a_pause_of_the_supervisor_itself_loses_nobody() {
    let mut registry = registry();
    registry.hear(&[beat("control", 5, 10)]);
    registry.judge(Monotonic(20 * MS), false);
    registry.excuse(Duration::from_secs(3));
    assert_eq!(registry.judge(Monotonic(3_050 * MS), false), []);
}

/// Four nodes that beat until `until_ms`, and what the supervisor sees up to `end_ms`.
fn crowd(silent_from: [u64; 4], end_ms: u64) -> Vec<(u64, Event)> {
    let names = ["control", "joint_state", "driver_joint_1", "driver_joint_2"];
    let mut registry = registry();
    let mut events = Vec::new();
    for at in (10..end_ms).step_by(20) {
        let beating = names.iter().zip(silent_from).enumerate();
        let beats = beating.filter(|(_, (_, until))| at <= *until);
        let beats: Vec<_> = beats.map(|(n, (name, _))| beat(name, n as u64 + 1, at)).collect();
        registry.hear(&beats);
        let seen = registry.judge(Monotonic(at * MS), false);
        events.extend(seen.into_iter().map(|event| (at, event)));
    }
    events.retain(|(_, event)| matches!(event, Event::Lost(..)));
    events
}

#[test]
fn where_nobody_is_heard_it_is_we_who_do_not_hear() {
    assert_eq!(crowd([500; 4], 1_400), []);
    let lost = crowd([500; 4], 3_000);
    assert_eq!(lost.len(), 4, "{lost:?}");
    assert!(lost.iter().all(|(at, _)| *at > 1_500), "{lost:?}");
}

#[test]
fn one_of_a_crowd_is_missed_as_soon_as_ever() {
    let lost = crowd([500, 3_000, 3_000, 3_000], 3_000);
    assert!(matches!(&lost[..], [(at, Event::Lost(name, _))] if name == "control" && *at < 680));
}

#[test]
fn fresh_feedback_shows_that_a_driver_lives_but_not_which_of_two() {
    let mut registry = registry();
    registry.hear(&[beat("driver_joint_1", 5, 10)]);
    registry.judge(Monotonic(20 * MS), false);
    registry.vouch_for_drivers(Monotonic(300 * MS), |joint| joint == "joint_1");
    assert_eq!(registry.judge(Monotonic(400 * MS), false), []);
    registry.hear(&[beat("driver_joint_1", 6, 410)]);
    registry.vouch_for_drivers(Monotonic(620 * MS), |joint| joint == "joint_1");
    let events = registry.judge(Monotonic(620 * MS), false);
    assert_eq!(events, [Event::Restarted("driver_joint_1".to_owned())]);
}

#[test]
fn a_flood_of_names_is_bounded() {
    let mut registry = registry();
    for n in 0..1000 {
        registry.hear(&[beat(&format!("stranger_{n}"), n + 1, 10)]);
    }
    assert_eq!(registry.iter().count(), MAX_NODES);
}
