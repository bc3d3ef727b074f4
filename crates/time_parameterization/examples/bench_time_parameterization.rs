//! What timing costs, and how good it is, beside its peers:
//! `cargo run --release -p time_parameterization --example bench_time_parameterization`
//! `[-- [--quick] [PYTHON]]`, where PYTHON has what peers.py asks for.
//!
//! Prints a table and writes target/report/bench_time_parameterization.json. Ours and the peers take
//! turns; each figure is the lowest median of the turns, because the machine is shared.

#[path = "../tests/support/problems.rs"]
mod problems;

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use problems::{Answers, Move, Random, STATIONS, waypoints};
use report::{Report, Target};
use serde_json::{Value, json};
use time_parameterization::{
    JointLimits, Limits, PathRequest, Shape, Timed, Timing, curve, without_jerk,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const TURNS: usize = 5;
const POINTS: usize = 200;
const VELOCITY: [f64; 6] = [3.0, 2.5, 3.0, 4.0, 4.0, 4.0];
const ACCELERATION: [f64; 6] = [6.0, 5.0, 8.0, 15.0, 15.0, 20.0];

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    arguments.retain(|argument| argument != "--quick");
    let turns = if quick { 2 } else { TURNS };
    let problems = Problems::draw()?;
    let (mut ours, mut peers) = (Figures::default(), Peers::default());
    for _ in 0..turns {
        ours.and(problems.turn()?);
        if let Some(python) = arguments.first() {
            peers.and(Peers::turn(python, quick)?);
        }
    }
    let report = report(&problems, &ours, &peers, turns)?;
    let report = Report { quick, ..report };
    print!("{}", report.table());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/report");
    report.write(&folder, "bench_time_parameterization")?;
    Ok(())
}

