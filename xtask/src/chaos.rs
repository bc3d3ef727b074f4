//! `cargo xtask chaos`: the fault cases of the whole arm, again and again, each time with another
//! seed, and how fast the arm was each time against what was asked for.
//!
//! The one rule: a case that failed or could not run is in the report, and so is every figure beyond
//! its limit; only a failed run makes the command fail.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Result, ensure};
use report::{Relation, Report, Target, quantile};
use serde_json::{Value, json};

use crate::progress::Progress;
use crate::system::{Choice, Suite, Tests, Trial};
use crate::{build, degrade, paths};

/// How a line begins in which a test tells a figure; the rest is a target as JSON.
const FIGURE: &str = "FIGURE ";

/// What a person asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Only the case of this number, long or not.
    pub case: Option<u32>,
    /// Seed of the first run; every repetition takes the next one.
    pub seed: u64,
    /// Runs of each test.
    pub repeat: u64,
    /// Also the cases that take long.
    pub all: bool,
}

/// All runs of one test.
#[derive(Debug, Default)]
struct Record {
    passed: u64,
    /// s.
    took: Vec<f64>,
    figures: BTreeMap<String, Vec<Target>>,
    /// Seed and last words of each run that failed.
    failures: Vec<Value>,
}

/// Runs the cases and writes target/report/chaos.json; true when every run passed.
///
/// # Errors
/// When something cannot be built or written, or there is no such case.
pub fn run(wish: &Wish) -> Result<bool> {
    build::everything()?;
    let suite = Suite::build(Tests::System)?;
    let all = wish.all || wish.case.is_some();
    let mut names =
        suite.names(&Choice { filter: "chaos_".to_owned(), all, tests: Tests::System })?;
    names.retain(|name| wish.case.is_none_or(|case| case_of(name) == Some(case)));
    ensure!(!names.is_empty(), "there is no case {}", wish.case.unwrap_or_default());
    let mut records: BTreeMap<&str, Record> = BTreeMap::new();
    let mut progress = Progress::new("chaos", names.len() as u64 * wish.repeat);
    for seed in (0..wish.repeat).map(|run| wish.seed.wrapping_add(run)) {
        for name in &names {
            let text = seed.to_string();
            let run = || suite.run(name, &[("ARMATURE_SEED", text.as_str())]);
            let trial = progress.quiet_step(name, run)?;
            progress.say(&line(name, seed, &trial));
            records.entry(name).or_default().add(seed, &trial);
        }
    }
    progress.finish("chaos");
    let report = summary(&records, wish);
    print!("{}", report.table());
    println!("{}", report.write(&paths::reports(), "chaos")?.display());
    Ok(records.values().all(|record| record.failures.is_empty()))
}

/// Writes docs/degrade.md from what the cases say of themselves.
///
/// # Errors
/// When a case does not say all of it, or the file cannot be written.
pub fn document() -> Result<bool> {
    let file = paths::root().join(degrade::FILE);
    fs::write(&file, degrade::document(&paths::root())?)?;
    println!("{}", file.display());
    Ok(true)
}

/// The number in the name of a test.
fn case_of(name: &str) -> Option<u32> {
    name.strip_prefix("chaos_")?.split('_').next()?.parse().ok()
}

fn passed(trial: &Trial) -> bool {
    trial.passed && !trial.said.contains("SKIPPED")
}

fn figures(said: &str) -> impl Iterator<Item = Target> {
    said.lines().filter_map(|line| serde_json::from_str(line.strip_prefix(FIGURE)?).ok())
}

/// One run in one line: how it went, and what it measured.
fn line(name: &str, seed: u64, trial: &Trial) -> String {
    let mark = if passed(trial) { "ok    " } else { "FAILED" };
    let told = figures(&trial.said).map(|figure| {
        let miss = if figure.ok { "" } else { " MISS" };
        let value = figure.value.unwrap_or(f64::NAN);
        format!("; {} {value:.1} {}{miss}", figure.name, figure.unit)
    });
    let told = told.collect::<String>();
    format!("{mark} {:>6.1} s  seed {seed}  {name}{told}", trial.took.as_secs_f64())
}

impl Record {
    fn add(&mut self, seed: u64, trial: &Trial) {
        self.took.push(trial.took.as_secs_f64());
        for figure in figures(&trial.said) {
            self.figures.entry(figure.name.clone()).or_default().push(figure);
        }
        if passed(trial) {
            self.passed += 1;
        } else {
            self.failures.push(json!({ "seed": seed, "said": last_words(&trial.said) }));
        }
    }

    fn runs(&self) -> u64 {
        self.took.len() as u64
    }

