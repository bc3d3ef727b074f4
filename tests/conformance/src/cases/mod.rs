//! All cases, by subject.

mod actions;
mod holes;
mod lifecycle;
mod parameters;
mod refusals;
mod replacing;
mod scaling;
mod state;
mod tolerances;

use crate::bench::{Answer, Bench, text};
use crate::suite::{Case, Verdict};
use anyhow::{Result, bail};
use r2r::GoalStatus;
use rig::GoalOutcome;

/// Result codes of `FollowJointTrajectory`.
pub(crate) mod code {
    pub(crate) const SUCCESSFUL: i32 = 0;
    pub(crate) const INVALID_GOAL: i32 = -1;
    pub(crate) const INVALID_JOINTS: i32 = -2;
    pub(crate) const OLD_HEADER_TIMESTAMP: i32 = -3;
    pub(crate) const PATH_TOLERANCE_VIOLATED: i32 = -4;
    pub(crate) const GOAL_TOLERANCE_VIOLATED: i32 = -5;
}

/// A reference that steps further than this beyond its velocity jumps, rad.
pub(crate) const JUMP: f64 = 3e-3;

/// Every case, ordered by number.
#[must_use]
pub fn all() -> Vec<Case> {
    let mut all = [
        actions::CASES,
        holes::CASES,
        lifecycle::CASES,
        parameters::CASES,
        refusals::CASES,
        replacing::CASES,
        scaling::CASES,
        state::CASES,
        tolerances::CASES,
    ]
    .concat();
    // J before H.
    all.sort_by_key(|case| (case.id.starts_with('H'), case.id));
    all
}

/// The goal succeeded.
pub(crate) fn expect_success(bench: &mut Bench, outcome: &GoalOutcome) -> Result<()> {
    let fine = outcome.status == GoalStatus::Succeeded && outcome.error_code == code::SUCCESSFUL;
    bench.expect("Succeeded, error_code 0", fine, text(outcome))
}

/// The goal was taken and succeeded.
pub(crate) fn expect_taken(bench: &mut Bench, answer: &Answer) -> Result<()> {
    match answer {
        Answer::Ended(outcome) => expect_success(bench, outcome),
        Answer::Rejected => bail!("expected Succeeded, the goal was rejected"),
    }
}

/// The goal was given up with this code and these words.
pub(crate) fn expect_aborted(
    bench: &mut Bench,
    outcome: &GoalOutcome,
    code: i32,
    words: &[&str],
) -> Result<()> {
    let ours = bench.is_ours();
    let said = words.iter().all(|word| outcome.error_string.contains(word));
    let fine = outcome.status == GoalStatus::Aborted && outcome.error_code == code;
    let expected = format!("Aborted, error_code {code}, words {words:?}");
    bench.expect(&expected, fine && (said || !ours), text(outcome))
}

/// The goal was refused: ours accepts and aborts with code and words, a stock one rejects.
pub(crate) fn expect_refused(
    bench: &mut Bench,
    answer: &Answer,
    code: i32,
    words: &[&str],
) -> Result<()> {
    match answer {
        Answer::Ended(outcome) => expect_aborted(bench, outcome, code, words),
        Answer::Rejected if bench.is_ours() => {
            bail!("expected an aborted goal with a reason, it was rejected without one")
        }
        Answer::Rejected => bench.expect("rejected", true, "rejected"),
    }
}

/// The reference never jumped since [`Bench::listen`].
pub(crate) fn expect_smooth(bench: &mut Bench) -> Result<()> {
    let jump = bench.track().largest_jump();
    bench.expect(
        "a reference without jumps",
        jump < JUMP,
        format!("largest unexplained step {:.2} mrad", jump * 1e3),
    )
}

/// The reference stands `there`.
pub(crate) fn expect_at(bench: &mut Bench, there: &[f64]) -> Result<()> {
    bench.wait(0.05);
    let track = bench.track();
    let off = track.distance(there);
    bench.expect(
        "the reference at the goal, standing",
        off < 1e-3 && track.is_at_rest(),
        format!("{:.2} mrad off, at rest: {}", off * 1e3, track.is_at_rest()),
    )
}

/// Sets a parameter for this case; skips the case where the controller cannot change it.
macro_rules! set_or_skip {
    ($bench:expr, $name:expr, $value:expr) => {
        if let Err(reason) = $bench.set($name, $value)? {
            return Ok(crate::suite::Verdict::Skipped(reason));
        }
    };
}
pub(crate) use set_or_skip;

/// Leaves a case that asks for what only this arm promises.
macro_rules! ours_only {
    ($bench:expr, $why:expr) => {
        if !$bench.is_ours() {
            return Ok(crate::suite::Verdict::Skipped($why.to_owned()));
        }
    };
}
pub(crate) use ours_only;

pub(crate) const PASS: Result<Verdict> = Ok(Verdict::Pass);
