//! What the kernel says of processes.

use anyhow::{Context, Result};
use rig::process;
use std::collections::BTreeSet;

/// CPU time of all threads of these processes, s.
pub fn cpu_time(pids: &BTreeSet<u32>) -> Result<f64> {
    pids.iter().map(|pid| process::cpu_time(*pid)).sum()
}

/// Memory of these processes, pages that several share divided among them, MB.
pub fn memory(pids: &BTreeSet<u32>) -> Result<f64> {
    pids.iter().map(|pid| share(*pid)).sum()
}

fn share(pid: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.with_context(|| format!("no Pss of process {pid}"))? / 1024.0)
}