struct Problems {
    /// Timings and moves, from rest to rest and between states.
    moves: [Vec<(Timing<'static, 6>, Move)>; 2],
    answers: Answers,
    /// Smooth paths in 200 points.
    dense: Vec<Vec<[f64; 6]>>,
    /// The waypoints they came from.
    sparse: Vec<Vec<[f64; 6]>>,
    timing: Timing<'static, 6>,
}

/// Medians, µs.
#[derive(Default)]
struct Figures(Vec<(&'static str, f64)>);

#[derive(Default)]
struct Peers {
    figures: Figures,
    /// toppra's durations, s.
    durations: Vec<f64>,
}

impl Figures {
    /// Keeps the lower ones.
    fn and(&mut self, other: Self) {
        for (name, value) in other.0 {
            match self.0.iter_mut().find(|(known, _)| *known == name) {
                Some((_, lowest)) => *lowest = lowest.min(value),
                None => self.0.push((name, value)),
            }
        }
    }

    fn get(&self, name: &str) -> f64 {
        self.0.iter().find(|(known, _)| *known == name).map_or(f64::NAN, |(_, value)| *value)
    }
}

impl Peers {
    fn turn(python: &str, quick: bool) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/peers.py");
        let counts = if quick { ["2000", "20"] } else { ["20000", "100"] };
        let output = Command::new(python).arg(script).args(counts).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let answer: Value = serde_json::from_slice(&output.stdout)?;
        let figure = |name| (name, answer.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN));
        let durations = answer.get("durations").and_then(Value::as_array);
        Ok(Self {
            figures: Figures(["rest_to_rest", "state_to_state", "path"].map(figure).into()),
            durations: durations.into_iter().flatten().filter_map(Value::as_f64).collect(),
        })
    }

    fn and(&mut self, other: Self) {
        self.figures.and(other.figures);
        self.durations = other.durations;
    }
}

impl Problems {
    fn draw() -> Result<Self> {
        let answers = Answers::ruckig();
        let mut random = Random(answers.seed);
        let moves = [true, false].map(|at_rest| {
            let draw = |_| {
                let problem = Move::draw(&mut random, at_rest);
                (Timing::new(problem.limits.clone(), None), problem)
            };
            (0..20_000).map(draw).collect()
        });
        let toppra = Answers::toppra();
        let mut random = Random(toppra.seed);
        let sparse: Vec<_> = (0..100).map(|_| waypoints(&mut random)).collect();
        let dense = sparse.iter().map(|waypoints| dense(waypoints)).collect::<Result<_>>()?;
        Ok(Self { moves, answers, dense, sparse, timing: Timing::new(limits()?, None) })
    }

    /// All medians, µs.
    fn turn(&self) -> Result<Figures> {
        let [rest, moving] = &self.moves;
        let limits = self.timing.limits();
        let through = PathRequest { speed: 1.0, accuracy: 1.0, shape: Shape::Through };
        let lines = PathRequest { speed: 1.0, accuracy: 0.1, shape: Shape::Lines };
        let path = |waypoints: &Vec<[f64; 6]>, request| self.timing.path(waypoints, request);
        Ok(Figures(vec![
            (
                "rest_to_rest",
                median(rest, |(timing, problem)| {
                    let Move { from, to, .. } = problem;
                    timing.rest_to_rest(&from.position, &to.position, 1.0)
                })?,
            ),
            (
                "rest_to_rest_points",
                median(rest, |(timing, problem)| {
                    let Move { from, to, .. } = problem;
                    timing.point_to_point(&from.position, &to.position, 1.0)
                })?,
            ),
            (
                "state_to_state_points",
                median(moving, |(timing, problem)| {
                    timing.state_to_state(&problem.from, &problem.to, 1.0)
                })?,
            ),
            (
                "path",
                median_on_processor(&self.dense, |waypoints| {
                    curve::through(waypoints, 1.0)
                        .map(|curve| without_jerk(&curve, limits, STATIONS))
                })?,
            ),
            ("path_jerk", median_on_processor(&self.dense, |waypoints| path(waypoints, &through))?),
            ("lines_jerk", median_on_processor(&self.sparse, |waypoints| path(waypoints, &lines))?),
        ]))
    }

    /// By how much our moves take longer than Ruckig's, at most, s.
    fn slower(&self, which: usize) -> Result<f64> {
        let (moves, theirs) = (self.moves.get(which), self.answers.durations.get(which));
        let (Some(moves), Some(theirs)) = (moves, theirs) else { return Ok(f64::NAN) };
        let mut worst = f64::NEG_INFINITY;
        for ((timing, problem), theirs) in moves.iter().zip(theirs) {
            let ours = timing.state_to_state(&problem.from, &problem.to, 1.0)?.duration();
            worst = worst.max(ours - theirs);
        }
        Ok(worst)
    }

    /// The largest relative difference to toppra's durations.
    fn off(&self, theirs: &[f64]) -> Result<f64> {
        let mut worst = if theirs.is_empty() { f64::NAN } else { 0.0_f64 };
        for (waypoints, theirs) in self.sparse.iter().zip(theirs) {
            let curve = curve::through(waypoints, f64::INFINITY)?;
            let ours = without_jerk(&curve, self.timing.limits(), STATIONS).duration();
            worst = worst.max((ours / theirs - 1.0).abs());
        }
        Ok(worst)
    }

    /// Jerk-limited durations over those without jerk limits: median and largest.
    fn price_of_jerk(&self) -> Result<(f64, f64)> {
        let request = PathRequest { speed: 1.0, accuracy: 1.0, shape: Shape::Through };
        let mut ratios = Vec::new();
        for waypoints in &self.dense {
            let curve = curve::through(waypoints, 1.0)?;
            let bound = without_jerk(&curve, self.timing.limits(), 1000).duration();
            ratios.push(
                self.timing.path(waypoints, &request).map(|t: Timed<6>| t.duration())? / bound,
            );
        }
        ratios.sort_by(f64::total_cmp);
        let at = |index: usize| ratios.get(index).copied().unwrap_or(f64::NAN);
        Ok((at(ratios.len() / 2), at(ratios.len().saturating_sub(1))))
    }
}

/// Time that this thread has been on a processor, s: what the others on the machine take is not
/// counted.
fn on_processor() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

/// The median time on the processor of a call, µs.
fn median_on_processor<P, T, E: std::error::Error + 'static>(
    problems: &[P],
    call: impl FnMut(&P) -> std::result::Result<T, E>,
) -> Result<f64> {
    median_by(on_processor, problems, call)
}

/// The median time of a call, µs.
fn median<P, T, E: std::error::Error + 'static>(
    problems: &[P],
    call: impl FnMut(&P) -> std::result::Result<T, E>,
) -> Result<f64> {
    let begin = Instant::now();
    median_by(|| begin.elapsed().as_secs_f64(), problems, call)
}

