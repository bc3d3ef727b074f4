use super::*;
use crate::view::Kind;
use vocabulary::arm::{ArmMode, Freshness};
use vocabulary::command::DriverState;
use vocabulary::health::{CycleStatistics, Lifecycle};
use vocabulary::plan::ControlPhase;
use vocabulary::time::Stamp;

const MS: u64 = 1_000_000;

fn now(ms: u64) -> Now {
    Now { mono: Monotonic(ms * MS), stamp: Stamp((1_000_000 + ms) as i64 * 1_000_000) }
}

fn order() -> JointOrder {
    JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap()
}

fn dashboard() -> Dashboard {
    Dashboard::new(&Config::default(), order())
}

fn beat(node: &str, boot_id: u64, ms: u64) -> Received<Heartbeat> {
    let value = Heartbeat {
        node: node.into(),
        boot_id,
        pid: boot_id as u32,
        sequence: ms / 50 + 1,
        lifecycle: Lifecycle::Active,
        cycles: CycleStatistics { period: 0.004, count: ms / 4, ..Default::default() },
        ..Heartbeat::default()
    };
    Received { at: Monotonic(ms * MS), value }
}

fn arm(ms: u64) -> Received<ArmState> {
    let value = ArmState {
        freshness: [Freshness::Fresh; 6],
        driver: [DriverState::Following; 6],
        position: [0.5, f64::NAN, 0.0, 0.0, 0.0, 0.0],
        temperature: [30.0, 31.0, 42.5, 33.0, 34.0, 35.0],
        ..ArmState::default()
    };
    Received { at: Monotonic(ms * MS), value }
}

fn control(ms: u64) -> Received<ControlState> {
    let value = ControlState {
        phase: ControlPhase::Executing,
        boot_id: 7,
        reference_position: [0.6; 6],
        feedback_position: [0.1; 6],
        path_time: 2.0,
        path_duration: 8.0,
        ..ControlState::default()
    };
    Received { at: Monotonic(ms * MS), value }
}

/// Steps from `from` to `to` every 20 ms with what `inputs` gives.
fn run(
    dashboard: &mut Dashboard,
    from: u64,
    to: u64,
    inputs: impl Fn(u64) -> Inputs,
) -> Vec<Update> {
    let steps = (from..to).step_by(20);
    steps.flat_map(|ms| dashboard.step(now(ms), inputs(ms)).updates).collect()
}

fn json(update: &Update) -> serde_json::Value {
    serde_json::from_str(&update.json).unwrap()
}

fn newest(updates: &[Update], kind: Kind) -> serde_json::Value {
    json(updates.iter().rev().find(|u| u.kind == kind).unwrap_or_else(|| panic!("no {kind:?}")))
}

fn busy(ms: u64) -> Inputs {
    Inputs {
        heartbeats: vec![beat("supervisor", 5, ms), beat("driver_joint_3", 3, ms)],
        arm: Some(arm(ms)),
        control: Some(control(ms)),
        browsers: 1,
        ..Inputs::default()
    }
}

#[test]
fn a_browser_gets_the_pose_at_every_step_and_unknown_joints_as_null() {
    let updates = run(&mut dashboard(), 0, 1000, busy);
    let frames = updates.iter().filter(|u| u.kind == Kind::Frame).count();
    assert_eq!(frames, 50);
    let frame = newest(&updates, Kind::Frame);
    assert_eq!((&frame["p"][0], &frame["p"][1]), (&0.5.into(), &serde_json::Value::Null));
    assert_eq!((&frame["s"][0], &frame["phase"]), (&0.6.into(), &"executing".into()));
}

#[test]
fn without_a_browser_only_what_is_remembered_is_made() {
    let alone = |ms| Inputs { browsers: 0, ..busy(ms) };
    let mut dashboard = dashboard();
    let updates = run(&mut dashboard, 0, 2000, alone);
    assert!(updates.iter().all(|u| matches!(u.kind, Kind::Events | Kind::Alarms)), "{updates:?}");
    let first = dashboard.step(now(2000), busy(2000)).updates;
    for kind in [Kind::Frame, Kind::Arm, Kind::Nodes, Kind::Thermal] {
        assert!(first.iter().any(|u| u.kind == kind), "the first browser misses {kind:?}");
    }
}

#[test]
fn with_joint_state_dead_the_pose_comes_from_control_and_with_both_dead_there_is_none() {
    let mut dashboard = dashboard();
    run(&mut dashboard, 0, 500, busy);
    let without = |ms| Inputs { arm: None, ..busy(ms) };
    let updates = run(&mut dashboard, 500, 1500, without);
    assert_eq!(newest(&updates, Kind::Frame)["p"][1], 0.1);
    assert!(newest(&updates, Kind::Arm)["age"].as_f64().unwrap() > 0.9);
    let dead = |_| Inputs { browsers: 1, ..Inputs::default() };
    let updates = run(&mut dashboard, 1500, 3000, dead);
    assert!(newest(&updates, Kind::Frame)["p"][0].is_null());
}

