//! Schedules that once broke a rule or left the arm unable to go on, found by `cargo xtask simulate`:
//! one file each in `schedules/`, which says what it found; in `open_schedules/` as long as it still fails.

use anyhow::{Result, ensure};
use std::path::PathBuf;
use virtual_arm::VirtualConfig;
use virtual_arm::schedule::Schedule;

fn files(folder: &str) -> Result<Vec<PathBuf>> {
    let folder = format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path()));
    let mut files = entries.collect::<Result<Vec<_>>>()?;
    files.sort();
    ensure!(!files.is_empty(), "{folder} is empty");
    Ok(files)
}

#[test]
fn schedules_that_once_failed_keep_all_rules_now() -> Result<()> {
    let reference = VirtualConfig::reference()?;
    for file in files("schedules")? {
        let schedule = Schedule::read(&file)?;
        let kept = schedule.play(&reference);
        ensure!(
            kept.is_ok(),
            "{}: {}",
            file.display(),
            kept.err().map_or(String::new(), |b| b.to_string())
        );
        // To the byte the same again: otherwise nothing that fails could be looked into.
        ensure!(schedule.play(&reference) == kept, "{} differs when played again", file.display());
    }
    Ok(())
}

#[test]
#[ignore = "they fail: what they found is not mended yet"]
fn schedules_that_still_fail_keep_all_rules() -> Result<()> {
    let reference = VirtualConfig::reference()?;
    for file in files("open_schedules")? {
        let kept = Schedule::read(&file)?.play(&reference);
        ensure!(
            kept.is_ok(),
            "{}: {}",
            file.display(),
            kept.err().map_or(String::new(), |b| b.to_string())
        );
    }
    Ok(())
}

/// A rule that cannot break is no rule, and a search that finds nothing shorter is no search.
#[test]
fn a_schedule_that_breaks_a_rule_is_found_and_shrunk_to_what_matters() -> Result<()> {
    use virtual_arm::schedule::{Broken, Kind, shrink};
    let mut reference = VirtualConfig::reference()?;
    // An arm without brakes that begins outstretched: it falls as soon as its power is taken.
    reference.hardware.brake.fitted = false;
    reference.hardware.initial_position = [0.0, 0.8, 0.0, 0.0, 0.0, 0.0];
    let schedule = Schedule::draw(1, 5, &[Kind::Crash]);
    let broken = schedule.play(&reference).err();
    let Some(Broken::Invariant(_)) = &broken else { anyhow::bail!("{broken:?}") };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(3600);
    let Some(broken) = broken else { return Ok(()) };
    let short = shrink(&schedule, broken, &reference, deadline);
    ensure!(short.schedule.events.is_empty(), "{:?}", short.schedule.events);
    ensure!(short.schedule.play(&reference).err() == Some(short.broken));
    Ok(())
}
