//! Case 29: everything is killed at once, in motion.
//!
//! - Before: all joints follow the plan of a goal; the recorder records.
//! - Fault: SIGKILL to every process but the hardware's.
//! - After: the drives hold by themselves; the processes come up again and know where the arm is; nothing
//!   moves before a yes; then a goal succeeds; what was recorded is readable.
//! - Detected: the drives stop by their own watchdog (0.3 s).
//! - Recovered: everybody is back within 5 s.
//! - Undisturbed: the hardware.
//! - Degrades: everything but the hardware | moving | each drive holds by its own watchdog | launch starts
//!   all again; arm/resume or arm/enable, then a new goal

use crate::recordings::{Folder, read};
use anyhow::{Context, Result, ensure};
use rig::{Scenario, figures};
use std::collections::BTreeSet;
use std::time::Duration;

/// They are the drives and the bus.
const HARDWARE: [&str; 2] = ["servo_sim", "can_hub"];

/// Would catch: processes that can only start in order, an arm that moves because it moved before, a
/// jump at the new beginning, a recording that dies with its writer.
#[test]
#[ignore = "long: cargo xtask test --all"]
fn killed_as_a_whole_the_arm_comes_back_and_waits_for_a_yes() -> Result<()> {
    let folder = Folder::fresh("chaos_29")?;
    let recordings = format!("recordings:={}", folder.path.display());
    let mut s = Scenario::enabled("chaos_29", &["record:=true", &recordings])?;
    s.wait_for_successor()?;
    s.arm.wait_for("the recorder", Duration::from_secs(20), |w| w.pid("recorder").is_some())?;
    let goal = s.start_motion()?;
    s.arm.pump_for(Duration::from_secs(1));
    let before = s.boots();
    let names = before.keys().filter(|name| !HARDWARE.contains(&name.as_str()));
    let names: BTreeSet<_> = names.cloned().collect();
    println!("kills {names:?}");
    for name in &names {
        s.kill(name)?;
    }
    drop(goal);
    let back = s.arm.wait_for("everybody to come back", Duration::from_secs(30), |w| {
        names.iter().all(|name| {
            w.heartbeats.get(name).is_some_and(|beat| Some(&beat.boot_id) != before.get(name))
        })
    })?;
    figures::took("everybody is back", back, 5000.0);
    s.arm.pump_for(Duration::from_secs(1));
    s.expect_rest(Duration::from_secs(2))?;
    s.arm.wait_until_up(Duration::from_secs(20))?;
    if let Err(refused) = s.resume() {
        println!("arm/resume: {refused:#}; arm/enable instead");
        s.arm.trigger("arm/enable")?;
    }
    s.expect_rest(Duration::from_secs(1))?;
    let mut next = s.arm.send(s.program.trajectory())?;
    s.expect_success(&mut next)?;
    let except: Vec<_> = names.iter().map(String::as_str).collect();
    s.expect_undisturbed(&before, &except)?;
    s.launch.stop();
    let files = folder.names()?;
    ensure!(files.len() >= 2, "{files:?}");
    let first = files.first().context("nothing was recorded")?;
    for file in &files {
        let found = read(&folder.path.join(file))?;
        println!("{file}: {} messages", found.messages);
        ensure!(found.damage.is_none(), "{file}: {:?}", found.damage);
        ensure!(file != first || found.messages > 1_000, "{found:?}");
    }
    Ok(())
}
