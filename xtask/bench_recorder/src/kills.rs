//! Kills at random moments: how old is the newest message in the file then?

use crate::phase::{folder, our_pid};
use anyhow::{Context, Result, ensure};
use recording::Reader;
use recording::files;
use rig::{Scenario, Single, process};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time lost in front of each of some kills, s.
pub fn measure(arm: &mut Scenario, trials: u32) -> Result<Vec<f64>> {
    (0..trials).map(|trial| kill(arm, trial)).collect()
}

fn kill(arm: &mut Scenario, trial: u32) -> Result<f64> {
    let folder = folder(&format!("kill-{trial}"))?;
    let place = format!("folder:={}", folder.display());
    let recorder = Single::start("recorder", &[&place, "keep_free_mb:=100.0"])?;
    let pid = our_pid(arm)?;
    // Any phase between two commits.
    let after = 2_500 + u64::from(trial) * 137 % 500;
    std::thread::sleep(Duration::from_millis(after));
    process::signal(pid, libc::SIGKILL)?;
    let killed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
    drop(recorder);
    let files = files(&folder)?;
    let mut reader = Reader::open(files.last().context("nothing was recorded")?)?;
    let newest = reader.by_ref().map(|message| message.log_time).max().unwrap_or(0);
    ensure!(reader.damage().is_none(), "damaged by the kill: {:?}", reader.damage());
    std::fs::remove_dir_all(&folder)?;
    Ok(killed - newest as f64 * 1e-9)
}
