//! What the arm does: tracking, holding, loads, quick stop, speed of the simulation itself.

use crate::Config;
use crate::test_support::{Rig, bent, model};
use arm_model::{JointVector, Load, Payload};
use can_bus::canopen::nmt::{Heartbeat, NmtState};
use can_bus::canopen::{NodeId, od};
use can_bus::cia402::{State, Statusword};
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

type Vector = JointVector<JOINTS>;

/// A smooth motion of all joints: position, velocity, acceleration after `t` s.
fn wave(t: f64) -> [Vector; 3] {
    let amplitude = Vector::from([0.8, 0.5, 0.5, 0.8, 0.6, 1.0]);
    let start = Vector::from(bent().initial_position);
    let w = 1.6;
    let p = start + amplitude * (1.0 - (w * t).cos()) / 2.0;
    let v = amplitude * w * (w * t).sin() / 2.0;
    let a = amplitude * w * w * (w * t).cos() / 2.0;
    // Fade in over the first second so that it begins at rest with no acceleration.
    let s = t.clamp(0.0, 1.0);
    let (f, df, ddf) = (
        s * s * s * (10.0 + s * (6.0 * s - 15.0)),
        30.0 * s * s * (1.0 - s) * (1.0 - s),
        60.0 * s * (1.0 - s) * (1.0 - 2.0 * s),
    );
    let d = p - start;
    [start + d * f, v * f + d * df, a * f + v * df * 2.0 + d * ddf]
}

/// Tracks the wave for 4 s after a settling second; returns worst and RMS error of each joint.
fn track(rig: &mut Rig, torque: impl Fn(&[Vector; 3]) -> Vector) -> [PerJoint<f64>; 2] {
    for _ in 0..250 {
        rig.cycle(wave(0.0)[0].into(), torque(&wave(0.0)).into());
    }
    let begin = rig.now;
    let (mut worst, mut squares, mut count) = ([0.0_f64; JOINTS], [0.0_f64; JOINTS], 0.0);
    for _ in 0..1000 {
        let reached = rig.now + crate::test_support::PERIOD * 2;
        let goal = wave(reached.seconds_from(begin));
        rig.cycle(goal[0].into(), torque(&goal).into());
        let at = Monotonic(rig.now.0 - 5_000_000);
        let Some((truth, _)) = rig.sim.truth_at(at) else { continue };
        let want = wave(at.seconds_from(begin))[0];
        count += 1.0;
        for i in 0..JOINTS {
            let error = (truth[i] - want[i]).abs();
            worst[i] = worst[i].max(error);
            squares[i] += error * error;
        }
    }
    [worst, squares.map(|s| (s / count).sqrt())]
}

#[test]
fn with_torque_feed_forward_the_error_is_far_below_a_milliradian() {
    let mut rig = Rig::enabled(bent());
    let rotors = Vector::from(Config::default().motor.reflected_inertia());
    let arm = model().with_rotor_inertia(rotors).unwrap();
    let [worst, rms] = track(&mut rig, |[q, v, a]| arm.inverse_dynamics(q, v, a, &Load::EMPTY));
    println!("worst {worst:.5?} rms {rms:.5?} rad");
    assert!(worst.iter().all(|&e| e < 5e-4), "{worst:?}");
    assert!(rms.iter().all(|&e| e < 2e-4), "{rms:?}");
}

#[test]
fn without_feed_forward_the_loops_alone_stay_within_the_window() {
    let mut rig = Rig::enabled(bent());
    let [worst, _] = track(&mut rig, |_| Vector::zeros());
    println!("worst {worst:.5?} rad");
    assert!(worst.iter().all(|&e| e < 8e-3), "{worst:?}");
    assert_eq!(rig.sim.states(), [State::OperationEnabled; JOINTS]);
}

#[test]
fn disabled_arm_holds_by_its_brakes_and_enabling_does_not_jump() {
    let mut rig = Rig::new(bent());
    rig.run(500);
    assert_eq!(rig.sim.truth().position, bent().initial_position);
    for joint in 0..JOINTS {
        rig.configure(joint);
        rig.enable(joint);
    }
    for _ in 0..500 {
        rig.run(1);
        let q = rig.sim.truth().position;
        let moved = q.iter().zip(bent().initial_position).map(|(a, b)| (a - b).abs());
        assert!(moved.clone().all(|m| m < 2e-4), "{:?}", moved.collect::<Vec<_>>());
    }
}

#[test]
fn without_brakes_a_disabled_arm_falls() {
    let mut config = bent();
    config.brake.fitted = false;
    let mut rig = Rig::new(config);
    rig.run(500);
    assert!(rig.sim.truth().position[1] > 0.6, "{:?}", rig.sim.truth().position);
}

#[test]
fn target_elsewhere_at_enabling_makes_the_joint_jump_and_fault() {
    let mut rig = Rig::new(bent());
    rig.configure(1);
    for word in [0x06, 0x07, 0x0F] {
        rig.write(1, od::CONTROLWORD, word);
    }
    rig.run(400);
    assert_eq!(rig.sim.states()[1], State::Fault);
    assert!(rig.emergencies(1).contains(&0x8611), "{:?}", rig.emergencies(1));
}

