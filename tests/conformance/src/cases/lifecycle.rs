//! Configuring, activating, deactivating.

use super::{PASS, code, expect_aborted, expect_taken, ours_only};
use crate::bench::{Answer, Bench};
use crate::suite::{Case, Verdict};
use anyhow::{Result, bail};

pub(super) const CASES: &[Case] = &[
    Case { id: "J-033", title: "deactivation aborts the goal and stops the arm", run: deactivated },
    Case { id: "J-043", title: "activated again it takes goals", run: activated },
    Case { id: "J-044", title: "cleaned up and configured it takes goals", run: cleaned_up },
    Case {
        id: "J-045",
        title: "cleaned up before activation it takes goals",
        run: cleaned_up_early,
    },
    Case {
        id: "J-046",
        title: "activated again it does not resume the old trajectory",
        run: not_resumed,
    },
];

const CONFIGURE: (u8, &str) = (1, "configure");
const CLEANUP: (u8, &str) = (2, "cleanup");
const ACTIVATE: (u8, &str) = (3, "activate");
const DEACTIVATE: (u8, &str) = (4, "deactivate");
const STOCK: &str = "a stock controller is switched by its controller_manager";

fn go(b: &mut Bench, transitions: &[(u8, &str)]) -> Result<()> {
    transitions.iter().try_for_each(|(id, label)| b.transition(*id, label))
}

fn works(b: &mut Bench) -> Result<()> {
    let answer = b.run(b.move_to(0.01, 0.3))?;
    expect_taken(b, &answer)
}

/// Deactivates in the middle of a goal; the goal is aborted and the arm stands.
fn deactivate_half_way(b: &mut Bench) -> Result<()> {
    let mut running = b.start(b.move_to(0.08, 1.5))?;
    b.wait(0.5);
    go(b, &[DEACTIVATE])?;
    let outcome = b.finish(&mut running);
    b.wait(0.4);
    let aborted = outcome
        .and_then(|outcome| expect_aborted(b, &outcome, code::INVALID_GOAL, &["deactivated"]));
    let track = b.track();
    let left = track.distance(&b.near(0.08));
    let stands = b.expect(
        "standing on the way",
        track.is_at_rest() && left > 0.01,
        format!("at rest: {}, {:.1} mrad before the goal", track.is_at_rest(), left * 1e3),
    );
    aborted.and(stands)
}

fn deactivated(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, STOCK);
    let judged = deactivate_half_way(b);
    let refused = b.run(b.move_to(0.01, 0.3));
    go(b, &[ACTIVATE])?;
    judged?;
    let Answer::Ended(outcome) = refused? else { bail!("rejected without a reason") };
    expect_aborted(b, &outcome, code::INVALID_GOAL, &["not active"])?;
    PASS
}

fn activated(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, STOCK);
    go(b, &[DEACTIVATE, ACTIVATE])?;
    works(b)?;
    PASS
}

fn cleaned_up(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, STOCK);
    go(b, &[DEACTIVATE, CLEANUP, CONFIGURE, ACTIVATE])?;
    works(b)?;
    PASS
}

fn cleaned_up_early(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, STOCK);
    go(b, &[DEACTIVATE, CLEANUP, CONFIGURE, CLEANUP, CONFIGURE, ACTIVATE])?;
    works(b)?;
    PASS
}

fn not_resumed(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, STOCK);
    let judged = deactivate_half_way(b);
    go(b, &[ACTIVATE])?;
    judged?;
    b.listen();
    b.wait(1.0);
    let moved = b.track().moved();
    b.expect("no motion", moved < 1e-6, format!("{:.3} mrad", moved * 1e3))?;
    PASS
}
