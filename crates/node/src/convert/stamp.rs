//! ROS time and duration messages.

use r2r::builtin_interfaces::msg::{Duration as DurationMsg, Time};
use std::time::Duration;
use vocabulary::time::Stamp;

/// ROS time of a message.
#[must_use]
pub fn stamp(time: &Time) -> Stamp {
    Stamp::from_parts(time.sec, time.nanosec)
}

/// The message of a ROS time.
#[must_use]
pub fn time(stamp: Stamp) -> Time {
    let (sec, nanosec) = stamp.parts();
    Time { sec, nanosec }
}

/// Signed seconds of a duration message.
#[must_use]
pub fn seconds(duration: &DurationMsg) -> f64 {
    f64::from(duration.sec) + f64::from(duration.nanosec) * 1e-9
}

/// The message of signed seconds.
#[must_use]
pub fn duration(seconds: f64) -> DurationMsg {
    let nanoseconds = (seconds * 1e9) as i64;
    let (sec, nanosec) = Stamp(nanoseconds).parts();
    DurationMsg { sec, nanosec }
}

/// Non-negative seconds of a message; zero for what is no duration (a gate refuses it then).
pub(super) fn positive(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_survive_the_way_out_and_back() {
        for value in [0.0, 0.25, 3.000_000_001, -1.5] {
            assert!((seconds(&duration(value)) - value).abs() < 2e-9, "{value}");
        }
    }

    #[test]
    fn what_is_no_duration_becomes_zero() {
        assert_eq!(positive(f64::NAN), Duration::ZERO);
        assert_eq!(positive(-1.0), Duration::ZERO);
    }
}
