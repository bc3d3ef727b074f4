//! Law torque on the whole virtual arm: the demo's move, the change of law in motion, the loss of the
//! controller while the drives are told their torques.

mod support;

use anyhow::{Result, ensure};
use std::time::Duration;
use support::{PATIENCE, enabled, pick_and_place, succeeded};
use virtual_arm::{GoalState, VirtualArm, VirtualConfig};
use vocabulary::command::Mode;
use vocabulary::joint::JOINTS;

/// How far from an even motion a joint may be within one millisecond, rad.
const STEP: f64 = 1e-3;
/// Share of the effort limit by which a torque may change within one millisecond. A start from rest
/// makes 0.14 in position mode; a drive that takes its position loop up again in motion makes more.
const TORQUE_STEP: f64 = 0.25;

/// On one host: with clocks of their own, samples are dated up to a period late (the smallest delay
/// seen counts as none), and the loop would follow that.
fn one_host() -> Result<VirtualConfig> {
    let reference = VirtualConfig::reference()?;
    let host = virtual_arm::HostConfig { one_clock: true, ..reference.host };
    Ok(VirtualConfig { host, ..reference })
}

fn torque() -> Result<VirtualConfig> {
    let mut config = one_host()?;
    config.control.law = "torque".to_owned();
    Ok(config)
}

/// Runs for `time` in milliseconds; returns the largest step of a position [rad] beyond an even
/// motion, and of a torque, as share of the limit.
fn largest_steps(arm: &mut VirtualArm, time: Duration) -> (f64, f64) {
    let limits = arm.config().model.limits().map(|l| l.effort);
    let millisecond = Duration::from_millis(1);
    let (mut far, mut hard) = (0.0_f64, 0.0_f64);
    let mut before = arm.truth();
    let end = arm.now() + time;
    while arm.now() < end && arm.verdict().is_ok() {
        arm.run_for(millisecond);
        let now = arm.truth();
        let dt = now.time.seconds_from(before.time);
        for joint in 0..JOINTS {
            let at = |values: &[f64; JOINTS]| values.get(joint).copied().unwrap_or(f64::NAN);
            let even = at(&before.position) + at(&before.velocity) * dt;
            far = far.max((at(&now.position) - even).abs());
            hard = hard.max((at(&now.effort) - at(&before.effort)).abs() / at(&limits));
        }
        before = now;
    }
    (far, hard)
}

fn mode(arm: &VirtualArm) -> Option<Mode> {
    arm.control_state().map(|state| state.mode)
}

#[test]
fn pick_and_place_by_torque_stays_within_the_tracking_limits() -> Result<()> {
    let config = torque()?;
    let points = pick_and_place(&config)?;
    let mut arm = enabled(1, config)?;
    ensure!(mode(&arm) == Some(Mode::Torque));
    arm.restart_tracking();
    let goal = arm.send_goal(arm.trajectory(&points));
    let state = arm.wait(&goal, PATIENCE);
    succeeded(&arm, &state)?;
    let figures = arm.tracking();
    println!("rms {:?} rad, max {:?} rad", figures.rms, figures.max);
    ensure!(figures.worst_rms() <= 0.002, "rms {figures:?}");
    ensure!(figures.worst_max() <= 0.010, "max {figures:?}");
    ensure!(arm.refused() == 0, "{} commands refused", arm.refused());
    Ok(())
}

#[test]
fn the_law_changes_in_motion_without_a_step() -> Result<()> {
    for seed in 1..=3 {
        let config = one_host()?;
        let points = pick_and_place(&config)?;
        let mut arm = enabled(seed, config.clone())?;
        arm.restart_tracking();
        let goal = arm.send_goal(arm.trajectory(&points));
        let (far, hard) = largest_steps(&mut arm, Duration::from_millis(700));
        println!("before: {far:.2e} rad, {hard:.4} of the effort limit per ms");
        for law in ["torque", "position", "torque"] {
            arm.tune(&control::Config { law: law.to_owned(), ..config.control.clone() });
            ensure!(arm.truth().velocity.iter().any(|v| v.abs() > 0.05), "not in motion");
            let (far, hard) = largest_steps(&mut arm, Duration::from_millis(100));
            println!("{law}: {far:.2e} rad, {hard:.4} of the effort limit per ms");
            let expected = if law == "torque" { Mode::Torque } else { Mode::Position };
            ensure!(mode(&arm) == Some(expected), "{law}: {:?}", arm.control_state());
            arm.run_for(Duration::from_millis(150));
            ensure!(far < STEP && hard < TORQUE_STEP, "{law}: {far} rad, {hard}");
        }
        let state = arm.wait(&goal, PATIENCE);
        succeeded(&arm, &state)?;
        let figures = arm.tracking();
        println!("max {:?}", figures.max);
        ensure!(figures.worst_max() <= 0.010, "max {figures:?}");
        ensure!(arm.refused() == 0, "{} commands refused", arm.refused());
    }
    Ok(())
}

