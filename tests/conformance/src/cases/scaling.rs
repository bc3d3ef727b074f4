//! Slower than programmed, and pausing.

use super::{PASS, expect_smooth, expect_success, expect_taken, ours_only};
use crate::bench::Bench;
use crate::suite::{Case, Verdict};
use anyhow::Result;
use std::time::Instant;

pub(super) const CASES: &[Case] = &[
    Case {
        id: "J-034",
        title: "a scaled goal takes its time divided by the factor",
        run: takes_longer,
    },
    Case { id: "J-035", title: "a scaled goal stays on its path", run: stays_on_path },
    Case { id: "J-083", title: "factors are taken, zero too, negative ones are not", run: factors },
    Case { id: "J-087", title: "a factor given in motion counts at once", run: in_motion },
    Case {
        id: "H-14",
        title: "a factor above one or NaN is refused, the old one stays",
        run: wild,
    },
    Case { id: "H-18", title: "zero pauses, and going on is ramped", run: pause },
];

fn takes_longer(b: &mut Bench) -> Result<Verdict> {
    for (factor, by) in [(0.25, 0.02), (0.87, 0.04), (1.0, 0.0)] {
        b.scale(factor)?;
        b.wait(0.1);
        let begin = Instant::now();
        let answer = b.run(b.move_to(by, 0.4))?;
        let took = begin.elapsed().as_secs_f64();
        expect_taken(b, &answer)?;
        let nominal = 0.4 / factor;
        b.expect(
            "the programmed time divided by the factor, and settling",
            (nominal - 0.05..nominal + 0.5).contains(&took),
            format!("{took:.2} s for {nominal:.2} s at {factor}"),
        )?;
    }
    PASS
}

fn stays_on_path(b: &mut Bench) -> Result<Verdict> {
    b.scale(0.5)?;
    b.wait(0.1);
    b.listen();
    let (way, time) = (0.04, 0.6);
    let answer = b.run(b.move_to(way, time))?;
    expect_taken(b, &answer)?;
    let home = b.home.first().copied().unwrap_or_default();
    let mut compared = 0;
    let track = b.track();
    // Before its start, states tell the time of the trajectory before.
    let moving = track.samples.iter().filter(|s| s.velocity.first().is_some_and(|v| *v > 1e-3));
    let off = moving.fold(0.0, |worst: f64, sample| {
        let x = (sample.path_time / time).clamp(0.0, 1.0);
        let cubic = home + way * x * x * (3.0 - 2.0 * x);
        compared += usize::from((0.01..0.99).contains(&x));
        worst.max((sample.position.first().copied().unwrap_or(f64::NAN) - cubic).abs())
    });
    b.expect(
        "the cubic at the path time reported, in at least 20 states",
        off < 5e-4 && compared >= 20,
        format!("{:.3} mrad off in {compared} states", off * 1e3),
    )?;
    PASS
}

fn factor_is(b: &mut Bench, expected: f64) -> Result<()> {
    b.wait(0.5);
    let came = b.state().speed_scaling_factor;
    b.expect(
        &format!("speed_scaling_factor {expected}"),
        (came - expected).abs() < 1e-6,
        came.to_string(),
    )
}

fn factors(b: &mut Bench) -> Result<Verdict> {
    for (given, expected) in [(0.765, 0.765), (0.0, 0.0), (0.45, 0.45), (-0.12, 0.45)] {
        b.scale(given)?;
        factor_is(b, expected)?;
    }
    PASS
}

fn in_motion(b: &mut Bench) -> Result<Verdict> {
    let mut running = b.start(b.move_to(0.04, 0.8))?;
    b.wait(0.2);
    b.scale(0.5)?;
    b.wait(0.4);
    let factor = b.state().speed_scaling_factor;
    b.expect("factor 0.5 after its ramp", (factor - 0.5).abs() < 1e-3, factor.to_string())?;
    let outcome = b.finish(&mut running)?;
    expect_success(b, &outcome)?;
    PASS
}

fn wild(b: &mut Bench) -> Result<Verdict> {
    ours_only!(b, "a stock controller takes any positive factor");
    b.scale(0.5)?;
    factor_is(b, 0.5)?;
    for factor in [2.0, f64::NAN, f64::INFINITY] {
        b.scale(factor)?;
        factor_is(b, 0.5)?;
    }
    PASS
}

fn pause(b: &mut Bench) -> Result<Verdict> {
    let mut running = b.start(b.move_to(0.06, 0.8))?;
    b.wait(0.3);
    b.scale(0.0)?;
    b.wait(0.5);
    b.listen();
    b.wait(0.3);
    let (moved, ended) = (b.track().moved(), b.poll(&mut running)?.is_some());
    b.expect(
        "standing, the goal active",
        moved < 1e-6 && !ended,
        format!("moved {:.3} mrad, ended: {ended}", moved * 1e3),
    )?;
    b.listen();
    b.scale(1.0)?;
    let outcome = b.finish(&mut running)?;
    expect_success(b, &outcome)?;
    let track = b.track();
    let ramp = track.samples.iter().filter(|s| s.scaling > 0.05 && s.scaling < 0.95).count();
    if b.is_ours() {
        b.expect(
            "factors between 0 and 1 on the way up",
            ramp >= 5,
            format!("{ramp} states between"),
        )?;
    }
    expect_smooth(b)?;
    PASS
}
