//! A case, and what came of it.

use crate::bench::Bench;
use anyhow::Result;
use std::time::{Duration, Instant};

/// How a case that found no fault ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Pass,
    /// It does not apply to this controller, and why.
    Skipped(String),
}

/// One case.
#[derive(Clone, Copy)]
pub struct Case {
    /// `J-nnn` or `H-nn`.
    pub id: &'static str,
    /// Situation and outcome.
    pub title: &'static str,
    /// Runs it; an error is a failure.
    pub run: fn(&mut Bench) -> Result<Verdict>,
}

/// A case that was run.
#[derive(Debug)]
pub struct Finding {
    /// The case's number.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What came of it; a failure is told in words.
    pub result: Result<Verdict, String>,
    /// What was sent, expected and came, in order.
    pub transcript: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Finding {
    /// For people: one line, then the transcript.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { id, title, took, .. } = self;
        let outcome = match &self.result {
            Ok(Verdict::Pass) => "ok".to_owned(),
            Ok(Verdict::Skipped(why)) => format!("skipped: {why}"),
            Err(why) => format!("FAILED: {why}"),
        };
        let mut text = format!("{id} {title} … {outcome} ({:.2} s)", took.as_secs_f64());
        for line in &self.transcript {
            text += "\n    ";
            text += line;
        }
        text
    }
}

/// Runs one case and brings the arm back to where the suite began.
pub fn run_one(bench: &mut Bench, case: &Case) -> Finding {
    let begin = Instant::now();
    bench.begin_case();
    let result = (case.run)(bench).map_err(|error| format!("{error:#}"));
    let transcript = bench.take_transcript();
    let result = match (result, bench.end_case()) {
        (Ok(verdict), Ok(())) => Ok(verdict),
        (Ok(_), Err(error)) => Err(format!("the arm did not come back: {error:#}")),
        (Err(why), _) => Err(why),
    };
    Finding { id: case.id, title: case.title, result, transcript, took: begin.elapsed() }
}

/// Runs the cases in order, telling each as it ends.
pub fn run_all(
    bench: &mut Bench,
    cases: impl IntoIterator<Item = Case>,
    mut tell: impl FnMut(&Finding),
) -> Vec<Finding> {
    let run = |case: Case| {
        let finding = run_one(bench, &case);
        tell(&finding);
        finding
    };
    cases.into_iter().map(run).collect()
}
