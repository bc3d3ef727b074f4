//! Case 31: `joint_state` is killed in motion.
//!
//! - Before: all joints follow the plan of a goal.
//! - Fault: SIGKILL to joint_state.
//! - After: the motion goes on and the goal succeeds.
//! - Detected: not needed by anybody who moves.
//! - Recovered: it is back within 2 s.
//! - Undisturbed: all other nodes keep process and boot id.
//! - Degrades: joint_state | moving | the motion goes on; whoever listens sees old values with their age |
//!   launch starts it again

use anyhow::{Result, ensure};
use r2r::armature_msgs::msg::ArmStatus;
use rig::{Scenario, figures};

/// Would catch: control or motion depending on the service that only informs others.
#[test]
fn a_killed_joint_state_does_not_disturb_the_motion() -> Result<()> {
    let mut s = Scenario::enabled("chaos_31", &[])?;
    let mut goal = s.start_motion()?;
    let before = s.boots();

    s.kill("joint_state")?;
    let back = s.wait_until_back("joint_state", &before)?;
    figures::took("joint_state is back", back, 2000.0);
    ensure!(s.arm.world.mode() == Some(ArmStatus::ENABLED as u8), "the arm left mode ENABLED");
    s.expect_success(&mut goal)?;
    s.expect_undisturbed(&before, &["joint_state"])
}