fn median_by<P, T, E: std::error::Error + 'static>(
    now: impl Fn() -> f64,
    problems: &[P],
    mut call: impl FnMut(&P) -> std::result::Result<T, E>,
) -> Result<f64> {
    let mut times = Vec::with_capacity(problems.len());
    for problem in problems {
        let start = now();
        black_box(call(black_box(problem))?);
        times.push((now() - start) * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(times.len() / 2).copied().unwrap_or(f64::NAN))
}

fn report(problems: &Problems, ours: &Figures, peers: &Peers, turns: usize) -> Result<Report> {
    let peer = |name| peers.figures.get(name);
    let with =
        |target: Target, peer: f64| if peer.is_finite() { target.with_peer(peer) } else { target };
    let time = |name: &str, figure, limit, theirs| {
        with(Target::at_most(name, "µs", ours.get(figure), limit), theirs)
    };
    let targets = vec![
        time("rest to rest, six joints, median", "rest_to_rest", 6.0, peer("rest_to_rest")),
        Target::at_most("longer than Ruckig, 20,000 rest to rest", "s", problems.slower(0)?, 1e-6),
        Target::at_most("longer than Ruckig, 20,000 any states", "s", problems.slower(1)?, 1e-6),
        time("200-point path, median", "path", 150.0, peer("path")),
        time("200-point path with jerk limits, median", "path_jerk", 150.0, f64::NAN),
        Target::at_most("off toppra's durations", "1", problems.off(&peers.durations)?, 1e-5),
    ];
    let (price, worst) = problems.price_of_jerk()?;
    Ok(Report::new(targets)
        .with("turns", turns)
        .with("rest_to_rest_with_points_us", ours.get("rest_to_rest_points"))
        .with(
            "state_to_state_with_points_us",
            json!([ours.get("state_to_state_points"), peer("state_to_state")]),
        )
        .with("lines_with_jerk_us", ours.get("lines_jerk"))
        .with("jerk_limited_over_unlimited_duration", json!([price, worst]))
        .with(
            "note",
            "lowest median of interleaved turns; paths by time on the processor; Ruckig by its own clock, toppra without set-up",
        ))
}

/// The same way in 200 points.
fn dense(waypoints: &[[f64; 6]]) -> Result<Vec<[f64; 6]>> {
    let curve = curve::through(waypoints, f64::INFINITY)?;
    let at = |k: usize| curve.at(curve.length() * k as f64 / (POINTS - 1) as f64);
    Ok((0..POINTS).filter_map(at).map(|jet| jet.position).collect())
}

fn limits() -> Result<Limits<6>> {
    let joints = std::array::from_fn(|j| {
        let at = |values: [f64; 6]| values.get(j).copied().unwrap_or(f64::NAN);
        let (velocity, acceleration) = (at(VELOCITY), at(ACCELERATION));
        let (lower, upper, torque) = (-7.0, 7.0, f64::INFINITY);
        JointLimits { lower, upper, velocity, acceleration, jerk: 10.0 * acceleration, torque }
    });
    Ok(Limits::new(std::array::from_fn(|j| format!("joint_{}", j + 1)), &joints)?)
}
