//! A cycle that begins at fixed instants, real-time priority when the kernel grants it, and an
//! honest count of how late it was.
//!
//! The rule: instants are `start + n · period` on the steady clock and never drift; a cycle that is
//! missed altogether is counted late and skipped, not made up for in a burst.

use crate::clock::monotonic;
use crate::params::ShellConfig;
use std::time::Duration;
use vocabulary::health::{CycleStatistics, LogLine, NodeHealth};
use vocabulary::time::Monotonic;

/// From here on a cycle counts as late.
const LATE: Duration = Duration::from_millis(1);

/// How far below the cycle the middleware's threads run.
const BELOW_CYCLE: i32 = 10;

/// Counts cycles and their lateness, for any kind of loop.
#[derive(Debug, Clone, Copy, Default)]
pub struct CycleMeter {
    statistics: CycleStatistics,
}

impl CycleMeter {
    /// For a cycle of this nominal period.
    #[must_use]
    pub fn new(period: Duration) -> Self {
        let statistics = CycleStatistics { period: period.as_secs_f64(), ..Default::default() };
        Self { statistics }
    }

    /// One cycle began this long after its time.
    pub fn began(&mut self, lateness: Duration) {
        self.statistics.count += 1;
        self.statistics.late += u64::from(lateness > LATE);
        self.statistics.worst_lateness = self.statistics.worst_lateness.max(lateness.as_secs_f64());
    }

    /// The counts since start.
    #[must_use]
    pub fn statistics(&self) -> CycleStatistics {
        self.statistics
    }
}

/// Sleeps to absolute instants of the steady clock.
#[derive(Debug)]
pub struct CycleTimer {
    period: Duration,
    next: Monotonic,
    meter: CycleMeter,
}

impl CycleTimer {
    /// The first cycle begins one period from now.
    #[must_use]
    pub fn new(period: Duration) -> Self {
        Self { period, next: monotonic() + period, meter: CycleMeter::new(period) }
    }

    /// Sleeps until the next instant and returns it.
    pub fn wait(&mut self) -> Monotonic {
        sleep_until(self.next);
        let began = self.next;
        let lateness = monotonic().since(began);
        self.meter.began(lateness);
        self.next = following(began, self.period, lateness);
        began
    }

    /// The counts since start.
    #[must_use]
    pub fn statistics(&self) -> CycleStatistics {
        self.meter.statistics()
    }
}

/// The first instant of the raster that is still to come.
fn following(began: Monotonic, period: Duration, lateness: Duration) -> Monotonic {
    let missed = lateness.as_nanos() / period.as_nanos().max(1);
    let steps = u32::try_from(missed).unwrap_or(u32::MAX).saturating_add(1);
    began + period.saturating_mul(steps)
}

/// Blocks the thread until `instant`, or until a signal asks the process to end.
pub(crate) fn sleep_until(instant: Monotonic) {
    let until = libc::timespec {
        tv_sec: (instant.0 / 1_000_000_000) as libc::time_t,
        tv_nsec: (instant.0 % 1_000_000_000) as libc::c_long,
    };
    // SAFETY: `until` is a valid timespec; no remainder is asked for with TIMER_ABSTIME.
    let sleep = || unsafe {
        libc::clock_nanosleep(
            libc::CLOCK_MONOTONIC,
            libc::TIMER_ABSTIME,
            &raw const until,
            std::ptr::null_mut(),
        )
    };
    while sleep() == libc::EINTR && !crate::signal::stop_requested() {}
}

/// What a node says of itself, with the cycles as this meter saw them.
pub type Report = (NodeHealth, Vec<(&'static str, String)>);

impl CycleTimer {
    /// Puts the cycle counts into a node's health; no further diagnostic values.
    #[must_use]
    pub fn annotate(&self, mut health: NodeHealth) -> Report {
        let refused = health.cycles.refused;
        health.cycles = CycleStatistics { refused, ..self.statistics() };
        (health, Vec::new())
    }
}

/// What a process asks of the scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Realtime {
    /// SCHED_FIFO priority, 1 to 99; 0 asks for nothing.
    pub priority: i32,
    /// Keep all pages in memory.
    pub lock_memory: bool,
}

impl Realtime {
    /// What the parameters ask for, or this node's own priority.
    #[must_use]
    pub fn of(config: ShellConfig, default_priority: i32) -> Self {
        let priority = config.realtime_priority.unwrap_or(default_priority);
        Self { priority, lock_memory: config.lock_memory }
    }
}

/// Asks for real-time scheduling: the calling thread at the priority wished for, the middleware's
/// threads below it but above everything that is not real-time, because the cycle shares locks with
/// them. Says in one line what is refused.
#[must_use]
pub fn request(wish: Realtime) -> Vec<LogLine> {
    let mut lines = Vec::new();
    if wish.priority > 0 {
        let below = (wish.priority - BELOW_CYCLE).max(1);
        for thread in threads() {
            // A thread that ended meanwhile, or a refusal that the next call reports.
            let _told_below = schedule(thread, below);
        }
        if schedule(0, wish.priority).is_err() {
            lines.push(refusal(&format!("SCHED_FIFO {}", wish.priority), "rtprio"));
        }
    }
    // SAFETY: plain system call without arguments in memory.
    if wish.lock_memory && unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE) } != 0 {
        lines.push(refusal("mlockall", "memlock"));
    }
    lines
}

/// Puts a thread (0: the calling one) under SCHED_FIFO.
fn schedule(thread: libc::pid_t, priority: i32) -> std::io::Result<()> {
    let parameters = libc::sched_param { sched_priority: priority };
    // SAFETY: plain system call, the parameters are valid.
    let failed =
        unsafe { libc::sched_setscheduler(thread, libc::SCHED_FIFO, &raw const parameters) } != 0;
    if failed { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

/// The threads of this process.
fn threads() -> Vec<libc::pid_t> {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    tasks.flatten().filter_map(|task| task.file_name().to_str()?.parse().ok()).collect()
}

fn refusal(what: &str, limit: &str) -> LogLine {
    let error = std::io::Error::last_os_error();
    LogLine::warn(format!(
        "{what} refused ({error}): cycles may come late under load; raise {limit} in \
         /etc/security/limits.conf or start with CAP_SYS_NICE"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_late_by_less_than_a_period_keeps_the_raster() {
        let period = Duration::from_millis(4);
        let next = following(Monotonic(1_000), period, Duration::from_millis(3));
        assert_eq!(next, Monotonic(1_000) + period);
    }

    #[test]
    fn missed_cycles_are_skipped_not_made_up_for() {
        let period = Duration::from_millis(4);
        let next = following(Monotonic(0), period, Duration::from_millis(9));
        assert_eq!(next, Monotonic(12_000_000));
    }

    #[test]
    fn lateness_beyond_a_millisecond_is_counted() {
        let mut meter = CycleMeter::new(Duration::from_millis(4));
        meter.began(Duration::from_micros(900));
        meter.began(Duration::from_micros(1_100));
        assert_eq!((meter.statistics().count, meter.statistics().late), (2, 1));
        assert!((meter.statistics().worst_lateness - 0.0011).abs() < 1e-12);
    }
}
