//! The table as text: the same words in the live picture and on paper.
//!
//! The rule: a state is a sign and a word; colours only repeat them.

use crate::ears::View;
use overview::{NodeRow, Presence};
use vocabulary::health::{Health, Lifecycle};

/// Columns: heading, and whether numbers stand in it.
pub const COLUMNS: [(&str, bool); 11] = [
    ("node", false),
    ("state", false),
    ("pid", true),
    ("uptime", true),
    ("boots", true),
    ("rate", true),
    ("late", true),
    ("age", true),
    ("temp", true),
    ("cpu", true),
    ("says", false),
];

/// How a row is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Well,
    /// Worth a look.
    Odd,
    /// Somebody must act.
    Bad,
    /// Not there, and need not be.
    Absent,
}

/// How a node is to be taken.
pub fn tone(row: &NodeRow) -> Tone {
    match (row.presence, row.health) {
        (Presence::Silent, _) => Tone::Bad,
        (Presence::Unseen, _) => {
            if row.expected {
                Tone::Bad
            } else {
                Tone::Absent
            }
        }
        (Presence::Live, _) if row.double => Tone::Bad,
        (Presence::Live, Health::Error) => Tone::Bad,
        (Presence::Live, Health::Warn) => Tone::Odd,
        (Presence::Live, Health::Ok) if row.late_now > 0 || row.lifecycle != Lifecycle::Active => {
            Tone::Odd
        }
        (Presence::Live, Health::Ok) => Tone::Well,
    }
}

/// Sign and word.
fn state(row: &NodeRow) -> String {
    let sign = match tone(row) {
        Tone::Well => "●",
        Tone::Odd => "▲",
        Tone::Bad => "✖",
        Tone::Absent => "○",
    };
    let word = match (row.presence, row.lifecycle) {
        (Presence::Silent, _) => "silent",
        (Presence::Unseen, _) => "never heard",
        (Presence::Live, _) if row.double => "two processes",
        (Presence::Live, Lifecycle::Active) => "active",
        (Presence::Live, Lifecycle::Inactive) => "inactive",
        (Presence::Live, Lifecycle::Unconfigured) => "unconfigured",
        (Presence::Live, Lifecycle::Finalized) => "finalized",
    };
    format!("{sign} {word}")
}

/// A number, or a dash where there is none.
fn number(value: f64, decimals: usize, unit: &str) -> String {
    if value.is_finite() { format!("{value:.decimals$}{unit}") } else { "-".to_owned() }
}

/// A while, for people.
fn span(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() => "-".to_owned(),
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 6_000.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3_600.0),
        s => format!("{:.0} d", s / 86_400.0),
    }
}

/// The cells of a row, in the order of [`COLUMNS`].
pub fn cells(row: &NodeRow, temperature: f64) -> [String; COLUMNS.len()] {
    let live = row.presence == Presence::Live;
    let only_live = |text: String| if live { text } else { "-".to_owned() };
    let late = match row.late_now {
        0 => row.late.to_string(),
        now => format!("{} (+{now})", row.late),
    };
    [
        row.node.clone(),
        state(row),
        if row.pid == 0 { "-".to_owned() } else { row.pid.to_string() },
        only_live(span(row.uptime)),
        row.boots.to_string(),
        if row.period > 0.0 { only_live(number(row.rate, 0, " Hz")) } else { "-".to_owned() },
        only_live(late),
        number(row.age, 2, " s"),
        number(temperature, 0, " °C"),
        only_live(number(row.cpu * 100.0, 1, " %")),
        if live { row.message.clone() } else { String::new() },
    ]
}

/// One line on the arm as a whole.
pub fn headline(view: &View) -> String {
    let reason = view.status.as_ref().map_or("", |status| status.reason.as_str());
    let supervised =
        view.rows.iter().any(|row| row.node == "supervisor" && row.presence == Presence::Live);
    let lease = view.lease.as_ref().filter(|lease| lease.holder != 0).map_or_else(
        || "nobody commands".to_owned(),
        |lease| {
            let holder = if view.holder.is_empty() { "somebody unheard" } else { &view.holder };
            format!("{holder} commands, epoch {}", lease.epoch)
        },
    );
    let known = if supervised { "" } else { " (last known: the supervisor is silent)" };
    let colon = if reason.is_empty() { "" } else { ": " };
    format!("arm {}{known}{colon}{reason}; {lease}", view.mode())
}

