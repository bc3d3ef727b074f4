//! Many schedules on all cores.
//!
//! The one rule: schedules are taken in the order of their numbers and none is left out, so what was
//! played up to a number is the same on any machine.

use cpu_time::ThreadTime;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use virtual_arm::VirtualConfig;
use virtual_arm::schedule::{Broken, Kind, Played, Schedule};

/// What is to be played.
pub struct Campaign {
    /// Seed of the schedules.
    pub seed: u64,
    /// Virtual time.
    pub wanted: Duration,
    /// Families of faults.
    pub kinds: Vec<Kind>,
    /// Threads.
    pub threads: usize,
    /// Stop after so many failures.
    pub failures: usize,
    /// Only this schedule.
    pub only: Option<u64>,
    /// Parameters of the arm.
    pub reference: VirtualConfig,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Tally {
    /// Schedules that kept all rules.
    pub kept: u64,
    /// Virtual time of those.
    pub life: Duration,
    /// Goals reached while things went wrong.
    pub goals: u64,
    /// Faults by family word of the schedule.
    pub faults: BTreeMap<String, u64>,
    /// Schedules that did not, by number.
    pub failed: BTreeMap<u64, (Schedule, Broken)>,
    /// CPU time of all threads.
    pub work: Duration,
    /// Time on the clock.
    pub wall: Duration,
    /// All recordings as one number; the order of ending does not matter.
    pub hash: u64,
}

impl Tally {
    fn add(&mut self, number: u64, schedule: Schedule, ended: Result<Played, Broken>) {
        for event in &schedule.events {
            *self.faults.entry(event.fault.word().to_owned()).or_default() += 1;
        }
        match ended {
            Ok(played) => {
                self.kept += 1;
                self.life += played.life;
                self.goals += played.goals;
                self.hash ^= played.hash.rotate_left((number % 64) as u32);
            }
            Err(broken) => drop(self.failed.insert(number, (schedule, broken))),
        }
    }

    /// Virtual time per time of one core.
    pub fn ratio(&self) -> f64 {
        self.life.as_secs_f64() / self.work.as_secs_f64().max(1e-9)
    }
}

impl Campaign {
    /// Plays until the time is over or enough has failed.
    pub fn play(&self) -> Tally {
        let begin = Instant::now();
        let (next, stop) = (AtomicU64::new(self.only.unwrap_or(0)), AtomicBool::new(false));
        let tally = Mutex::new(Tally::default());
        let bar = bar(self.wanted);
        std::thread::scope(|scope| {
            let threads = if self.only.is_some() { 1 } else { self.threads };
            for _ in 0..threads {
                scope.spawn(|| self.work(&next, &stop, &tally, &bar));
            }
        });
        bar.finish_and_clear();
        let mut tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        tally.wall = begin.elapsed();
        tally
    }

    fn work(&self, next: &AtomicU64, stop: &AtomicBool, tally: &Mutex<Tally>, bar: &ProgressBar) {
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let begin = ThreadTime::now();
            let schedule = Schedule::draw(self.seed, number, &self.kinds);
            let ended = schedule.play(&self.reference);
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.work += begin.elapsed();
            tally.add(number, schedule, ended);
            bar.set_position(tally.life.as_secs().min(self.wanted.as_secs()));
            bar.set_message(format!("{:.0} x, {} failed", tally.ratio(), tally.failed.len()));
            if self.only.is_some()
                || tally.life >= self.wanted
                || tally.failed.len() >= self.failures
            {
                stop.store(true, Ordering::Relaxed);
            }
        }
    }
}

fn bar(wanted: Duration) -> ProgressBar {
    let bar = ProgressBar::new(wanted.as_secs());
    let template = "{elapsed_precise} [{bar:40}] {pos} of {len} virtual s, {msg}, {eta} left";
    // A template that cannot be read would show the plain bar.
    bar.set_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar
}
