//! Case 14: the bus is lost for 5 s.
//!
//! - Before: all joints follow the plan of a goal; the recorder records.
//! - Fault: every controller on the bus is bus-off for 5 s.
//! - After: the drives hold by themselves; nothing moves before arm/resume; the goal then succeeds; what
//!   was recorded before the fault, and during it, is intact.
//! - Detected: control begins to stop all joints within 50 ms of the last sample.
//! - Recovered: every driver has found its drive again 1 s after the bus is back.
//! - Undisturbed: all nodes keep process and boot id.
//! - Degrades: the bus | moving | each drive holds by its own watchdog; drivers look for their drives until
//!   they are back | the bus back, then arm/resume (after arm/clear_faults where a drive latched a fault)

use crate::recordings::{Folder, read_all};
use anyhow::{Context, Result, ensure};
use rig::drives::steady_clock;
use rig::{Drives, Saboteur, Scenario, figures};
use std::time::Duration;

/// How long the bus is gone, s.
const GONE: f64 = 5.0;

/// Would catch: a driver that gives up, a joint that moves when its bus is back, a recording that is
/// lost with what it records.
#[test]
fn a_lost_bus_holds_the_arm_and_resume_finishes_the_goal() -> Result<()> {
    let folder = Folder::fresh("chaos_14")?;
    let recordings = format!("recordings:={}", folder.path.display());
    let mut s = Scenario::enabled("chaos_14", &["record:=true", &recordings])?;
    let drives = Drives::watch(&mut s.arm)?;
    let saboteur = Saboteur::new(&mut s.arm)?;
    s.wait_for_successor()?;
    s.arm.wait_for("the recorder", Duration::from_secs(20), |w| w.pid("recorder").is_some())?;
    let before = s.boots();
    let mut goal = s.start_motion()?;
    s.arm.world.take_control_states();
    drives.clear();

    let asked = saboteur.bus(&mut s.arm, "bus_off", 0.0, GONE)?;
    s.wait_for_hold()?;
    let newest = (0..6).filter_map(|joint| drives.newest(joint)).fold(f64::NAN, f64::max);
    println!("the last sample {:.1} ms after the request", (newest - asked) * 1e3);
    let began = s.stop_began().unwrap_or(f64::NAN);
    figures::at_most("all joints stop", "ms", (began - newest) * 1e3, 50.0);
    s.arm.pump_for(Duration::from_millis(800));
    s.expect_rest(Duration::from_secs(3))?;

    drives.clear();
    s.arm.wait_for("all drives to be found", Duration::from_secs(20), |w| {
        steady_clock() > asked + GONE
            && drives.fewest() > 0
            && w.arm.as_ref().is_some_and(|arm| {
                arm.driver_state.iter().all(|&state| state != 0)
                    && arm.freshness.iter().all(|&fresh| fresh < 2)
            })
    })?;
    figures::at_most("all drives are found", "ms", (steady_clock() - asked - GONE) * 1e3, 1000.0);
    s.expect_rest(Duration::from_secs(1))?;
    println!("on its way {:?} after arm/resume", s.set_going()?);
    s.expect_success(&mut goal)?;
    s.expect_undisturbed(&before, &[])?;
    s.launch.stop();
    let names = folder.names()?;
    let paths: Vec<_> = names.iter().map(|name| folder.path.join(name)).collect();
    let found = read_all(&paths)?;
    ensure!(found.damage.is_none(), "{:?}", found.damage);
    let heard = found.counts.get("/heartbeat").context("no heartbeat was recorded")?;
    ensure!(*heard > 1_000, "only {heard} heartbeats were recorded");
    figures::at_most("samples not recorded", "", found.missing_feedback as f64, 0.0);
    Ok(())
}
