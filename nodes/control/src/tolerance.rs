//! Whether the arm is where the reference was, joint by joint, every cycle.
//!
//! A process that was held up for long has let the drives wait as well: they are behind then, and
//! catch up. What is found in that time counts when it is still there afterwards.

use crate::law::Measured;
use std::time::Duration;
use vocabulary::joint::PerJoint;
use vocabulary::plan::{Tolerance, Violation};
use vocabulary::time::Monotonic;

/// Time in which drives catch up.
const CATCH_UP: Duration = Duration::from_millis(150);

/// Violations that a pause of our own explains.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Excuse {
    /// Since when there is one without a break.
    since: Option<Monotonic>,
}

impl Excuse {
    /// Whether what was found now is excused by a pause that ended at `held_up`. Nothing is for longer
    /// than [`CATCH_UP`].
    pub(crate) fn covers(&mut self, found: bool, now: Monotonic, held_up: Monotonic) -> bool {
        if !found {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        now.since(since) < CATCH_UP && now.since(held_up) < CATCH_UP
    }
}

/// The first joint outside its tolerance.
pub(crate) fn first_violation(
    measured: &PerJoint<Option<Measured>>,
    tolerance: &PerJoint<Tolerance>,
    at_goal: bool,
    path_time: f64,
) -> Option<Violation> {
    measured.iter().zip(tolerance).enumerate().find_map(|(joint, (measured, tolerance))| {
        let measured = measured.as_ref()?;
        let checks = [
            (false, measured.error_position, tolerance.position),
            (true, measured.error_velocity, tolerance.velocity),
        ];
        checks.into_iter().find(|(_, error, limit)| error.abs() > *limit).map(
            |(velocity, error, limit)| Violation {
                joint,
                at_goal,
                velocity,
                error,
                limit,
                path_time,
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn what_is_found_after_a_pause_counts_when_it_stays() {
        let mut excuse = Excuse::default();
        let held_up = Monotonic(1000 * MS);
        assert!(excuse.covers(true, Monotonic(1004 * MS), held_up));
        assert!(!excuse.covers(false, Monotonic(1040 * MS), held_up));
        assert!(excuse.covers(true, Monotonic(1100 * MS), held_up));
        assert!(!excuse.covers(true, Monotonic(1160 * MS), held_up));
    }

    #[test]
    fn without_a_pause_nothing_is_excused() {
        let mut excuse = Excuse::default();
        assert!(!excuse.covers(true, Monotonic(1004 * MS), Monotonic(0)));
    }

    #[test]
    fn pauses_without_end_excuse_nothing_for_long() {
        let mut excuse = Excuse::default();
        let covered = |excuse: &mut Excuse, ms: u64| {
            excuse.covers(true, Monotonic(ms * MS), Monotonic((ms - 4) * MS))
        };
        assert!((0..30).all(|k| covered(&mut excuse, 1000 + 5 * k)));
        assert!((30..60).all(|k| !covered(&mut excuse, 1000 + 5 * k)));
    }
}
