//! What the processes of the arm use, as the kernel says.
//!
//! The one rule: memory that processes share is divided between them (proportional set size), so that
//! many small processes are not charged for one library many times.

use crate::motion::Moving;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

/// Nodes that stand for hardware.
const HARDWARE: [&str; 2] = ["can_hub", "servo_sim"];

/// What the arm's processes use.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Processes.
    pub processes: usize,
    /// Their threads.
    pub threads: usize,
    /// CPU time per time.
    pub cpu: f64,
    /// Bytes.
    pub memory: f64,
}

/// Process ids of all nodes but the hardware.
pub fn processes(moving: &Moving) -> BTreeSet<u32> {
    let beats = &moving.scenario.arm.world.heartbeats;
    let ours = beats.iter().filter(|(node, _)| !HARDWARE.contains(&node.as_str()));
    ours.map(|(_, beat)| beat.pid).collect()
}

/// Lets the arm work and looks at what that costs.
pub fn measure(moving: &mut Moving, seconds: u64) -> Result<Usage> {
    moving.keep_moving(Duration::from_secs(3))?;
    let pids = processes(moving);
    let (begin, before) = (Instant::now(), cpu_of_all(&pids)?);
    moving.keep_moving(Duration::from_secs(seconds))?;
    let cpu = (cpu_of_all(&pids)? - before) / begin.elapsed().as_secs_f64();
    let threads = pids.iter().map(|pid| threads(*pid)).sum::<Result<usize>>()?;
    let memory = pids.iter().map(|pid| memory(*pid)).sum::<Result<f64>>()?;
    Ok(Usage { processes: pids.len(), threads, cpu, memory })
}

fn cpu_of_all(pids: &BTreeSet<u32>) -> Result<f64> {
    pids.iter().map(|pid| cpu(*pid)).sum()
}

/// CPU time of a process so far, s.
fn cpu(pid: u32) -> Result<f64> {
    let text = read(pid, "stat")?;
    // The name may hold spaces: fields are counted behind it.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = rest.split_whitespace().skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|field| field.parse::<f64>().ok()).sum();
    // SAFETY: plain call without arguments in memory.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    Ok(ticks / per_second)
}

fn threads(pid: u32) -> Result<usize> {
    let folder = format!("/proc/{pid}/task");
    Ok(fs::read_dir(&folder).with_context(|| folder.clone())?.count())
}

fn memory(pid: u32) -> Result<f64> {
    let text = read(pid, "smaps_rollup")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.with_context(|| format!("process {pid} shows no Pss"))? * 1024.0)
}

fn read(pid: u32, what: &str) -> Result<String> {
    let path = format!("/proc/{pid}/{what}");
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}
