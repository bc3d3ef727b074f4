//! A cycle that begins at fixed instants, real-time priority when the kernel grants it, and an
//! honest count of how late it was.
//!
//! The rule: instants are `start + n · period` on the steady clock and never drift; a cycle that is
//! missed altogether is counted late and skipped, not made up for in a burst.

use crate::clock::monotonic;
use crate::company;
use crate::middleware;
use crate::params::ShellConfig;
use std::time::Duration;
use vocabulary::durations::DurationHistogram;
use vocabulary::health::{CycleStatistics, LogLine, NodeHealth};
use vocabulary::time::Monotonic;

/// From here on a cycle counts as late.
const LATE: Duration = Duration::from_millis(1);

/// How far below the cycle those threads of the middleware run that carry no data.
const BELOW_CYCLE: i32 = 10;

/// Most by which one cycle is moved to follow a beat, ns.
const SLEW: i64 = 20_000;

/// Cycles in which a deviation from the beat shrinks to a third: long enough to average the jitter
/// of single beats away.
const FOLLOW_CYCLES: i64 = 32;

/// Priority of the threads that serve discovery: below all data, but above everything that is not
/// real-time, because they hold locks of the middleware now and then.
const DISCOVERY: i32 = 1;

/// So begin the names of the middleware's threads. Where several nodes share a process, all others belong
/// to one of them, and only he speaks for them.
const MIDDLEWARE: &str = "dds.";

/// Counts cycles and their lateness, for any kind of loop.
#[derive(Debug, Clone, Copy, Default)]
pub struct CycleMeter {
    statistics: CycleStatistics,
    lateness: DurationHistogram,
    busy: DurationHistogram,
}

impl CycleMeter {
    /// For a cycle of this nominal period.
    #[must_use]
    pub fn new(period: Duration) -> Self {
        let statistics = CycleStatistics { period: period.as_secs_f64(), ..Default::default() };
        Self { statistics, ..Self::default() }
    }

    /// One cycle began this long after its time.
    pub fn began(&mut self, lateness: Duration) {
        self.statistics.count += 1;
        self.statistics.late += u64::from(lateness > LATE);
        self.statistics.worst_lateness = self.statistics.worst_lateness.max(lateness.as_secs_f64());
        self.lateness.record(lateness.as_secs_f64());
    }

    /// The work of a cycle took this long.
    pub fn worked(&mut self, time: Duration) {
        self.busy.record(time.as_secs_f64());
    }

    /// Both histograms by name.
    #[must_use]
    pub fn durations(&self) -> Vec<(&'static str, DurationHistogram)> {
        vec![("lateness", self.lateness), ("busy", self.busy)]
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
    woken: Option<Monotonic>,
    meter: CycleMeter,
}

impl CycleTimer {
    /// The first cycle begins one period from now.
    #[must_use]
    pub fn new(period: Duration) -> Self {
        let meter = CycleMeter::new(period);
        Self { period, next: monotonic() + period, woken: None, meter }
    }

    /// Sleeps until the next instant and returns it.
    pub fn wait(&mut self) -> Monotonic {
        if let Some(woken) = self.woken {
            self.meter.worked(monotonic().since(woken));
        }
        sleep_until(self.next);
        let (began, woken) = (self.next, monotonic());
        let lateness = woken.since(began);
        self.meter.began(lateness);
        self.woken = Some(woken);
        self.next = following(began, self.period, lateness);
        began
    }

    /// Drifts towards cycles that begin `phase` after the beats of something periodic with the same
    /// period, one of which was at `beat`. Each call moves the raster by at most [`SLEW`], so that
    /// no cycle is noticeably shorter than another.
    pub fn follow(&mut self, beat: Monotonic, phase: Duration) {
        let off = phase_error(self.next, beat + phase, self.period);
        let slew = (off / FOLLOW_CYCLES).clamp(-SLEW, SLEW);
        self.next = Monotonic(self.next.0.saturating_add_signed(slew));
    }

