//! `planning` is killed while the arm moves by its order.
#![cfg(feature = "system")]

use anyhow::{Result, ensure};
use r2r::armature_msgs::msg::ControlState;
use rig::mover::to_joints;
use rig::{Drives, Mover, Scenario};
use std::time::Duration;

/// Would catch: a motion that needs the one who planned it, or a reborn planning that moves the arm.
#[test]
fn a_killed_planning_leaves_the_running_motion_to_its_end() -> Result<()> {
    let mut s = Scenario::enabled("chaos_33", &[])?;
    let drives = Drives::watch(&mut s.arm)?;
    let mover = Mover::new(&mut s.arm)?;
    let goal = [1.2, 0.4, 0.2, 0.0, 1.0, 0.0];
    let mut slow = to_joints(&goal);
    slow.settings.speed = 0.5;
    let mut running = mover.send(&mut s.arm, slow)?;
    running.wait_for(&mut s.arm, 0.3, Duration::from_secs(10))?;
    let before = s.boots();
    drives.clear();

    s.kill("planning")?;
    s.arm.wait_for("the end of the motion", Duration::from_secs(20), |w| {
        w.phase() == Some(ControlState::REACHED as u8)
    })?;
    drives.expect_following()?;
    let back = s.wait_until_back("planning", &before)?;
    println!("back after {back:?}");
    let at = s.arm.world.true_position().unwrap_or_default().to_vec();
    let off = at.iter().zip(goal).map(|(at, goal)| (at - goal).abs()).fold(0.0, f64::max);
    ensure!(at.len() == goal.len() && off < 0.01, "{off} rad from the goal");
    s.expect_rest(Duration::from_millis(500))?;
    s.expect_undisturbed(&before, &["planning"])?;

    let mover = Mover::new(&mut s.arm)?;
    let result = mover.drive(&mut s.arm, to_joints(&[0.0; 6]), Duration::from_secs(20))?;
    ensure!(result.outcome.code == 0, "afterwards: {}", result.outcome.message);
    Ok(())
}
