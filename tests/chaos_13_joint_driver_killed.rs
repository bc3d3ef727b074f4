//! Case 13: a joint driver is killed in motion.
//!
//! - Before: all joints follow the plan of a goal.
//! - Fault: SIGKILL to the driver of joint_3.
//! - After: its drive holds by itself and the others hold with it; the new driver moves nothing before
//!   arm/resume; the goal then succeeds.
//! - Detected: control stops the others within 50 ms.
//! - Recovered: the driver is back within 2 s.
//! - Undisturbed: all other nodes keep process and boot id.
//! - Degrades: joint_driver | moving | its drive holds by its own watchdog; the other joints stop together
//!   on the path and hold | launch starts it again; arm/resume finishes the goal

use anyhow::Result;
use rig::drives::steady_clock;
use rig::{Scenario, figures};
use std::time::Duration;

/// Would catch: a driver that moves after its rebirth without a yes, other joints running on, a
/// goal that is lost although nothing of it is lost.
#[test]
fn a_killed_driver_holds_the_arm_and_resume_finishes_the_goal() -> Result<()> {
    let mut s = Scenario::enabled("chaos_13", &[])?;
    let mut goal = s.start_motion()?;
    let before = s.boots();

    let killed = steady_clock();
    s.arm.world.take_control_states();
    s.kill("driver_joint_3")?;
    let noticed = s.wait_for_hold()?;
    println!("the supervisor noticed after {noticed:?}");
    s.wait_until_back("driver_joint_3", &before)?;
    figures::at_most("the driver is back", "ms", (steady_clock() - killed) * 1e3, 2000.0);
    let began = s.stop_began().unwrap_or(f64::NAN);
    figures::at_most("the others stop", "ms", (began - killed) * 1e3, 50.0);
    s.arm.pump_for(Duration::from_millis(700));
    s.expect_rest(Duration::from_secs(1))?;
    s.expect_undisturbed(&before, &["driver_joint_3"])?;

    s.resume()?;
    s.expect_success(&mut goal)?;
    s.expect_undisturbed(&before, &["driver_joint_3"])
}
