//! What the kernel says of processes.

use anyhow::{Context, Result};
use std::collections::BTreeSet;

/// Fields of `/proc/<pid>/stat` behind the name: user and system time, and the start, ticks.
const USER: usize = 11;
const SYSTEM: usize = 12;
const START: usize = 19;

/// One field of `/proc/<pid>/stat`, s.
fn seconds(pid: u32, field: usize) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold blanks; what is wanted stands behind it.
    let rest = text.rsplit_once(')').context("/proc/…/stat without a name")?.1;
    let ticks = rest.split_whitespace().nth(field).and_then(|word| word.parse::<f64>().ok());
    // SAFETY: plain call without arguments in memory.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    Ok(ticks.context("/proc/…/stat is too short")? / per_second)
}

/// CPU time of all threads of these processes, s.
pub fn cpu_time(pids: &BTreeSet<u32>) -> Result<f64> {
    pids.iter().map(|pid| Ok(seconds(*pid, USER)? + seconds(*pid, SYSTEM)?)).sum()
}

/// How long ago a process was started, s.
pub fn age(pid: u32) -> Result<f64> {
    let text = std::fs::read_to_string("/proc/uptime")?;
    let up = text.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
    Ok(up.context("/proc/uptime")? - seconds(pid, START)?)
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

/// How busy the machine is.
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}
