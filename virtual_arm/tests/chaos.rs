//! Random kills, freezes, stalls and losses of everything: whatever happens, the invariants hold,
//! and once the faults have ended, `arm/resume` brings an unfinished goal to its end.

#![allow(clippy::indexing_slicing)] // names of processes by numbers drawn for them

mod support;

use anyhow::{Result, bail, ensure};
use proptest::prelude::*;
use std::time::Duration;
use support::{enabled, events, succeeded};
use virtual_arm::{
    BusFault, FaultKind, FaultRequest, GoalId, GoalState, HostConfig, NetworkFaults, RequestKind,
    VirtualArm, VirtualConfig,
};

/// All processes of the default arm.
const PROCESSES: [&str; 10] = [
    "supervisor",
    "control",
    "arm_controller",
    "joint_state",
    "driver_joint_1",
    "driver_joint_2",
    "driver_joint_3",
    "driver_joint_4",
    "driver_joint_5",
    "driver_joint_6",
];

/// Something that goes wrong.
#[derive(Debug, Clone, Copy)]
enum Accident {
    Kill(usize),
    Freeze(usize, u64),
    Network(NetworkFaults),
    LoseFrames(f64),
    BusOff,
    Mend,
    Call(RequestKind),
}

fn milliseconds(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn accident() -> impl Strategy<Value = Accident> {
    let who = 0..PROCESSES.len();
    let network = (0.0..0.3_f64, 0.0..0.2_f64, 1_u64..80, 0.0..0.1_f64).prop_map(
        |(loss, delay, longest, duplicate)| {
            let longest_delay = milliseconds(longest);
            Accident::Network(NetworkFaults { loss, delay, longest_delay, duplicate })
        },
    );
    let call = prop::sample::select(vec![
        RequestKind::Stop,
        RequestKind::Resume,
        RequestKind::Enable,
        RequestKind::Disable,
        RequestKind::ClearFaults,
    ]);
    prop_oneof![
        4 => who.clone().prop_map(Accident::Kill),
        4 => (who, 5_u64..1500).prop_map(|(who, ms)| Accident::Freeze(who, ms)),
        3 => network,
        1 => (0.0..0.05_f64).prop_map(Accident::LoseFrames),
        1 => Just(Accident::BusOff),
        3 => Just(Accident::Mend),
        3 => call.prop_map(Accident::Call),
    ]
}

/// A place within the limits of the reference arm, and the time to get there, s.
fn waypoint() -> impl Strategy<Value = ([f64; 6], f64)> {
    let place =
        (-2.5..2.5_f64, -1.2..1.5_f64, -1.8..1.1_f64, -2.5..2.5_f64, -1.7..1.7_f64, -2.8..2.8_f64);
    (place, 1.0..2.5_f64).prop_map(|((a, b, c, d, e, f), time)| ([a, b, c, d, e, f], time))
}

fn strike(arm: &mut VirtualArm, accident: Accident) -> Result<()> {
    match accident {
        Accident::Kill(who) => arm.kill(PROCESSES[who])?,
        Accident::Freeze(who, ms) => arm.freeze(PROCESSES[who], milliseconds(ms))?,
        Accident::Network(faults) => arm.set_network(faults),
        Accident::LoseFrames(probability) => {
            arm.break_bus(BusFault::new(FaultKind::Loss { probability }));
        }
        Accident::BusOff => {
            let until = Some(arm.now() + milliseconds(200));
            arm.break_bus(BusFault { until, ..BusFault::new(FaultKind::BusOff) });
        }
        Accident::Mend => mend(arm),
        Accident::Call(kind) => drop(arm.request(kind)),
    }
    Ok(())
}

fn mend(arm: &mut VirtualArm) {
    arm.mend_bus();
    arm.set_network(NetworkFaults::default());
}

/// A move through `points` that takes no joint faster than it may go, from wherever the arm is.
fn start(arm: &mut VirtualArm, points: &[([f64; 6], f64)]) -> GoalId {
    let mut from = arm.truth().position;
    let mut time = 0.0;
    let mut timed = Vec::new();
    for (place, pace) in points {
        let way = from.iter().zip(place).map(|(a, b)| (a - b).abs());
        time += way.fold(1.3, f64::max) * pace;
        timed.push((*place, time));
        from = *place;
    }
    arm.send_goal(arm.trajectory(&timed))
}

/// After the last fault: all processes live, faults are cleared, the arm is permitted to move.
fn recover(arm: &mut VirtualArm) -> Result<()> {
    mend(arm);
    arm.run_for(Duration::from_secs(4));
    arm.verdict()?;
    let mut words = Vec::new();
    for _ in 0..5 {
        for kind in [RequestKind::ClearFaults, RequestKind::Enable, RequestKind::Resume] {
            match arm.call(kind) {
                Ok(_) if kind == RequestKind::Resume => return Ok(()),
                Ok(_) => {}
                Err(text) => words.push(format!("{kind:?}: {text}")),
            }
            arm.verdict()?;
        }
        arm.run_for(Duration::from_secs(1));
    }
    bail!("the arm does not recover: {words:#?}\n{}", events(arm))
}

fn survive(seed: u64, points: &[([f64; 6], f64)], accidents: &[(u64, Accident)]) -> Result<()> {
    let reference = VirtualConfig::reference()?;
    let host = HostConfig { stall: 0.001, ..reference.host };
    let mut arm = enabled(seed, VirtualConfig { host, ..reference })?;
    let mut goal = start(&mut arm, points);
    for (ms, accident) in accidents {
        arm.run_for(milliseconds(*ms));
        strike(&mut arm, *accident)?;
        arm.verdict()?;
    }
    recover(&mut arm)?;
    if arm.goal(&goal).is_over() {
        goal = start(&mut arm, points);
    }
    let state = arm.wait(&goal, support::PATIENCE);
    succeeded(&arm, &state)
}

/// Few enough for every day; `PROPTEST_CASES` asks for more.
fn cases() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(32),
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn random_goals_are_reached_without_breaking_an_invariant(
        seed: u64,
        points in prop::collection::vec(waypoint(), 1..4),
    ) {
        let mut arm = enabled(seed, VirtualConfig::reference().unwrap()).unwrap();
        let goal = start(&mut arm, &points);
        let state = arm.wait(&goal, support::PATIENCE);
        if let Err(error) = succeeded(&arm, &state) {
            return Err(TestCaseError::fail(error.to_string()));
        }
        prop_assert!(arm.tracking().worst_max() <= 0.010, "{:?}", arm.tracking());
    }

    #[test]
    fn whatever_goes_wrong_the_invariants_hold_and_the_arm_recovers(
        seed: u64,
        points in prop::collection::vec(waypoint(), 2..4),
        accidents in prop::collection::vec((1_u64..900, accident()), 1..12),
    ) {
        if let Err(error) = survive(seed, &points, &accidents) {
            return Err(TestCaseError::fail(error.to_string()));
        }
    }
}

