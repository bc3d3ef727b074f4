//! Whether a drive's feedback comes as often as it should.
//!
//! The one rule: silence is counted in SYNCs that this process met in time, not in time, so that
//! neither a process that was held up nor a bus without SYNC puts the blame on a drive.

/// Feedback too many before a second device is suspected: 10 periods at twice the rate.
const DOUBLE_AFTER: u32 = 10;

/// Counts feedback against SYNCs.
#[derive(Debug, Clone, Copy)]
pub struct FeedbackWatch {
    silent_after: u32,
    since_sync: u32,
    missed: u32,
    surplus: u32,
}

impl FeedbackWatch {
    /// A watch that calls a drive silent after this many SYNCs without feedback.
    #[must_use]
    pub fn new(silent_after: u32) -> Self {
        Self { silent_after, since_sync: 0, missed: 0, surplus: 0 }
    }

    /// Begins anew, as after a pause.
    pub fn reset(&mut self) {
        *self = Self::new(self.silent_after);
    }

    /// A feedback frame came, whatever its worth.
    pub fn frame(&mut self) {
        self.since_sync = self.since_sync.saturating_add(1);
    }

    /// The frame was usable.
    pub fn accept(&mut self) {
        self.missed = 0;
    }

    /// A SYNC was sent or heard. A backlog read at once after a pause counts as one period too many,
    /// and regular periods make up for it: only feedback that keeps coming too often is suspect.
    ///
    /// A SYNC is no evidence of silence unless we were `punctual`: what held us up, has held up the
    /// drive's answer or the way to us as well.
    pub fn sync(&mut self, punctual: bool) {
        let doubled = self.since_sync > 1;
        self.surplus = if doubled { self.surplus + 1 } else { self.surplus.saturating_sub(1) };
        self.since_sync = 0;
        self.missed = self.missed.saturating_add(u32::from(punctual));
    }

    /// Whether more SYNCs than allowed stayed without answer. The newest SYNC's answer may
    /// still be on its way.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.missed > self.silent_after
    }

    /// SYNCs since the last feedback.
    #[must_use]
    pub fn missed(&self) -> u32 {
        self.missed
    }

    /// Whether more feedback comes than one drive sends.
    #[must_use]
    pub fn is_doubled(&self) -> bool {
        self.surplus >= DOUBLE_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_unanswered_syncs_are_silence_and_one_answer_ends_it() {
        let mut watch = FeedbackWatch::new(3);
        (0..4).for_each(|_| watch.sync(true));
        assert!(watch.is_silent());
        watch.frame();
        watch.accept();
        assert!(!watch.is_silent());
        (0..3).for_each(|_| watch.sync(true));
        assert!(!watch.is_silent());
    }

    #[test]
    fn syncs_met_late_are_no_evidence_of_silence() {
        let mut watch = FeedbackWatch::new(3);
        (0..50).for_each(|_| watch.sync(false));
        assert!(!watch.is_silent());
        (0..4).for_each(|_| watch.sync(true));
        assert!(watch.is_silent());
    }

    #[test]
    fn feedback_that_slips_behind_the_next_sync_is_not_taken_for_a_double() {
        let mut watch = FeedbackWatch::new(3);
        for _ in 0..100 {
            watch.sync(true);
            watch.sync(true);
            watch.frame();
            watch.frame();
        }
        assert!(!watch.is_doubled());
    }

    #[test]
    fn a_backlog_after_a_pause_and_single_slips_are_not_taken_for_a_double() {
        let mut watch = FeedbackWatch::new(3);
        for _ in 0..100 {
            (0..60).for_each(|_| watch.frame());
            watch.sync(true);
            watch.frame();
            watch.sync(true);
            assert!(!watch.is_doubled());
        }
    }

    #[test]
    fn a_second_device_is_found_within_a_few_periods() {
        let mut watch = FeedbackWatch::new(3);
        let found = (1..50).find(|_| {
            watch.frame();
            watch.frame();
            watch.sync(true);
            watch.is_doubled()
        });
        assert!(found.is_some_and(|n| n <= 11), "{found:?}");
    }
}
