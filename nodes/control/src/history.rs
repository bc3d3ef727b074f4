//! Past references, so that a measurement is compared with where the arm should have been then.
#![allow(clippy::indexing_slicing)] // ring indices are taken modulo its length

use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

/// Cycles remembered: 256 ms at 250 Hz, far above any delay at which a joint is not silent.
const LENGTH: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Entry {
    at: Monotonic,
    position: PerJoint<f64>,
    velocity: PerJoint<f64>,
}

/// A ring of references, oldest overwritten.
#[derive(Debug, Clone)]
pub(crate) struct History {
    ring: [Entry; LENGTH],
    count: usize,
}

impl History {
    pub(crate) fn new() -> Self {
        let nothing = Entry { at: Monotonic(0), position: [0.0; JOINTS], velocity: [0.0; JOINTS] };
        Self { ring: [nothing; LENGTH], count: 0 }
    }

    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// Remembers the reference for the instant `at`, later than all before it.
    pub(crate) fn push(&mut self, at: Monotonic, position: PerJoint<f64>, velocity: PerJoint<f64>) {
        self.ring[self.count % LENGTH] = Entry { at, position, velocity };
        self.count += 1;
    }

    /// Position [rad] and velocity [rad/s] that `joint` should have had at `at`: interpolated,
    /// before the oldest the oldest, after the newest the newest; none when nothing is remembered.
    pub(crate) fn at(&self, joint: usize, at: Monotonic) -> Option<(f64, f64)> {
        let kept = self.count.min(LENGTH);
        let entry = |back: usize| &self.ring[(self.count - 1 - back) % LENGTH];
        let older = (0..kept).find(|back| entry(*back).at <= at);
        let Some(older) = older else {
            let oldest = (kept > 0).then(|| entry(kept - 1))?;
            return Some((oldest.position[joint], oldest.velocity[joint]));
        };
        let from = entry(older);
        let to = if older == 0 { from } else { entry(older - 1) };
        let span = to.at.seconds_from(from.at);
        let share = if span > 0.0 { at.seconds_from(from.at) / span } else { 0.0 };
        let between = |a: f64, b: f64| a + (b - a) * share;
        Some((
            between(from.position[joint], to.position[joint]),
            between(from.velocity[joint], to.velocity[joint]),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: u64) -> History {
        let mut history = History::new();
        for k in 0..count {
            history.push(Monotonic(k * 1000), [k as f64; JOINTS], [1.0; JOINTS]);
        }
        history
    }

    #[test]
    fn a_past_instant_is_interpolated() {
        let history = filled(200);
        assert_eq!(history.at(2, Monotonic(190_500)), Some((190.5, 1.0)));
        assert_eq!(history.at(2, Monotonic(190_000)), Some((190.0, 1.0)));
    }

    #[test]
    fn instants_outside_get_the_nearest() {
        let history = filled(200);
        assert_eq!(history.at(0, Monotonic(0)), Some((136.0, 1.0)));
        assert_eq!(history.at(0, Monotonic(u64::MAX)), Some((199.0, 1.0)));
        assert_eq!(History::new().at(0, Monotonic(5)), None);
    }
}
