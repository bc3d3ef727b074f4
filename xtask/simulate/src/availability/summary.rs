//! Downtime by kind of fault: an event belongs to the last fault before it.

use super::Pair;
use super::meter::Downtime;
use super::mix::{Fault, Kind, Origin};
use report::Target;
use serde_json::json;

/// Fewer downtime events and seconds than the monolith, % (issue 6).
const FEWER: f64 = 90.0;

/// A count.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Downtime events.
    pub events: usize,
    /// Their length, s.
    pub seconds: f64,
}

impl Tally {
    /// Of these events.
    pub fn of(events: &[Downtime]) -> Self {
        let seconds = events.iter().map(|event| event.length).sum();
        Self { events: events.len(), seconds }
    }

    fn add(&mut self, event: &Downtime) {
        self.events += 1;
        self.seconds += event.length;
    }
}

/// One kind of fault over all seeds.
#[derive(Debug, Clone)]
pub struct Row {
    /// Which.
    pub kind: Kind,
    /// Faults of it, per build.
    pub faults: usize,
    /// Downtime in one process.
    pub monolith: Tally,
    /// Downtime in many.
    pub split: Tally,
}

impl Row {
    /// For the report.
    pub fn json(&self) -> serde_json::Value {
        let tally = |t: &Tally| json!({"events": t.events, "seconds": t.seconds});
        json!({
            "kind": self.kind.name(),
            "origin": format!("{:?}", self.kind.origin()).to_lowercase(),
            "faults": self.faults,
            "monolith": tally(&self.monolith),
            "split": tally(&self.split),
        })
    }
}

/// By how much the second is less than the first, %.
pub fn fewer(monolith: f64, split: f64) -> f64 {
    if monolith > 0.0 { 100.0 * (1.0 - split / monolith) } else { f64::NAN }
}

/// All kinds, in the order of the report.
pub fn rows(pairs: &[Pair]) -> Vec<Row> {
    Kind::ALL.map(|(kind, _)| row(kind, pairs)).to_vec()
}

fn row(kind: Kind, pairs: &[Pair]) -> Row {
    let mut row = Row { kind, faults: 0, monolith: Tally::default(), split: Tally::default() };
    for pair in pairs {
        row.faults += pair.faults.iter().filter(|fault| fault.kind == kind).count();
        let of_kind = |event: &&Downtime| cause(&pair.faults, event) == Some(kind);
        pair.monolith.events.iter().filter(of_kind).for_each(|event| row.monolith.add(event));
        pair.split.events.iter().filter(of_kind).for_each(|event| row.split.add(event));
    }
    row
}

fn cause(faults: &[Fault], event: &Downtime) -> Option<Kind> {
    // The meter looks every 10 ms: what a fault does is never seen before it.
    let before = faults.iter().take_while(|fault| fault.at <= event.begin + 0.011);
    before.last().map(|fault| fault.kind)
}

/// The rows as text.
pub fn table(rows: &[Row], pairs: &[Pair]) -> String {
    let mut text = format!(
        "{:<22} {:>6}  {:>16}  {:>16}  {:>8}\n",
        "kind of fault", "faults", "monolith", "split", "fewer"
    );
    let line = |name: &str, faults: usize, a: Tally, b: Tally| {
        let fewer = fewer(a.events as f64, b.events as f64);
        let fewer = if fewer.is_nan() { "-".to_owned() } else { format!("{fewer:.0} %") };
        let tally = |t: Tally| format!("{:>5} {:>8.0} s", t.events, t.seconds);
        format!("{name:<22} {faults:>6}  {}  {}  {fewer:>8}\n", tally(a), tally(b))
    };
    for row in rows {
        text += &line(row.kind.name(), row.faults, row.monolith, row.split);
    }
    for (name, origin) in [
        ("= software", Origin::Software),
        ("= distribution", Origin::Distribution),
        ("= hardware", Origin::Hardware),
    ] {
        let of = rows.iter().filter(|row| row.kind.origin() == origin);
        let (faults, a, b) = sum(of);
        text += &line(name, faults, a, b);
    }
    let (faults, a, b) = sum(rows.iter());
    text += &line("= all", faults, a, b);
    for pair in pairs {
        let (a, b) = (Tally::of(&pair.monolith.events), Tally::of(&pair.split.events));
        text += &line(&format!("  seed {}", pair.seed), pair.faults.len(), a, b);
    }
    text
}

fn sum<'a>(rows: impl Iterator<Item = &'a Row>) -> (usize, Tally, Tally) {
    let add =
        |a: Tally, b: Tally| Tally { events: a.events + b.events, seconds: a.seconds + b.seconds };
    rows.fold((0, Tally::default(), Tally::default()), |(faults, a, b), row| {
        (faults + row.faults, add(a, row.monolith), add(b, row.split))
    })
}

/// The figures that issue 6 asks for, per seed, and those of software alone for comparison.
pub fn targets(pairs: &[Pair]) -> Vec<Target> {
    pairs
        .iter()
        .flat_map(|pair| {
            let (a, b) = (Tally::of(&pair.monolith.events), Tally::of(&pair.split.events));
            let name =
                |what: &str| format!("seed {}: fewer downtime {what} than one process", pair.seed);
            let events = fewer(a.events as f64, b.events as f64);
            let seconds = fewer(a.seconds, b.seconds);
            [
                Target::at_least(&name("events"), "%", events, FEWER),
                Target::at_least(&name("seconds"), "%", seconds, FEWER),
            ]
        })
        .collect()
}
