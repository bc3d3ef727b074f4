//! Names of the files of a recording.
//!
//! The one rule: names sort as the files were begun, and nothing that is not named so is ever touched.

use vocabulary::time::Stamp;

const FRONT: &str = "arm_";
const END: &str = ".mcap";
/// Where time and fraction stand in a name, and what stands between them.
const FORM: &str = "arm_00000000T000000.000Z.mcap";

/// The name of a file that is begun now, in UTC: `arm_20260131T235959.123Z.mcap`.
#[must_use]
pub fn name(begun: Stamp) -> String {
    let milliseconds = begun.0.div_euclid(1_000_000);
    let (days, in_day) = (milliseconds.div_euclid(86_400_000), milliseconds.rem_euclid(86_400_000));
    let (year, month, day) = date(days);
    let (seconds, fraction) = (in_day / 1_000, in_day % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!(
        "{FRONT}{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}.{fraction:03}Z{END}"
    )
}

/// Whether a file is one of ours.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    name.len() == FORM.len()
        && name.chars().zip(FORM.chars()).all(|(given, form)| match form {
            '0' => given.is_ascii_digit(),
            other => given == other,
        })
}

/// The name under which a file is kept until it is readable.
#[must_use]
pub fn unfinished(name: &str) -> String {
    format!(".{name}.part")
}

/// Whether a file was left behind before it was readable.
#[must_use]
pub fn is_unfinished(name: &str) -> bool {
    name.strip_prefix('.').and_then(|name| name.strip_suffix(".part")).is_some_and(is_ours)
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar. The year is counted from
/// March, so that the leap day is its last (Richards 2013, chapter 15 of the Explanatory Supplement).
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_the_time_in_utc() {
        assert_eq!(name(Stamp(0)), "arm_19700101T000000.000Z.mcap");
        assert_eq!(name(Stamp(951_782_399_999_000_000)), "arm_20000228T235959.999Z.mcap");
        assert_eq!(name(Stamp(951_782_400_000_000_000)), "arm_20000229T000000.000Z.mcap");
        assert_eq!(name(Stamp(1_798_761_599_001_000_000)), "arm_20261231T235959.001Z.mcap");
    }

    #[test]
    fn only_what_is_named_so_is_ours() {
        let ours = name(Stamp(1_798_761_599_001_000_000));
        assert!(is_ours(&ours) && is_unfinished(&unfinished(&ours)));
        for other in [
            "arm.mcap",
            "arm_2026.mcap",
            "rosbag2_2026_01_31-23_59_59_0.mcap",
            "",
            "arm_20261231T235959.001Z.mcap.bak",
        ] {
            assert!(!is_ours(other) && !is_unfinished(other), "{other}");
        }
    }
}