#[test]
fn payload_that_jumps_is_caught_without_a_fault() {
    let mut rig = Rig::enabled(bent());
    let hold = bent().initial_position;
    let arm = model();
    let gravity = arm.gravity_torque(&Vector::from(hold), &Load::EMPTY);
    for _ in 0..100 {
        rig.cycle(hold, gravity.into());
    }
    rig.sim.set_payload(5.0, [0.0, 0.0, 0.05]).unwrap();
    let mut worst = 0.0_f64;
    for _ in 0..250 {
        rig.cycle(hold, gravity.into());
        let q = rig.sim.truth().position;
        worst = q.iter().zip(hold).fold(worst, |w, (a, b)| w.max((a - b).abs()));
    }
    let left = (rig.sim.truth().position[1] - hold[1]).abs();
    println!("5 kg: worst {worst:.2e} rad, left {left:.2e} rad");
    assert!(worst > 1e-5 && worst < 0.02 && left < 2e-4, "worst {worst}, left {left}");
    let payload = Payload::point(5.0, [0.0, 0.0, 0.05].into()).unwrap();
    let laden = arm.gravity_torque(&Vector::from(hold), &Load::with_payload(payload));
    let effort = rig.sim.truth().effort[1];
    assert!((effort - laden[1]).abs() < 6.0, "{effort} N·m against {} N·m", laden[1]);
    assert!(rig.sim.set_payload(-1.0, [0.0; 3]).is_err());
    let rod = [0.0, 0.0, 0.0, 0.02, 0.0, 0.02];
    assert_eq!(rig.sim.set_payload_body(2.0, [0.0; 3], rod), Ok(()));
    assert!(rig.sim.set_payload_body(2.0, [0.0; 3], [1.0, 0.0, 0.0, 0.1, 0.0, 0.1]).is_err());
}

#[test]
fn lost_heartbeat_stops_on_a_ramp_and_keeps_the_torque() {
    let mut rig = Rig::enabled(bent());
    let master = NodeId::new(100).unwrap();
    let beat = Heartbeat::Alive(NmtState::Operational).frame(master);
    let mut position = bent().initial_position;
    for cycle in 0..200 {
        if cycle % 25 == 0 {
            rig.send(&[beat]);
        }
        position[0] += 0.5 * 0.004;
        rig.cycle(position, [0.0; JOINTS]);
    }
    // The master falls silent while SYNC and setpoints of the others go on.
    for _ in 0..100 {
        rig.sync(1);
    }
    assert_eq!(rig.sim.states(), [State::QuickStopActive; JOINTS]);
    assert!(rig.emergencies(0).contains(&0x8130));
    let before = rig.sim.truth();
    rig.run(1000);
    let after = rig.sim.truth();
    for i in 0..JOINTS {
        assert!((before.position[i] - after.position[i]).abs() < 1e-4, "joint {i}");
    }
    assert!(after.effort[1].abs() > 5.0, "no torque: {:?}", after.effort);
    let word = Statusword(rig.read(0, od::STATUSWORD) as u16);
    assert_eq!(word.0 & 0x6F, 0x07, "{:#06x}", word.0);
    // The master is back: the error goes, motion only after enable operation.
    rig.send(&[beat]);
    assert_eq!(rig.emergencies(0).last(), Some(&0));
}

#[test]
fn quick_stop_decelerates_as_configured() {
    let mut rig = Rig::enabled(bent());
    let mut position = bent().initial_position;
    for cycle in 0..250 {
        position[0] += 0.004 * (f64::from(cycle) / 100.0).min(1.0);
        rig.cycle(position, [0.0; JOINTS]);
    }
    let deceleration = (5.0 * crate::test_support::COUNTS) as i64;
    rig.write(0, od::QUICK_STOP_DECELERATION, deceleration);
    let (q0, v0) = (rig.sim.truth().position[0], rig.sim.truth().velocity[0]);
    assert!((v0 - 1.0).abs() < 0.02, "{v0}");
    rig.write(0, od::CONTROLWORD, 0x02);
    rig.run(600);
    let way = rig.sim.truth().position[0] - q0;
    assert!((way - v0 * v0 / 10.0).abs() < 0.005, "{way} rad");
    assert_eq!(rig.sim.states()[0], State::QuickStopActive);
}

#[test]
fn torque_mode_pushes_and_returns_to_position_without_a_step() {
    let mut rig = Rig::enabled(bent());
    let gravity = model().gravity_torque(&Vector::from(bent().initial_position), &Load::EMPTY);
    let per_mille = (gravity[4] / 12.0 * 1000.0).round() as i64;
    rig.write(4, od::TARGET_TORQUE, per_mille + 80);
    rig.write(4, od::MODE, 10);
    assert_eq!(rig.read(4, od::MODE_DISPLAY), 10);
    let before = rig.sim.truth().position[4];
    rig.run(100);
    let truth = rig.sim.truth();
    assert!(truth.position[4] > before + 1e-3, "{}", truth.position[4] - before);
    assert!((truth.effort[4] - 0.012 * (per_mille + 80) as f64).abs() < 1e-6);
    rig.write(4, od::TARGET_TORQUE, per_mille);
    rig.run(500);
    let position = rig.read(4, od::POSITION_ACTUAL);
    rig.write(4, od::TARGET_POSITION, position);
    let before = rig.sim.truth().effort[4];
    rig.write(4, od::MODE, 8);
    rig.run(1);
    let after = rig.sim.truth().effort[4];
    assert!((after - before).abs() < 0.3, "{before} N·m, then {after} N·m");
    assert_eq!(rig.sim.states()[4], State::OperationEnabled);
}

#[test]
fn same_seed_gives_the_same_bytes() {
    let run = || {
        let config = Config { encoder_noise: 3.0, ..bent() };
        let mut rig = Rig::enabled(config);
        let mut position = bent().initial_position;
        for _ in 0..100 {
            position[2] -= 0.002;
            rig.cycle(position, [0.0; JOINTS]);
        }
        rig.heard
    };
    assert_eq!(run(), run());
}
