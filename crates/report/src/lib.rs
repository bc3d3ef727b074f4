//! Figures against their limits, as a table for people and as JSON for tools.
//!
//! The one rule: the limit in a report is the one that was asked for, also where we miss it.
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which side of the limit is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    /// The value must not exceed the limit.
    #[serde(rename = "<=")]
    AtMost,
    /// The value must reach the limit.
    #[serde(rename = ">=")]
    AtLeast,
}

impl Relation {
    /// As written in reports.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::AtMost => "<=",
            Self::AtLeast => ">=",
        }
    }
}

/// One figure and its limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// What was measured.
    pub name: String,
    /// Unit of value and limit.
    pub unit: String,
    /// The measured figure; `None` (JSON null) when it could not be measured.
    pub value: Option<f64>,
    /// Which side is good.
    pub relation: Relation,
    /// The limit that was asked for.
    pub limit: f64,
    /// Whether the value keeps the limit.
    pub ok: bool,
    /// The peer's figure from the same run.
    pub peer: Option<f64>,
}

impl Target {
    /// A figure that must not exceed `limit`. A value that is not finite counts as not measured.
    #[must_use]
    pub fn at_most(name: &str, unit: &str, value: f64, limit: f64) -> Self {
        Self::new(name, unit, value, Relation::AtMost, limit)
    }

    /// A figure that must reach `limit`. A value that is not finite counts as not measured.
    #[must_use]
    pub fn at_least(name: &str, unit: &str, value: f64, limit: f64) -> Self {
        Self::new(name, unit, value, Relation::AtLeast, limit)
    }

    fn new(name: &str, unit: &str, value: f64, relation: Relation, limit: f64) -> Self {
        let ok = match relation {
            Relation::AtMost => value <= limit,
            Relation::AtLeast => value >= limit && value.is_finite(),
        };
        let value = value.is_finite().then_some(value);
        Self { name: name.into(), unit: unit.into(), value, relation, limit, ok, peer: None }
    }

    /// With the peer's figure beside it.
    #[must_use]
    pub fn with_peer(mut self, peer: f64) -> Self {
        self.peer = Some(peer);
        self
    }
}

/// A report file: targets and whatever detail is useful.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Figures against limits.
    pub targets: Vec<Target>,
    /// Where it was measured.
    pub machine: String,
    /// Git revision of the code.
    pub revision: String,
    /// Fewer trials than the full run.
    #[serde(default)]
    pub quick: bool,
    /// Everything else, merged into the top level.
    #[serde(flatten)]
    pub detail: serde_json::Map<String, serde_json::Value>,
}

impl Report {
    /// A report of this machine and revision.
    #[must_use]
    pub fn new(targets: Vec<Target>) -> Self {
        let detail = serde_json::Map::new();
        Self { targets, machine: machine(), revision: revision(), quick: false, detail }
    }

    /// Adds a detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.detail.insert(key.into(), value.into());
        self
    }

    /// Whether every target is met.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.targets.iter().all(|target| target.ok)
    }

    /// Writes `<folder>/<name>.json`.
    ///
    /// # Errors
    /// When the folder or file cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> io::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{name}.json"));
        std::fs::write(&path, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(path)
    }

    /// Puts what an earlier report of the same revision and effort knows and this one does not
    /// before its own: a benchmark can be run part by part.
    #[must_use]
    pub fn after(mut self, earlier: Self) -> Self {
        let same = |r: &Self| (r.machine.clone(), r.revision.clone(), r.quick);
        if same(&self) != same(&earlier) {
            return self;
        }
        let known = |target: &Target| self.targets.iter().any(|own| own.name == target.name);
        let mut targets: Vec<_> = earlier.targets.into_iter().filter(|t| !known(t)).collect();
        targets.append(&mut self.targets);
        let mut detail = earlier.detail;
        detail.append(&mut self.detail);
        Self { targets, detail, ..self }
    }

    /// Reads a report file.
    ///
    /// # Errors
    /// When it cannot be read or is no report.
    pub fn read(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
    }

    /// The targets as a table.
    #[must_use]
    pub fn table(&self) -> String {
        let rows = self.targets.iter().map(|target| {
            let mark = if target.ok { "ok  " } else { "MISS" };
            let value = target.value.map_or("not measured".into(), figure);
            let peer = target.peer.map_or(String::new(), |peer| format!("  peer {}", figure(peer)));
            let (symbol, limit) = (target.relation.symbol(), figure(target.limit));
            format!(
                "{mark}  {:<44} {value:>12} {symbol} {limit} {}{peer}\n",
                target.name, target.unit
            )
        });
        rows.collect()
    }
}

/// Four significant digits without exponent where that is readable.
fn figure(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || size >= 1000.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 0.01 {
        format!("{value:.3}")
    } else {
        format!("{value:.2e}")
    }
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{cores} x {}, {}", model.unwrap_or("unknown CPU"), std::env::consts::ARCH)
}

fn revision() -> String {
    let output = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    output.map_or("unknown".into(), |o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
}

/// How busy the machine has been: the load averages of 1, 5 and 15 minutes.
#[must_use]
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// The value that the share `q` does not exceed; NaN without values.
#[must_use]
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = ((q * sorted.len() as f64).ceil() as usize).max(1);
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_of_nothing_is_no_number() {
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.99), 3.0);
    }

    #[test]
    fn a_value_that_was_not_measured_is_never_ok() {
        assert!(!Target::at_most("x", "s", f64::NAN, 1.0).ok);
        assert!(!Target::at_least("x", "s", f64::INFINITY, 1.0).ok);
    }

    #[test]
    fn a_part_measured_again_replaces_its_own_figures_only() {
        let target = |name: &str, value: f64| Target::at_most(name, "s", value, 1.0);
        let earlier = Report::new(vec![target("a", 1.0), target("b", 2.0)]).with("x", 1);
        let report = Report::new(vec![target("b", 3.0)]).with("y", 2).after(earlier.clone());
        assert_eq!(report.targets, [target("a", 1.0), target("b", 3.0)]);
        assert!(report.detail.contains_key("x") && report.detail.contains_key("y"));
        let other = Report { revision: "another".into(), ..Report::new(vec![target("b", 3.0)]) };
        assert_eq!(other.clone().after(earlier), other);
    }

    #[test]
    fn a_written_report_reads_back_the_same() {
        let report = Report::new(vec![Target::at_most("x", "s", 2.0, 1.0).with_peer(3.0)])
            .with("note", "two trials");
        let folder = std::env::temp_dir().join(format!("report-{}", std::process::id()));
        let path = report.write(&folder, "test").unwrap();
        assert_eq!(Report::read(&path).unwrap(), report);
        assert!(!report.ok() && report.table().contains("MISS"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