#[test]
fn a_node_that_dies_is_named_in_alarms_events_and_table() {
    let mut dashboard = dashboard();
    run(&mut dashboard, 0, 1000, busy);
    let watched = Watched {
        node: "driver_joint_3".into(),
        expected: true,
        joints: "joint_3".into(),
        boots: 1,
    };
    let widow = |ms| Inputs {
        heartbeats: vec![beat("supervisor", 5, ms)],
        watched: vec![watched.clone()],
        ..busy(ms)
    };
    let updates = run(&mut dashboard, 1000, 3000, widow);
    let alarm = &newest(&updates, Kind::Alarms)["alarms"][0];
    assert_eq!((&alarm["source"], &alarm["severity"]), (&"driver_joint_3".into(), &"error".into()));
    assert_eq!(newest(&updates, Kind::Events)["is"][0]["source"], "driver_joint_3");
    let table = newest(&updates, Kind::Nodes);
    assert_eq!(table["nodes"][0]["presence"], "silent");
    assert_eq!(table["nodes"][0]["temperature"], 42.5);

    let reborn = |ms| Inputs {
        heartbeats: vec![beat("supervisor", 5, ms), beat("driver_joint_3", 33, ms - 2900)],
        ..busy(ms)
    };
    let reborn = |ms| {
        let mut inputs = reborn(ms);
        for beat in &mut inputs.heartbeats {
            beat.at = Monotonic(ms * MS);
        }
        inputs
    };
    let updates = run(&mut dashboard, 3000, 4000, reborn);
    assert!(newest(&updates, Kind::Alarms)["alarms"].as_array().unwrap().is_empty());
    let told = newest(&updates, Kind::Events).to_string();
    assert!(told.contains("died; started again") && told.contains("start 2"), "{told}");
}

#[test]
fn the_holder_of_the_lease_has_a_name() {
    let with_lease = |ms| Inputs {
        heartbeats: vec![beat("control", 7, ms)],
        lease: Some(Lease { holder: 7, epoch: 12, ..Lease::default() }),
        ..busy(ms)
    };
    let arm = newest(&run(&mut dashboard(), 0, 300, with_lease), Kind::Arm);
    assert_eq!((&arm["holder"], &arm["epoch"]), (&"control".into(), &12.into()));
}

#[test]
fn a_call_leaves_a_line_that_says_who_asked_and_what_came_of_it() {
    let mut dashboard = dashboard();
    let answer = Answer::failed("joint_2 is silent");
    let asked =
        Inputs { answered: vec![(Call::Resume, "127.0.0.1".into(), answer)], ..Inputs::default() };
    let outputs = dashboard.step(now(0), asked);
    let line = "resume, asked for by 127.0.0.1, was refused: joint_2 is silent";
    assert_eq!(outputs.log, [LogLine::warn(line)]);
    assert_eq!(newest(&outputs.updates, Kind::Events)["is"][0]["text"], line);
}

#[test]
fn modes_that_are_no_alarm_are_events_and_told_once() {
    let status = |ms| Inputs {
        status: (ms == 40).then(|| ArmStatus { mode: ArmMode::Enabled, ..Default::default() }),
        browsers: 1,
        ..Inputs::default()
    };
    let updates = run(&mut dashboard(), 0, 1000, status);
    let lines = newest(&updates, Kind::Events)["is"].as_array().unwrap().len();
    assert_eq!(lines, 1);
}

#[test]
fn a_frame_stays_small() {
    let updates = run(&mut dashboard(), 0, 100, busy);
    let frame = updates.iter().find(|u| u.kind == Kind::Frame).unwrap();
    assert!(frame.json.len() < 600, "{} bytes: {}", frame.json.len(), frame.json);
}

#[test]
fn an_announced_motion_is_told_until_it_was_driven_but_not_one_from_before_the_start() {
    let motion = preview::Motion { times: vec![0.0, 1.0], positions: vec![[0.0; 6], [1.0; 6]] };
    let mut dashboard = dashboard();
    let announce = |at: u64, ms: u64| Inputs {
        motion: (ms == at).then(|| motion.clone()),
        browsers: 1,
        ..Inputs::default()
    };
    let early = run(&mut dashboard, 0, 6_000, |ms| announce(20, ms));
    assert!(early.iter().all(|update| update.kind != Kind::Plan), "one that may be over is told");
    let told = run(&mut dashboard, 6_000, 7_000, |ms| announce(6_500, ms));
    assert_eq!(newest(&told, Kind::Plan)["stage"], "announced");
    assert_eq!(newest(&told, Kind::Plan)["positions"][1][5], 1.0);
    let moving = |ms| Inputs { control: Some(control(ms)), browsers: 1, ..Inputs::default() };
    let told = run(&mut dashboard, 7_000, 8_000, moving);
    assert_eq!(newest(&told, Kind::Plan)["stage"], "driven");
    let rests = |ms| {
        let mut control = control(ms);
        control.value.phase = ControlPhase::Reached;
        Inputs { control: Some(control), browsers: 1, ..Inputs::default() }
    };
    let told = run(&mut dashboard, 8_000, 9_000, rests);
    assert_eq!(newest(&told, Kind::Plan)["stage"], "none");
}

#[test]
fn the_payload_is_told_as_declared_and_as_measured() {
    use vocabulary::settings::{LoadEstimate, TipLoad};
    let mut dashboard = dashboard();
    let settings = ControlSettings {
        law: "position".into(),
        payload: TipLoad { mass: 1.5, ..TipLoad::default() },
        ..ControlSettings::default()
    };
    let first = Inputs { settings: Some(settings.clone()), browsers: 1, ..Inputs::default() };
    let told = dashboard.step(now(0), first).updates;
    let arm = newest(&told, Kind::Arm);
    assert_eq!((&arm["payload"], &arm["law"]), (&1.5.into(), &"position".into()));
    assert!(arm["measured"].is_null());
    let estimate = LoadEstimate { mass: 1.46, center: [f64::NAN; 3], deviation: 0.04 };
    let settings = ControlSettings { estimate: Some(estimate), ..settings };
    let told = run(&mut dashboard, 200, 400, |_| Inputs {
        settings: Some(settings.clone()),
        browsers: 1,
        ..Inputs::default()
    });
    let arm = newest(&told, Kind::Arm);
    assert_eq!((&arm["measured"], &arm["deviation"]), (&1.46.into(), &0.04.into()));
}
