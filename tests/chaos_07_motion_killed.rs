//! Case 7: the service that takes orders (`arm_controller`) is killed.
//!
//! - Before: all joints follow the plan of a goal.
//! - Fault: SIGKILL to arm_controller.
//! - After: the plan is followed to its end, once; then the arm stands until somebody orders; the next goal
//!   succeeds.
//! - Detected: not needed by anybody.
//! - Recovered: it takes goals again within 2 s.
//! - Undisturbed: all other nodes keep process and boot id.
//! - Degrades: arm_controller | moving | the plan that runs is finished; its client loses the goal | launch
//!   starts it again; new goals wait for it

use anyhow::Result;
use r2r::armature_msgs::msg::ControlState;
use rig::{Scenario, figures};
use std::time::Duration;

/// Would catch: control needing the one who gave the order, or a reborn motion that orders twice.
#[test]
fn a_killed_motion_leaves_the_running_plan_to_its_end() -> Result<()> {
    let mut s = Scenario::enabled("chaos_07", &[])?;
    let goal = s.start_motion()?;
    let before = s.boots();

    s.kill("arm_controller")?;
    let back = s.wait_until_back("arm_controller", &before)?;
    figures::took("arm_controller is back", back, 2000.0);
    s.arm.wait_for("the end of the plan", Duration::from_secs(20), |w| {
        w.phase() == Some(ControlState::REACHED as u8)
    })?;
    drop(goal);
    s.expect_rest(Duration::from_secs(1))?;
    s.expect_undisturbed(&before, &["arm_controller"])?;

    let mut next = s.arm.send(s.program.trajectory())?;
    s.expect_success(&mut next)?;
    Ok(())
}
