//! Counts downtime: when the arm was not under valid control for more than 200 ms, or needed a person.
//!
//! The one rule: control is judged by what the drivers say of themselves (every joint obeys a valid
//! command now), not by what the supervisor believes.

/// Time without valid control that is no downtime yet, s.
const GRACE: f64 = 0.2;

/// One downtime event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Downtime {
    /// When it began, s.
    pub begin: f64,
    /// How long it lasted, s.
    pub length: f64,
    /// Whether somebody had to come.
    pub person: bool,
}

/// What an observer sees at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// All joints obey a valid command.
    pub in_hand: bool,
    /// The arm waits for a person.
    pub waits: bool,
}

/// The count of one run.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    since: Option<f64>,
    loose_since: Option<f64>,
    counts: bool,
    person: bool,
    /// Events that are over.
    pub events: Vec<Downtime>,
}

impl Meter {
    /// One look, at `now` s.
    pub fn look(&mut self, now: f64, view: View) {
        if view.in_hand && !view.waits {
            self.close(now);
            return;
        }
        let since = *self.since.get_or_insert(now);
        self.loose_since = if view.in_hand { None } else { self.loose_since.or(Some(now)) };
        self.person |= view.waits;
        let loose = self.loose_since.is_some_and(|loose| now - loose > GRACE);
        self.counts |= loose || view.waits;
        debug_assert!(since <= now);
    }

    /// Whether it is down now, and since when, s.
    pub fn down_since(&self) -> Option<f64> {
        self.since.filter(|_| self.counts)
    }

    /// The run is over, or the arm works again.
    pub fn close(&mut self, now: f64) {
        if let Some(begin) = self.since.take().filter(|_| self.counts) {
            self.events.push(Downtime { begin, length: now - begin, person: self.person });
        }
        (self.loose_since, self.counts, self.person) = (None, false, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: View = View { in_hand: true, waits: false };
    const LOOSE: View = View { in_hand: false, waits: false };
    const WAITS: View = View { in_hand: true, waits: true };

    fn seconds(meter: &Meter) -> f64 {
        meter.events.iter().map(|event| event.length).sum()
    }

    fn run(views: &[(View, usize)]) -> Meter {
        let mut meter = Meter::default();
        let mut now = 0.0;
        for (view, count) in views {
            for _ in 0..*count {
                meter.look(now, *view);
                now += 0.01;
            }
        }
        meter.close(now);
        meter
    }

    #[test]
    fn a_fifth_of_a_second_without_control_is_no_downtime_and_more_is() {
        assert!(run(&[(GOOD, 5), (LOOSE, 20), (GOOD, 5)]).events.is_empty());
        let long = run(&[(GOOD, 5), (LOOSE, 40), (GOOD, 5)]);
        assert_eq!(long.events.len(), 1);
        assert!((seconds(&long) - 0.4).abs() < 1e-9 && !long.events[0].person);
    }

    #[test]
    fn short_gaps_one_after_the_other_do_not_add_up_to_one() {
        let gaps = run(&[(LOOSE, 15), (GOOD, 1), (LOOSE, 15), (GOOD, 1)]);
        assert!(gaps.events.is_empty());
    }

    #[test]
    fn an_arm_that_waits_for_somebody_is_down_at_once_and_until_it_goes_on() {
        let meter = run(&[(GOOD, 5), (LOOSE, 10), (WAITS, 100), (GOOD, 5)]);
        assert_eq!(meter.events.len(), 1);
        assert!((seconds(&meter) - 1.1).abs() < 1e-9 && meter.events[0].person);
    }
}
