//! Case 24: the supervisor is killed in motion.
//!
//! - Before: all joints follow the plan of a goal; the arm is enabled.
//! - Fault: SIGKILL to the supervisor.
//! - After: everything runs on; the next one finds mode, permit and lease as they were and restarts nothing;
//!   the goal succeeds.
//! - Detected: not needed by anybody.
//! - Recovered: the next supervisor speaks within 2 s.
//! - Undisturbed: all other nodes keep process and boot id.
//! - Degrades: supervisor | any | everything that runs, runs on; nobody enables, stops or resumes | launch
//!   starts it again; it adopts what it finds

use anyhow::{Result, ensure};
use r2r::armature_msgs::msg::ArmStatus;
use rig::{Scenario, figures};

/// Would catch: a supervisor that forgets the epoch or the permit, or that restarts or stops what
/// works.
#[test]
fn a_killed_supervisor_readopts_the_moving_arm() -> Result<()> {
    let mut s = Scenario::enabled("chaos_24", &[])?;
    let mut goal = s.start_motion()?;
    let before = s.boots();
    let lease = s.arm.world.lease.clone();

    s.kill("supervisor")?;
    let back = s.wait_until_back("supervisor", &before)?;
    figures::took("the supervisor is back", back, 2000.0);
    s.expect_success(&mut goal)?;
    ensure!(s.arm.world.mode() == Some(ArmStatus::ENABLED as u8), "the arm left mode ENABLED");
    let now = s.arm.world.lease.clone();
    ensure!(
        now.as_ref().map(|l| (l.epoch, l.holder)) == lease.as_ref().map(|l| (l.epoch, l.holder)),
        "the lease changed from {lease:?} to {now:?}"
    );
    s.expect_undisturbed(&before, &["supervisor"])
}
