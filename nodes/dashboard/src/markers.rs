//! Alarms as texts in space, for rviz and Foxglove.
//!
//! The rule: an alarm of a joint hangs at that joint, all others stand in lines above the base; a text
//! is there exactly as long as its alarm.

use crate::alarms::{Alarm, Severity};

/// Height of a letter, m.
pub const LETTER: f64 = 0.045;
/// Distance of two lines, m.
const LINE: f64 = 0.06;
/// Lowest line above the base, m: beyond the arm's reach.
const ABOVE: f64 = 1.15;
/// A text at a joint stands this far above its frame, m.
const AT_JOINT: f64 = 0.14;
/// Longer texts cover the arm, characters.
const LONGEST: usize = 90;

/// One text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextMarker {
    /// Unique among them.
    pub id: i32,
    /// Frame it is given in.
    pub frame: String,
    /// Height above that frame, m.
    pub height: f64,
    /// Severity, source and text.
    pub text: String,
    /// Red, green, blue, opacity; 0 to 1.
    pub color: [f32; 4],
}

/// The texts of all alarms; `links` are the frames that the joints move.
#[must_use]
pub fn texts(alarms: &[Alarm], links: &[String], base: &str, prefix: &str) -> Vec<TextMarker> {
    let mut lines = 0;
    let mut markers = Vec::with_capacity(alarms.len());
    for (id, alarm) in (0..).zip(alarms) {
        let link = alarm.joint.and_then(|joint| links.get(joint));
        let height = if link.is_some() {
            AT_JOINT
        } else {
            lines += 1;
            ABOVE + LINE * f64::from(lines - 1)
        };
        let frame = format!("{prefix}{}", link.map_or(base, String::as_str));
        markers.push(TextMarker {
            id,
            frame,
            height,
            text: text(alarm),
            color: color(alarm.severity),
        });
    }
    markers
}

/// The severity is written out: colours alone do not tell everybody.
fn text(alarm: &Alarm) -> String {
    let word = match alarm.severity {
        Severity::Error => "ERROR",
        Severity::Warning => "WARNING",
        Severity::Notice => "note",
    };
    let text: String = format!("{word} {}: {}", alarm.source, alarm.text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The page's palette, after Okabe and Ito.
fn color(severity: Severity) -> [f32; 4] {
    match severity {
        Severity::Error => [0.91, 0.38, 0.10, 1.0],
        Severity::Warning => [0.94, 0.70, 0.16, 1.0],
        Severity::Notice => [0.34, 0.71, 0.91, 1.0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocabulary::time::Stamp;

    fn alarm(source: &str, joint: Option<usize>, severity: Severity, text: &str) -> Alarm {
        Alarm {
            id: source.into(),
            severity,
            source: source.into(),
            joint,
            text: text.into(),
            since: Stamp(0),
            latched: false,
        }
    }

    #[test]
    fn joints_have_their_texts_at_their_links_and_others_in_lines_above_the_base() {
        let links: Vec<_> = (1..=6).map(|n| format!("link_{n}")).collect();
        let alarms = [
            alarm("joint_3", Some(2), Severity::Error, "silent"),
            alarm("control", None, Severity::Error, "gone"),
            alarm("thermal", None, Severity::Warning, "slows"),
        ];
        let texts = texts(&alarms, &links, "base_link", "left/");
        let frames: Vec<_> = texts.iter().map(|t| t.frame.as_str()).collect();
        assert_eq!(frames, ["left/link_3", "left/base_link", "left/base_link"]);
        assert!(texts[2].height > texts[1].height);
        assert_eq!(texts[0].text, "ERROR joint_3: silent");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = alarm("arm", None, Severity::Notice, &"ä".repeat(500));
        let text = &texts(&[long], &[], "base_link", "")[0].text;
        assert!(text.chars().count() == LONGEST + 1 && text.ends_with('…'), "{text}");
    }
}
