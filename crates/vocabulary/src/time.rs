//! Two kinds of time that must never be mixed.
//!
//! [`Monotonic`] is this process's steady clock: deadlines and ages are computed with it.
//! [`Stamp`] is ROS time: it orders, logs and correlates, and never decides whether something is
//! too old.

use std::time::Duration;

/// Nanoseconds of a steady clock with an arbitrary origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// Time since `earlier`; zero when `earlier` lies in the future.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Signed seconds from `earlier` to `self`.
    #[must_use]
    pub fn seconds_from(self, earlier: Self) -> f64 {
        if self >= earlier {
            self.since(earlier).as_secs_f64()
        } else {
            -earlier.since(self).as_secs_f64()
        }
    }

    /// `self` shifted by signed `seconds`, saturating at both ends.
    #[must_use]
    pub fn shifted(self, seconds: f64) -> Self {
        let step = (seconds.abs() * 1e9) as u64;
        Self(if seconds < 0.0 { self.0.saturating_sub(step) } else { self.0.saturating_add(step) })
    }
}

impl std::ops::Add<Duration> for Monotonic {
    type Output = Self;
    fn add(self, step: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(step.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Monotonic {
    type Output = Self;
    fn sub(self, step: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(step.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// ROS time in nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(pub i64);

impl Stamp {
    /// Seconds after `other`, negative when before.
    #[must_use]
    pub fn seconds_from(self, other: Self) -> f64 {
        (i128::from(self.0) - i128::from(other.0)) as f64 * 1e-9
    }

    /// From the two fields of `builtin_interfaces/Time`.
    #[must_use]
    pub fn from_parts(sec: i32, nanosec: u32) -> Self {
        Self(i64::from(sec) * 1_000_000_000 + i64::from(nanosec))
    }

    /// The two fields of `builtin_interfaces/Time`.
    #[must_use]
    pub fn parts(self) -> (i32, u32) {
        let sec = self.0.div_euclid(1_000_000_000);
        (i32::try_from(sec).unwrap_or(i32::MAX), self.0.rem_euclid(1_000_000_000) as u32)
    }

    /// `self` shifted by signed `seconds`.
    #[must_use]
    pub fn shifted(self, seconds: f64) -> Self {
        Self(self.0.saturating_add((seconds * 1e9) as i64))
    }
}

/// Something done once per period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    period: Duration,
    next: Monotonic,
}

impl Pace {
    /// Due at once, and then every `period`.
    #[must_use]
    pub fn new(period: Duration) -> Self {
        Self { period, next: Monotonic(0) }
    }

    /// Makes it due at once.
    pub fn hurry(&mut self) {
        self.next = Monotonic(0);
    }

    /// Whether it is due; what was missed is not made up for.
    pub fn due(&mut self, now: Monotonic) -> bool {
        if now < self.next {
            return false;
        }
        let raster = self.next + self.period;
        self.next = if raster > now { raster } else { now + self.period };
        true
    }
}

/// What a host tells a node at each step: the same instant on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// The steady clock: deadlines.
    pub mono: Monotonic,
    /// ROS time of the same instant: stamps.
    pub stamp: Stamp,
}

/// A message and when it arrived here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Received<T> {
    /// The receiver's steady clock.
    pub at: Monotonic,
    /// The message.
    pub value: T,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_keeps_its_raster_and_does_not_catch_up_after_a_pause() {
        let mut pace = Pace::new(Duration::from_nanos(50));
        assert!(pace.due(Monotonic(3)));
        assert!(!pace.due(Monotonic(49)));
        assert!(pace.due(Monotonic(51)));
        assert!(pace.due(Monotonic(1_000)));
        assert!(!pace.due(Monotonic(1_001)));
    }

    #[test]
    fn a_negative_stamp_has_a_positive_nanosecond_part() {
        assert_eq!(Stamp(-1).parts(), (-1, 999_999_999));
        assert_eq!(Stamp::from_parts(-1, 999_999_999), Stamp(-1));
    }

    #[test]
    fn an_age_is_never_negative() {
        assert_eq!(Monotonic(5).since(Monotonic(9)), Duration::ZERO);
        assert!(Monotonic(5).seconds_from(Monotonic(9)) < 0.0);
    }
}