    /// The counts since start.
    #[must_use]
    pub fn statistics(&self) -> CycleStatistics {
        self.meter.statistics()
    }
}

/// How far `next` has to move to lie on the raster of `beat`, ns, at most half a period.
fn phase_error(next: Monotonic, beat: Monotonic, period: Duration) -> i64 {
    let period = i64::try_from(period.as_nanos()).unwrap_or(i64::MAX).max(1);
    let apart = i128::from(beat.0) - i128::from(next.0);
    let error = i64::try_from(apart.rem_euclid(i128::from(period))).unwrap_or(0);
    if error > period / 2 { error - period } else { error }
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
        health.durations.extend(self.meter.durations());
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

/// Asks for real-time scheduling: the calling thread and those that receive its data at the priority
/// wished for (a cycle that runs while its news waits for the processor takes everybody for silent),
/// the middleware's other threads below it but above everything that is not real-time, because the
/// cycle shares locks with them. Says in one line what is refused. Where several nodes share a process,
/// the threads of the others stay as they are.
#[must_use]
pub fn request(wish: Realtime) -> Vec<LogLine> {
    let mut lines = Vec::new();
    if wish.priority > 0 {
        // The middleware serves the most urgent of all nodes that share it.
        let most = company::most_urgent(wish.priority);
        let below = (most - BELOW_CYCLE).max(1);
        for thread in threads() {
            let name = name_of(thread);
            if company::is_shared() && !name.starts_with(MIDDLEWARE) {
                continue;
            }
            // A thread that ended meanwhile, or a refusal that the next call reports.
            let priority = match duty_of(&name) {
                Duty::Data => most,
                Duty::Discovery => DISCOVERY,
                Duty::Other => below,
            };
            let _told_below = schedule(thread, priority);
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

/// Gives way to whatever else runs: the calling thread, and those that it starts from now on.
pub fn give_way(nice: i32) {
    // SAFETY: plain system call; 0 is the calling thread on Linux.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) };
}

/// Puts a thread (0: the calling one) under SCHED_FIFO.
fn schedule(thread: libc::pid_t, priority: i32) -> std::io::Result<()> {
    let parameters = libc::sched_param { sched_priority: priority };
    // SAFETY: plain system call, the parameters are valid.
    let failed =
        unsafe { libc::sched_setscheduler(thread, libc::SCHED_FIFO, &raw const parameters) } != 0;
    if failed { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

/// What a thread of this process is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    /// Receives what others publish for us.
    Data,
    /// Serves discovery. A process that appears makes every other one work for tens of milliseconds;
    /// that work must not delay anybody's data.
    Discovery,
    /// Anything else.
    Other,
}

/// The duty of a thread by its name: receivers of the middleware carry their port in it.
fn duty_of(name: &str) -> Duty {
    let port = name.strip_prefix("dds.udp.").and_then(|port| port.parse::<u16>().ok());
    match port {
        Some(port) if middleware::receives_data(port) => Duty::Data,
        Some(_) => Duty::Discovery,
        None => Duty::Other,
    }
}

fn name_of(thread: libc::pid_t) -> String {
    let name = std::fs::read_to_string(format!("/proc/self/task/{thread}/comm"));
    name.unwrap_or_default().trim_end().to_owned()
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
    fn discovery_is_told_from_data_by_its_port() {
        assert_eq!(duty_of("dds.udp.7410"), Duty::Discovery);
        assert_eq!(duty_of("dds.udp.7411"), Duty::Data);
        assert_eq!([duty_of("control"), duty_of("dds.ev.0")], [Duty::Other; 2]);
    }

    #[test]
    fn missed_cycles_are_skipped_not_made_up_for() {
        let period = Duration::from_millis(4);
        let next = following(Monotonic(0), period, Duration::from_millis(9));
        assert_eq!(next, Monotonic(12_000_000));
    }

    #[test]
    fn a_timer_out_of_phase_settles_on_the_beat() {
        let period = Duration::from_millis(4);
        for start in [0, 1_300_000, 2_100_000, 3_999_999] {
            let mut next = Monotonic(100_000_000 + start);
            for cycle in 0..400_u64 {
                let beat = Monotonic(90_000_000 + cycle * 4_000_000);
                let off = phase_error(next, beat + Duration::from_millis(3), period);
                next = Monotonic(
                    next.0.saturating_add_signed((off / FOLLOW_CYCLES).clamp(-SLEW, SLEW)),
                );
                next = next + period;
            }
            let off = phase_error(next, Monotonic(93_000_000), period);
            assert!(off.abs() < 1_000, "{start}: {off} ns");
        }
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
