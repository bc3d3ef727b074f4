//! What the kernel says of processes.

use anyhow::{Context, Result};

/// CPU time of all threads of a process, s.
pub fn cpu_time(pid: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold blanks; what is wanted stands behind it.
    let rest = text.rsplit_once(')').context("/proc/…/stat without a name")?.1;
    let field = |index: usize| rest.split_whitespace().nth(index)?.parse::<f64>().ok();
    let ticks = field(11).zip(field(12)).map(|(user, system)| user + system);
    // SAFETY: plain call without arguments in memory.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    Ok(ticks.context("/proc/…/stat without times")? / per_second)
}

/// Largest resident memory of a process so far, bytes.
pub fn peak_memory(pid: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kilobytes.context("/proc/…/status without VmHWM")? * 1024)
}

/// How busy the machine is besides.
#[must_use]
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}