    fn targets(&self, name: &str) -> Vec<Target> {
        let (passed, runs) = (self.passed as f64, self.runs() as f64);
        let mut targets = vec![Target::at_least(&format!("{name}: passed"), "runs", passed, runs)];
        for (figure, told) in &self.figures {
            targets.extend(
                worst(told).map(|worst| Target {
                    name: format!("{name}: {figure}, worst"),
                    ..worst.clone()
                }),
            );
        }
        targets
    }

    fn detail(&self) -> Value {
        let figures = self.figures.iter().map(|(name, told)| {
            let values: Vec<_> = told.iter().filter_map(|figure| figure.value).collect();
            let missed = told.iter().filter(|figure| !figure.ok).count();
            let worst = worst(told);
            json!({
                "name": name,
                "unit": worst.map(|worst| worst.unit.clone()),
                "limit": worst.map(|worst| worst.limit),
                "median": quantile(&values, 0.5),
                "worst": worst.and_then(|worst| worst.value),
                "measured": told.len(),
                "missed": missed,
            })
        });
        json!({
            "runs": self.runs(),
            "passed": self.passed,
            "median_seconds": quantile(&self.took, 0.5),
            "figures": figures.collect::<Vec<_>>(),
            "failures": self.failures,
        })
    }
}

/// The figure that is furthest on the wrong side; one that was not measured is worse than any.
fn worst(told: &[Target]) -> Option<&Target> {
    let badness = |target: &&Target| match (target.value, target.relation) {
        (None, _) => f64::INFINITY,
        (Some(value), Relation::AtMost) => value,
        (Some(value), Relation::AtLeast) => -value,
    };
    told.iter().max_by(|a, b| badness(a).total_cmp(&badness(b)))
}

/// The end of what a test said, without its figures.
fn last_words(said: &str) -> String {
    let lines: Vec<_> = said.lines().filter(|line| !line.starts_with(FIGURE)).collect();
    let from = lines.len().saturating_sub(30);
    lines.get(from..).unwrap_or_default().join("\n")
}

/// The report, with what earlier runs of other cases left in it.
fn summary(records: &BTreeMap<&str, Record>, wish: &Wish) -> Report {
    let targets = records.iter().flat_map(|(name, record)| record.targets(short(name)));
    let mut report = Report::new(targets.collect()).with("seed", wish.seed);
    for (name, record) in records {
        report = report.with(name, record.detail());
    }
    match Report::read(&paths::reports().join("chaos.json")) {
        Ok(earlier) => report.after(earlier),
        Err(_) => report,
    }
}

/// `chaos_11_feedback_silent::a_test` as `11 a_test`.
fn short(name: &str) -> &str {
    name.strip_prefix("chaos_").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn trial(passed: bool, said: &str) -> Trial {
        Trial { passed, took: Duration::from_secs(3), said: said.to_owned() }
    }

    fn figure(value: f64) -> String {
        let target = Target::at_most("detection", "ms", value, 50.0);
        format!("{FIGURE}{}\n", serde_json::to_string(&target).unwrap())
    }

    #[test]
    fn figures_are_told_as_median_and_worst_of_all_runs() {
        let mut record = Record::default();
        for (seed, value) in [30.0, 60.0, 40.0].into_iter().enumerate() {
            record.add(seed as u64, &trial(true, &format!("said\n{}", figure(value))));
        }
        let targets = record.targets("case");
        assert_eq!((targets[0].value, targets[0].limit), (Some(3.0), 3.0));
        assert_eq!((targets[1].value, targets[1].ok), (Some(60.0), false));
        let detail = record.detail();
        assert_eq!(detail["figures"][0]["median"], json!(40.0));
        assert_eq!(detail["figures"][0]["missed"], json!(1));
    }

    #[test]
    fn a_failed_and_a_skipped_run_count_as_failed_with_their_seed() {
        let mut record = Record::default();
        record.add(7, &trial(false, "Error: joint 3 moved\n"));
        record.add(8, &trial(true, "SKIPPED: no root\n"));
        assert_eq!((record.passed, record.failures.len()), (0, 2));
        assert_eq!(record.failures[0]["seed"], json!(7));
        assert!(!record.targets("case")[0].ok);
    }

    #[test]
    fn a_line_names_seed_figures_and_misses() {
        let text = line("chaos_11::x", 4, &trial(true, &figure(60.0)));
        assert!(text.contains("seed 4") && text.contains("detection 60.0 ms MISS"), "{text}");
        assert_eq!((case_of("chaos_11_x::y"), case_of("conformance::y")), (Some(11), None));
    }
}