#[test]
fn gains_and_payload_change_in_motion_without_a_step() -> Result<()> {
    let config = torque()?;
    let points = pick_and_place(&config)?;
    let mut arm = enabled(4, config.clone())?;
    let goal = arm.send_goal(arm.trajectory(&points));
    arm.run_for(Duration::from_millis(800));
    let mut softer = config.control.clone();
    for gains in softer.gains.values_mut() {
        gains.stiffness = gains.stiffness.map(|stiffness| stiffness * 0.4);
    }
    softer.payload.mass = 1.0;
    arm.tune(&softer);
    let (far, hard) = largest_steps(&mut arm, Duration::from_millis(700));
    println!("softer: {far:.2e} rad, {hard:.4} of the effort limit per ms");
    ensure!(far < STEP && hard < TORQUE_STEP, "{far} rad, {hard}");
    arm.tune(&config.control);
    let state = arm.wait(&goal, PATIENCE);
    succeeded(&arm, &state)
}

#[test]
fn without_control_the_joints_hold_by_themselves() -> Result<()> {
    for (seed, wait) in [(5, 0), (6, 1500), (7, 2300)] {
        let config = torque()?;
        let points = pick_and_place(&config)?;
        let mut arm = enabled(seed, config)?;
        let goal = (wait > 0).then(|| arm.send_goal(arm.trajectory(&points)));
        arm.run_for(Duration::from_millis(wait));
        let before = arm.truth();
        arm.kill_for("control", Duration::from_secs(3))?;
        let (far, hard) = largest_steps(&mut arm, Duration::from_millis(1500));
        arm.verdict()?;
        let stopped = arm.truth();
        arm.run_for(Duration::from_millis(1000));
        arm.verdict()?;
        let after = arm.truth();
        let most = |a: &[f64; JOINTS], b: &[f64; JOINTS]| {
            a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        let sag = most(&stopped.position, &after.position);
        let way = most(&before.position, &stopped.position);
        println!("{wait} ms: way {way:.4} rad, then {sag:.1e} rad; {far:.1e} rad, {hard:.3}");
        ensure!(sag < STEP && far < STEP && hard < 0.2, "{sag} rad, {far} rad, {hard}");
        ensure!(wait > 0 || way < STEP, "sagged by {way} rad at rest");
        if let Some(goal) = goal {
            ensure!(arm.goal(&goal) != GoalState::Succeeded);
        }
    }
    Ok(())
}

#[test]
fn a_payload_nobody_declared_is_weighed_by_one_pick_and_place() -> Result<()> {
    for (law, mass) in [("position", 2.0), ("torque", 0.5), ("position", 0.0)] {
        let mut config = one_host()?;
        config.control.law = law.to_owned();
        let points = pick_and_place(&config)?;
        let mut arm = enabled(8, config)?;
        arm.hang_payload(mass, [0.0, 0.0, 0.05]).map_err(|text| anyhow::anyhow!(text))?;
        let told = |arm: &VirtualArm| arm.control_settings().and_then(|s| s.estimate);
        ensure!(told(&arm).is_none(), "known before anything moved: {:?}", told(&arm));
        let goal = arm.send_goal(arm.trajectory(&points));
        let state = arm.wait(&goal, PATIENCE);
        succeeded(&arm, &state)?;
        arm.run_for(Duration::from_secs(2));
        println!("{law}, {mass} kg: {:?}", told(&arm));
        let Some(found) = told(&arm) else { anyhow::bail!("{law}: nothing known") };
        ensure!((found.mass - mass).abs() <= 0.2, "{law}: {found:?} for {mass} kg");
    }
    Ok(())
}
