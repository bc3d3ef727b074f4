//! Parameters that are set to nonsense.

use super::{PASS, ours_only};
use crate::bench::{Bench, number, switch};
use crate::suite::{Case, Verdict};
use anyhow::Result;

pub(super) const CASES: &[Case] = &[Case {
    id: "H-15",
    title: "a parameter that is NaN, negative, unknown or a thousandfold is refused",
    run: wild_parameters,
}];

fn wild_parameters(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, "a stock controller checks few of its parameters");
    let joint = b.joints.first().cloned().unwrap_or_default();
    let goal = format!("constraints.{joint}.goal");
    let wild = [
        (goal.as_str(), number(f64::NAN), "not finite"),
        (goal.as_str(), number(-0.1), "0 to"),
        (goal.as_str(), number(0.01 * 1000.0), "0 to"),
        (goal.as_str(), switch(true), "type"),
        ("constraints.stopped_velocity_tolerance", number(10.0), "0 to"),
        ("constraints.goal_time", number(f64::INFINITY), "not finite"),
        ("constraints.goal_time", number(2000.0), "0 to"),
        ("constraints.joint_99.goal", number(0.1), "not declared"),
        ("interpolation_mthod", switch(true), "not declared"),
    ];
    for (name, value, words) in wild {
        let before = b.parameter(name)?;
        let answer = b.set(name, value)?;
        let after = b.parameter(name)?;
        let said = answer.as_ref().err().is_some_and(|reason| reason.contains(words));
        b.expect(
            &format!("refused with {words:?}, the old value stays"),
            said && before == after,
            format!("{answer:?}, {} -> {}", before.double_value, after.double_value),
        )?;
    }
    PASS
}
