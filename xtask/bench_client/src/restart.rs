//! A process that commands nothing is killed and started again: what its coming back costs those who
//! move.

use crate::judge::longest_gap;
use crate::motion::Moving;
use anyhow::Result;
use indicatif::ProgressBar;
use std::time::Duration;

/// Longest time without a newly accepted command around each restart of `joint_state`, s.
pub fn measure(trials: u64) -> Result<Vec<f64>> {
    let mut moving = Moving::start("bench-restart", &[])?;
    moving.keep_moving(Duration::from_secs(2))?;
    let bar = ProgressBar::new(trials);
    let mut gaps = Vec::new();
    for _ in 0..trials {
        moving.forget();
        let before = moving.scenario.boots();
        moving.scenario.kill("joint_state")?;
        moving.scenario.wait_until_back("joint_state", &before)?;
        moving.keep_moving(Duration::from_secs(2))?;
        gaps.push(moving.ears.with(|heard| {
            heard.samples.iter().map(|samples| longest_gap(samples)).fold(0.0, f64::max)
        }));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(gaps)
}
