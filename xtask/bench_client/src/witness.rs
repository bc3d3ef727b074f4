//! What this machine does to a bare real-time loop while the arm is measured.
//!
//! The one rule: the witness knows nothing of the arm. A thread above all nodes wakes 250 times a
//! second and does a fixed piece of arithmetic that touches no memory. Where that takes many times
//! as long as usual, the machine was slow, whatever the arm did.

use rig::drives::steady_clock;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Above every node of the arm.
const PRIORITY: i32 = 80;

/// Time between two pieces of work.
const PERIOD: Duration = Duration::from_millis(4);

/// Multiplications per piece: about 50 µs.
const WORK: u32 = 12_000;

/// A piece that takes so many times the median was done by a slow machine.
const SLOW: f64 = 3.0;

/// As for the arm's cycles: from here on a cycle is late, s.
const LATE: f64 = 1e-3;

/// One piece of work.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// When it was due, s.
    due: f64,
    /// When it ended after that, s.
    ended: f64,
    /// How long the work took, s.
    took: f64,
}

/// A running witness.
pub struct Witness {
    pieces: Arc<Mutex<Vec<Piece>>>,
    stop: Arc<AtomicBool>,
}

/// What it saw.
#[derive(Debug, Clone)]
pub struct Testimony {
    pieces: Vec<Piece>,
    usual: f64,
}

impl Witness {
    /// Begins to watch.
    #[must_use]
    pub fn start() -> Self {
        let witness = Self { pieces: Arc::default(), stop: Arc::default() };
        let (pieces, stop) = (Arc::clone(&witness.pieces), Arc::clone(&witness.stop));
        std::thread::spawn(move || watch(&pieces, &stop));
        witness
    }

    /// What was seen so far.
    #[must_use]
    pub fn testimony(&self) -> Testimony {
        let pieces = self.pieces.lock().map(|pieces| pieces.clone()).unwrap_or_default();
        let took: Vec<f64> = pieces.iter().map(|piece| piece.took).collect();
        Testimony { usual: report::quantile(&took, 0.5), pieces }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Testimony {
    /// Whether the machine was slow somewhere between two instants of the steady clock, s.
    #[must_use]
    pub fn slow_between(&self, from: f64, to: f64) -> bool {
        let mut slow = self.pieces.iter().filter(|piece| self.is_slow(piece));
        slow.any(|piece| piece.due + piece.ended >= from && piece.due <= to)
    }

    fn is_slow(&self, piece: &Piece) -> bool {
        piece.took > SLOW * self.usual || piece.ended - piece.took > LATE
    }

    /// Cycles of the bare loop that ended late.
    #[must_use]
    pub fn late(&self) -> usize {
        self.pieces.iter().filter(|piece| piece.ended > LATE).count()
    }

    /// Everything, for the report.
    #[must_use]
    pub fn detail(&self) -> serde_json::Value {
        let slow = self.pieces.iter().filter(|piece| self.is_slow(piece)).count();
        let at = |q: f64, value: fn(&Piece) -> f64| {
            let values: Vec<f64> = self.pieces.iter().map(value).collect();
            report::quantile(&values, q) * 1e6
        };
        serde_json::json!({
            "cycles": self.pieces.len(),
            "late_cycles": self.late(),
            "slow_share": slow as f64 / self.pieces.len().max(1) as f64,
            "work_us_p50": at(0.5, |p| p.took),
            "work_us_p99": at(0.99, |p| p.took),
            "wake_up_us_p99": at(0.99, |p| p.ended - p.took),
        })
    }
}

fn watch(pieces: &Mutex<Vec<Piece>>, stop: &AtomicBool) {
    let parameters = libc::sched_param { sched_priority: PRIORITY };
    // SAFETY: plain system call for the calling thread; where it is refused, the witness is as good
    // as an ordinary thread.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameters) };
    let mut due = steady_clock();
    while !stop.load(Ordering::Relaxed) {
        due += PERIOD.as_secs_f64();
        std::thread::sleep(Duration::from_secs_f64((due - steady_clock()).max(0.0)));
        let began = steady_clock();
        let mut x = 1.0_f64;
        for _ in 0..WORK {
            x = black_box(x * 1.000_000_1 + 1e-9);
        }
        let now = steady_clock();
        let piece = Piece { due, ended: now - due, took: now - began };
        if let Ok(mut pieces) = pieces.lock() {
            pieces.push(piece);
        }
        due = due.max(now - PERIOD.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_piece_is_found_in_its_time_and_only_there() {
        let piece = |k: u32| {
            let took = if k == 50 { 9e-4 } else { 5e-5 };
            Piece { due: f64::from(k) * 0.004, ended: took + 1e-4, took }
        };
        let testimony = Testimony { pieces: (0..100).map(piece).collect(), usual: 5e-5 };
        assert!(testimony.slow_between(0.198, 0.204));
        assert!(!testimony.slow_between(0.0, 0.19) && !testimony.slow_between(0.21, 0.3));
        assert_eq!(testimony.late(), 0);
    }
}