/// How many live, and who does not.
pub fn tally(view: &View) -> String {
    let live = view.rows.iter().filter(|row| row.presence == Presence::Live).count();
    let gone = view.rows.iter().filter(|row| row.presence != Presence::Live);
    let gone: Vec<_> =
        gone.filter(|row| tone(row) == Tone::Bad).map(|row| row.node.as_str()).collect();
    let all = view.rows.len();
    if gone.is_empty() {
        return format!("{live} of {all} nodes live");
    }
    format!("{live} of {all} nodes live; silent: {}", gone.join(", "))
}

/// The whole table, for a pipe or a report.
pub fn plain(view: &View) -> String {
    if view.rows.is_empty() {
        return "nobody is heard: is the arm up, in this ROS domain (ROS_DOMAIN_ID) and namespace?"
            .to_owned();
    }
    let rows: Vec<_> =
        view.rows.iter().zip(&view.temperatures).map(|(row, heat)| cells(row, *heat)).collect();
    let head = COLUMNS.map(|(name, _)| name.to_owned());
    let mut widths = [0; COLUMNS.len()];
    for row in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; COLUMNS.len()]| {
        let cells = row.iter().zip(widths).zip(COLUMNS).map(|((cell, width), (_, numbers))| {
            if numbers { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![headline(view), line(&head)];
    lines.extend(rows.iter().map(line));
    lines.push(tally(view));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(node: &str, presence: Presence) -> NodeRow {
        NodeRow {
            node: node.into(),
            presence,
            expected: true,
            lifecycle: Lifecycle::Active,
            pid: 4711,
            uptime: 312.0,
            boots: 2,
            rate: 250.2,
            period: 0.004,
            age: 0.03,
            cpu: 0.034,
            ..NodeRow::default()
        }
    }

    fn view(rows: Vec<NodeRow>) -> View {
        let temperatures = vec![f64::NAN; rows.len()];
        View { rows, temperatures, ..View::default() }
    }

    #[test]
    fn a_living_node_shows_all_its_figures() {
        let cells = cells(&row("driver_joint_2", Presence::Live), 41.6);
        assert_eq!(
            cells[..9],
            ["driver_joint_2", "● active", "4711", "5 min", "2", "250 Hz", "0", "0.03 s", "42 °C"]
        );
    }

    #[test]
    fn a_silent_node_keeps_its_pid_and_age_and_claims_nothing_else() {
        let silent = NodeRow { age: 12.3, ..row("control", Presence::Silent) };
        let cells = cells(&silent, f64::NAN);
        assert_eq!(cells[1..9], ["✖ silent", "4711", "-", "2", "-", "-", "12.30 s", "-"]);
    }

    #[test]
    fn the_table_names_who_is_gone_and_that_the_mode_is_only_the_last_known() {
        let rows = vec![row("control", Presence::Live), row("supervisor", Presence::Silent)];
        let text = plain(&view(rows));
        assert!(text.contains("1 of 2 nodes live; silent: supervisor"), "{text}");
        assert!(text.contains("last known: the supervisor is silent"), "{text}");
        assert!(text.lines().nth(1).is_some_and(|head| head.starts_with("node")), "{text}");
    }

    #[test]
    fn with_nobody_there_the_text_says_what_to_look_at() {
        assert!(plain(&view(vec![])).contains("ROS_DOMAIN_ID"));
    }

    #[test]
    fn columns_are_aligned_whatever_the_names_are() {
        let rows = vec![row("a", Presence::Live), row("a_much_longer_name", Presence::Live)];
        let text = plain(&view(rows));
        let places: Vec<_> = text.lines().skip(2).take(2).map(|line| line.find("4711")).collect();
        assert_eq!(places[0], places[1]);
    }
}
