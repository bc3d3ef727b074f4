//! Case 11: the feedback of a joint falls silent while its driver lives.
//!
//! - Before: all joints follow the plan of a goal.
//! - Fault: the drive of a joint, drawn from the seed, sends no feedback any more; 1 s later it does.
//! - After: all joints stop together on the path and hold; nothing moves before arm/resume; the goal then
//!   succeeds.
//! - Detected: control begins to stop all joints within 50 ms of the last sample.
//! - Recovered: the arm is on its way within 200 ms of arm/resume.
//! - Undisturbed: all nodes keep process and boot id, the others the 99th percentile of their periods.
//! - Degrades: a joint's feedback | moving | all joints stop together on the path, then hold | the
//!   feedback comes back by itself; arm/resume finishes the goal

use anyhow::{Context, Result};
use rand::Rng;
use rig::{Drives, Saboteur, Scenario, figures};
use std::time::Duration;

/// Would catch: joints that run on without one of them, a stop that leaves the path, a joint that moves
/// by itself when its feedback is back.
#[test]
fn a_silent_joint_stops_all_joints_and_resume_finishes_the_goal() -> Result<()> {
    let mut dice = figures::dice();
    let mut s = Scenario::enabled("chaos_11", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    let saboteur = Saboteur::new(&mut s.arm)?;
    s.wait_for_successor()?;
    let witness = s.witness();
    let mut goal = s.start_motion()?;
    s.arm.pump_for(Duration::from_millis(dice.random_range(0..800)));
    let joint = dice.random_range(0..6);
    let name = format!("joint_{}", joint + 1);
    s.arm.world.take_control_states();
    drives.clear();
    // Some samples, to know when the last one came.
    s.arm.pump_for(Duration::from_millis(20));

    let asked = saboteur.drive(&mut s.arm, &name, "feedback", "off", 0.0)?;
    s.wait_for_hold()?;
    s.arm.pump_for(Duration::from_millis(900));
    let last = drives.newest(joint).with_context(|| format!("{name} was silent before"))?;
    println!("{name} silent {:.1} ms after the request", (last - asked) * 1e3);
    let began = s.stop_began().unwrap_or(f64::NAN);
    figures::at_most("all joints stop", "ms", (began - last) * 1e3, 50.0);
    s.expect_rest(Duration::from_millis(500))?;

    saboteur.drive(&mut s.arm, &name, "feedback", "none", 0.0)?;
    s.expect_rest(Duration::from_secs(1))?;
    figures::took("on its way after arm/resume", s.set_going()?, 200.0);
    s.expect_success(&mut goal)?;
    witness.expect_undisturbed(&mut s, &[&format!("driver_{name}")])?;
    s.expect_undisturbed(witness.boots(), &[])
}
