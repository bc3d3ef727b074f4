//! Case 12: the feedback of a joint is frozen: it comes in time, and always says the same position.
//!
//! - Before: all joints follow the plan of a goal.
//! - Fault: the drive of joint_1 or joint_2, drawn from the seed, repeats its position for 2 s.
//! - After: all joints stop and hold; the joint is named as frozen; nothing moves before arm/resume, and
//!   the arm then ends a goal where it was sent.
//! - Detected: control begins to stop all joints within 300 ms (a residual: samples of a CANopen drive
//!   carry no counter).
//! - Recovered: the arm is on its way within 200 ms of arm/resume.
//! - Undisturbed: all nodes keep process and boot id, and the 99th percentile of their periods.
//! - Degrades: a joint's feedback, frozen | moving | all joints stop together and hold; the joint is named |
//!   the feedback moves again; arm/resume

use anyhow::{Result, ensure};
use r2r::armature_msgs::msg::ArmState;
use rand::Rng;
use rig::{Saboteur, Scenario, figures};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// Would catch: a position that is believed because it is fresh, a controller that pushes an arm it
/// cannot see, a resume that jumps.
#[test]
fn a_frozen_joint_stops_all_joints_and_is_named() -> Result<()> {
    let mut dice = figures::dice();
    let mut s = Scenario::enabled("chaos_12", &[])?;
    let saboteur = Saboteur::new(&mut s.arm)?;
    s.wait_for_successor()?;
    let joint = dice.random_range(0..2_usize);
    let name = format!("joint_{}", joint + 1);
    let named = Rc::new(Cell::new(false));
    let found = Rc::clone(&named);
    let qos = r2r::QosProfile::default().best_effort().keep_last(10);
    s.arm.each::<ArmState>("arm_state", qos, move |state| {
        let frozen = state.freshness.get(joint) == Some(&(ArmState::FROZEN as u8));
        found.set(found.get() || frozen);
    })?;
    let witness = s.witness();
    let mut goal = s.start_motion()?;
    s.arm.world.take_control_states();

    let frozen = saboteur.drive(&mut s.arm, &name, "position", "stuck", 0.0)?;
    let held = s.wait_for_hold();
    // Control hears of it from the supervisor.
    s.arm.pump_for(Duration::from_millis(300));
    let began = s.stop_began().unwrap_or(f64::NAN);
    figures::at_most("all joints stop", "ms", (began - frozen) * 1e3, 300.0);
    held?;
    ensure!(named.get(), "nobody says that {name} is frozen");
    s.arm.pump_for(Duration::from_millis(1500));
    s.expect_rest(Duration::from_millis(500))?;

    saboteur.drive(&mut s.arm, &name, "position", "none", 0.0)?;
    s.expect_rest(Duration::from_secs(1))?;
    // The goal may have ended by its tolerance: a plan that cannot be watched is none.
    match s.arm.poll_goal(&mut goal)? {
        None => {
            figures::took("on its way after arm/resume", s.set_going()?, 200.0);
            s.expect_success(&mut goal)?;
        }
        Some(outcome) => {
            println!("the goal ended: {outcome:?}");
            s.resume()?;
            let mut next = s.arm.send(s.program.trajectory())?;
            s.expect_success(&mut next)?;
        }
    }
    witness.expect_undisturbed(&mut s, &[])
}
