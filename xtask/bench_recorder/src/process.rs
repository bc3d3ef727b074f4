//! What the kernel says of processes.

use anyhow::{Context, Result};

/// Largest resident memory of a process so far, bytes.
pub fn peak_memory(pid: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kilobytes.context("/proc/…/status without VmHWM")? * 1024)
}