/// Kills each process in the middle of a move; `arm/resume` ends the move, unless the server of the
/// goal itself died: then the goal is lost and a new one succeeds.
#[test]
fn each_process_may_die_in_motion_and_the_goal_is_reached_after_resume() -> Result<()> {
    for (seed, name) in (100..).zip(PROCESSES) {
        let mut arm = enabled(seed, VirtualConfig::reference()?)?;
        let points = [([0.8, 0.5, 0.3, 0.5, 0.6, 0.5], 3.0), ([0.0; 6], 3.0)];
        let mut goal = start(&mut arm, &points);
        arm.run_for(milliseconds(1200));
        arm.kill(name)?;
        arm.run_for(Duration::from_secs(3));
        arm.verdict()?;
        if !matches!(name, "joint_state" | "supervisor") {
            let resumed = arm.call(RequestKind::Resume);
            let needless = name == "arm_controller";
            ensure!(needless || resumed.is_ok(), "{name}: {resumed:?}\n{}", events(&arm));
        }
        if name == "arm_controller" {
            ensure!(arm.goal(&goal) == GoalState::Lost);
            arm.run_for(Duration::from_secs(3));
            goal = start(&mut arm, &points);
        }
        let state = arm.wait(&goal, support::PATIENCE);
        succeeded(&arm, &state).map_err(|error| error.context(name))?;
    }
    Ok(())
}

#[test]
fn cancel_stop_and_resume_do_what_they_say() -> Result<()> {
    let mut arm = enabled(7, VirtualConfig::reference()?)?;
    let points = [([1.0, 0.5, 0.3, 0.5, 0.6, 0.5], 3.0)];
    let goal = start(&mut arm, &points);
    arm.run_for(milliseconds(1000));
    arm.cancel(goal);
    let state = arm.wait(&goal, Duration::from_secs(3));
    ensure!(state == GoalState::Canceled, "{state:?}\n{}", events(&arm));
    let goal = start(&mut arm, &points);
    arm.run_for(milliseconds(700));
    ensure!(arm.call(RequestKind::Stop).is_ok());
    arm.run_for(Duration::from_secs(2));
    let rests = arm.truth().velocity.iter().all(|v| v.abs() < 0.01);
    ensure!(rests && arm.goal(&goal) == GoalState::Active, "{}", events(&arm));
    ensure!(arm.call(RequestKind::Resume).is_ok());
    let state = arm.wait(&goal, support::PATIENCE);
    succeeded(&arm, &state)
}

/// The drive of one joint falls silent while the arm moves: all joints hold together, the joint is
/// named, and the move ends after `arm/resume`.
#[test]
fn a_silent_drive_holds_the_arm_and_the_goal_is_reached_after_resume() -> Result<()> {
    let mut arm = enabled(9, VirtualConfig::reference()?)?;
    let goal = start(&mut arm, &[([1.0, 0.5, 0.3, 0.5, 0.6, 0.5], 3.0)]);
    arm.run_for(milliseconds(1000));
    arm.inject(&FaultRequest {
        joint: "joint_3".to_owned(),
        signal: "all".to_owned(),
        kind: "off".to_owned(),
        duration: 1.0,
        ..FaultRequest::default()
    })?;
    arm.run_for(milliseconds(900));
    let rests = arm.truth().velocity.iter().all(|v| v.abs() < 0.01);
    ensure!(rests && arm.status().reason.contains("joint_3"), "{:?}", arm.status());
    recover(&mut arm)?;
    let state = arm.wait(&goal, support::PATIENCE);
    succeeded(&arm, &state)
}

/// An invariant that cannot break is no invariant: a drive pushed by hand moves without a yes.
#[test]
fn a_move_nobody_permitted_is_found() -> Result<()> {
    let mut config = VirtualConfig::reference()?;
    config.hardware.brake.fitted = false;
    config.hardware.initial_position = [0.0, 0.8, 0.0, 0.0, 0.0, 0.0];
    let mut arm = VirtualArm::new(1, config)?;
    arm.run_for(Duration::from_secs(4));
    let found = arm.verdict().err().map(|violation| violation.rule.to_string());
    ensure!(found.as_deref() == Some("no motion without a yes"), "{found:?}");
    Ok(())
}
