//! The nodes of the jerk-limited problem, and a motion to start from.
//!
//! The quickest motion without jerk limits, averaged over the time that acceleration takes to build
//! up, is nearly the quickest one with them: on a straight line it is just that. Nodes are evenly
//! spaced in its time, so they lie dense where the motion is slow, and where the pieces of the curve
//! meet.
#![allow(clippy::indexing_slicing, clippy::needless_range_loop)] // one index over the nodes

use crate::curve::{Curve, Jet, Piece};
use crate::limits::Limits;
use crate::reach::{self, Extra};
use crate::torque::TorqueTerms;

/// Nodes that a round and a line have at least, intervals.
const LEAST: (usize, usize) = (6, 2);
/// Intervals between nodes: as many for the time in which acceleration builds up.
const PER_RAMP: f64 = 5.0;
/// Time between nodes at least and at most, s.
const SPACING: (f64, f64) = (0.004, 0.02);
/// Nodes at least and at most, but for those at the ends of pieces.
const COUNT: (f64, f64) = (60.0, 500.0);
/// Ratio of speeds at neighbouring nodes that calls for nodes between them, and how many at most.
const CHANGE: f64 = 1.35;
const MOST_BETWEEN: f64 = 6.0;
/// Nodes are enough where fewer than this times as many would do.
const ENOUGH: f64 = 1.5;
/// Nodes nearer than this, in parts of the spacing, become one.
const NEAR: f64 = 0.35;
/// How much more slowly the first motion goes than the averaged one.
const SLOWER: f64 = 1.2;
/// Stations of the motion without jerk limits, for each piece of the curve and in all.
const STATIONS: (usize, usize) = (8, 100);

/// Nodes along a curve; the first and the last are at rest.
#[derive(Debug, Clone)]
pub(crate) struct Grid<const N: usize> {
    /// Way, rad.
    pub s: Vec<f64>,
    /// The curve at the nodes; third derivatives of the piece behind.
    pub jets: Vec<Jet<N>>,
    /// Third derivatives of the piece before, where it is another one.
    pub third_before: Vec<[f64; N]>,
    /// Whether the interval that begins here is straight.
    pub straight: Vec<bool>,
    /// Time between nodes that is aimed at, s.
    pub spacing: f64,
}

/// Speeds at the nodes.
#[derive(Debug, Clone)]
pub(crate) struct Motion {
    /// ṡ², (rad/s)².
    pub x: Vec<f64>,
    /// s̈, rad/s².
    pub u: Vec<f64>,
}

/// A motion in even steps of time.
struct Steps {
    /// How long a step is, s.
    spacing: f64,
    /// (way, speed, acceleration) at each.
    at: Vec<(f64, f64, f64)>,
}

/// Nodes for a curve, and a motion that may break limits but not by much.
pub(crate) fn lay<const N: usize>(
    curve: &Curve<N>,
    limits: &Limits<N>,
    torque: impl Fn(&Jet<N>) -> Option<TorqueTerms<N>>,
) -> (Grid<N>, Motion) {
    let ways = stations(curve);
    let jets = curve.along(&ways);
    let torque: Option<Vec<_>> = jets.iter().map(torque).collect();
    let most = jets.iter().map(|jet| bent(jet, limits)).collect();
    let extra = Extra { torque: torque.unwrap_or_default(), most };
    let x = reach::quickest(&ways, &jets, limits, &extra);
    let steps = averaged(&ways, &x, limits);
    let nodes = nodes(curve, &steps);
    let motion = on(&nodes, &steps);
    (grid(curve, nodes, steps.spacing), motion)
}

/// More nodes where `motion`, whose intervals take `durations` s, has too few, and the same motion
/// on them; nothing where it has enough.
pub(crate) fn refined<const N: usize>(
    curve: &Curve<N>,
    grid: &Grid<N>,
    motion: &Motion,
    durations: &[f64],
) -> Option<(Grid<N>, Motion)> {
    let last = grid.s.len() - 1;
    let mut nodes = Vec::with_capacity(2 * grid.s.len());
    let mut finer = Motion { x: Vec::new(), u: Vec::new() };
    let mut refined = false;
    for i in 0..=last {
        nodes.push(grid.s[i]);
        finer.x.push(motion.x[i]);
        finer.u.push(motion.u[i]);
        if i == 0 || i + 1 >= last {
            continue;
        }
        let (x, next_x, u) = (motion.x[i], motion.x[i + 1], motion.u[i]);
        let delta = grid.s[i + 1] - grid.s[i];
        let change = 0.5 * (x / next_x).ln().abs() / CHANGE.ln();
        let many = (durations[i] / grid.spacing).max(change);
        if many < ENOUGH {
            continue;
        }
        refined = true;
        let many = many.ceil().min(MOST_BETWEEN);
        let w = (motion.u[i + 1] - u) / delta;
        for k in 1..many as usize {
            let ds = delta * k as f64 / many;
            nodes.push(grid.s[i] + ds);
            finer.x.push((x + ds * (2.0 * u + ds * w)).max(0.5 * x.min(next_x)));
            finer.u.push(u + ds * w);
        }
    }
    refined.then(|| (self::grid(curve, nodes, grid.spacing), finer))
}

/// ṡ² at which a constant speed takes all of a jerk limit: where the curve bends suddenly, the
/// quickest motion is about as slow.
fn bent<const N: usize>(jet: &Jet<N>, limits: &Limits<N>) -> f64 {
    let most = (0..N).map(|j| jet.third[j].abs() / limits.jerk[j]).fold(0.0, f64::max);
    most.powf(-2.0 / 3.0)
}

/// Stations evenly spaced on each piece.
fn stations<const N: usize>(curve: &Curve<N>) -> Vec<f64> {
    let pieces = curve.pieces();
    let even = STATIONS.1.div_ceil(pieces.len().max(1));
    let mut ways = vec![0.0];
    for piece in pieces {
        let many = if pieces.len() > STATIONS.1 { 1 } else { even.max(STATIONS.0) };
        let step = piece.length / many as f64;
        ways.extend((1..=many).map(|k| piece.start + step * k as f64));
    }
    ways
}

/// The motion with speeds √x at `ways`, averaged over time.
fn averaged<const N: usize>(ways: &[f64], x: &[f64], limits: &Limits<N>) -> Steps {
    let times = times(ways, x);
    let total = times.last().copied().unwrap_or(0.0);
    let ramp = (0..N).map(|j| limits.acceleration[j] / limits.jerk[j]).fold(0.0, f64::max);
    let window = ramp.min(0.5 * total);
    let most = (total + window) / COUNT.0;
    let spacing = (window / PER_RAMP).clamp(SPACING.0, SPACING.1).min(most);
    let spacing = spacing.max((total + window) / COUNT.1);
    let wide = (window / spacing).round().max(1.0) as usize;
    let steps = even_steps((ways, x, &times), spacing);
    Steps { spacing, at: average(&steps, wide, spacing) }
}

/// Times at which a motion with constant acceleration between stations passes them, s.
fn times(ways: &[f64], x: &[f64]) -> Vec<f64> {
    let mut time = 0.0;
    let mut times = vec![0.0];
    for i in 1..ways.len() {
        time += 2.0 * (ways[i] - ways[i - 1]) / (x[i].sqrt() + x[i - 1].sqrt());
        times.push(time);
    }
    times
}

/// Way and speed at even times, to the end and one beyond.
fn even_steps((ways, x, times): (&[f64], &[f64], &[f64]), spacing: f64) -> Vec<(f64, f64)> {
    let total = times.last().copied().unwrap_or(0.0);
    let count = (total / spacing).ceil() as usize;
    let mut station = 0;
    let mut steps = Vec::with_capacity(count + 1);
    for k in 0..count {
        let t = spacing * k as f64;
        while station + 2 < times.len() && times[station + 1] <= t {
            station += 1;
        }
        let (v, next) = (x[station].sqrt(), x[station + 1].sqrt());
        let rate = (next - v) / (times[station + 1] - times[station]);
        let dt = t - times[station];
        steps.push((ways[station] + dt * (v + 0.5 * rate * dt), v + rate * dt));
    }
    steps.push((ways.last().copied().unwrap_or(0.0), 0.0));
    steps
}

/// The average over `wide` steps before each, with rest before the start and after the end.
fn average(steps: &[(f64, f64)], wide: usize, spacing: f64) -> Vec<(f64, f64, f64)> {
    let mut sums = Vec::with_capacity(steps.len());
    let (mut sum, mut before) = (0.0, (0.0, 0.0));
    for now in steps {
        // The integral of a cubic.
        sum += 0.5 * spacing * (now.0 + before.0) - spacing * spacing / 12.0 * (now.1 - before.1);
        sums.push(sum);
        before = *now;
    }
    let window = spacing * wide as f64;
    let last = (steps.last().map_or(0.0, |end| end.0), sums.last().copied().unwrap_or(0.0));
    let at = |k: usize| match (steps.get(k), sums.get(k)) {
        (Some(step), Some(sum)) => (*sum, step.0, step.1),
        _ => {
            let late = spacing * (k + 1 - steps.len()) as f64;
            (last.1 + last.0 * late, last.0, 0.0)
        }
    };
    let ends = (0..steps.len() + wide).map(|k| {
        let (late, early) = (at(k), k.checked_sub(wide).map_or((0.0, 0.0, 0.0), at));
        let rate = |a: f64, b: f64| (a - b) / window;
        (rate(late.0, early.0), rate(late.1, early.1), rate(late.2, early.2))
    });
    ends.collect()
}

/// A place where a node might be.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    way: f64,
    /// Whether a piece ends here: then a node must be.
    end: bool,
    /// How far the next would be, rad.
    spacing: f64,
}

/// Places of the nodes: the steps, the ends of pieces, and more on short pieces.
fn nodes<const N: usize>(curve: &Curve<N>, steps: &Steps) -> Vec<f64> {
    let length = curve.length();
    let mut places: Vec<Candidate> = steps.at.windows(2).flat_map(between).collect();
    places.retain(|place| place.way > 1e-9 * length && place.way < length * (1.0 - 1e-9));
    let Some((first, last)) = places.first().zip(places.last()) else {
        return vec![0.0, 0.25 * length, 0.75 * length, length];
    };
    // The first and the last interval have a shape of their own, and no piece may end there.
    let (first, last) = (first.way, last.way);
    let (low, high) = (2.0 * first, length - 2.0 * (length - last));
    let few = curve.pieces().len() <= STATIONS.1;
    for piece in curve.pieces() {
        let least = if piece.straight { LEAST.1 } else { LEAST.0 };
        let spacing = piece.length / least as f64;
        places.push(Candidate { way: piece.end(), end: true, spacing: piece.length });
        let inside = |s: f64| s > piece.start && s < piece.end();
        if few && steps.at.iter().filter(|step| inside(step.0)).count() + 1 < least {
            let more = (1..least).map(|k| piece.start + spacing * k as f64);
            places.extend(more.map(|way| Candidate { way, end: false, spacing }));
        }
    }
    places.retain(|p| p.way == first || p.way == last || (p.way > low && p.way < high));
    places.sort_by(|a, b| a.way.total_cmp(&b.way));
    let mut nodes = vec![0.0];
    nodes.extend(thinned(&places));
    nodes.push(length);
    nodes
}

/// The place of a step, and more up to the next where speed changes much.
fn between(pair: &[(f64, f64, f64)]) -> impl Iterator<Item = Candidate> + use<> {
    let ((way, v, _), (next, next_v, _)) = (pair[0], pair[1]);
    let change = (v.max(next_v) / v.min(next_v)).ln() / CHANGE.ln();
    let many = if change.is_finite() { change.ceil().clamp(1.0, MOST_BETWEEN) } else { 1.0 };
    let spacing = (next - way) / many;
    let places = (0..many as usize).map(move |k| way + spacing * k as f64);
    places.map(move |way| Candidate { way, end: false, spacing })
}

/// Without nodes that are too near to others; ends of pieces stay.
fn thinned(places: &[Candidate]) -> Vec<f64> {
    let mut kept: Vec<Candidate> = Vec::with_capacity(places.len() + 2);
    for place in places {
        let gap = kept.last().map_or(f64::INFINITY, |before| place.way - before.way);
        let spacing = kept.last().map_or(0.0, |before| before.spacing.min(place.spacing));
        let (near, same) = (gap < NEAR * spacing, gap < 1e-9 * spacing);
        let first = kept.len() < 2;
        match kept.last_mut() {
            Some(_) if near && !place.end => {}
            Some(before) if near && !before.end && !first => *before = *place,
            Some(_) if same => {}
            _ => kept.push(*place),
        }
    }
    kept.into_iter().map(|place| place.way).collect()
}

/// Speeds at the nodes.
fn on(nodes: &[f64], steps: &Steps) -> Motion {
    let mut motion = Motion { x: vec![0.0; nodes.len()], u: vec![0.0; nodes.len()] };
    let mut step = 1;
    for (i, s) in nodes.iter().enumerate().take(nodes.len() - 1).skip(1) {
        while step + 1 < steps.at.len() && steps.at[step].0 < *s {
            step += 1;
        }
        let (before, behind) = (steps.at[step - 1], steps.at[step]);
        let share = ((s - before.0) / (behind.0 - before.0)).clamp(0.0, 1.0);
        let mix = |a: f64, b: f64| (a + share * (b - a)) / (SLOWER * SLOWER);
        motion.x[i] = mix(before.1 * before.1, behind.1 * behind.1).max(f64::MIN_POSITIVE);
        motion.u[i] = mix(before.2, behind.2);
    }
    motion
}

fn grid<const N: usize>(curve: &Curve<N>, s: Vec<f64>, spacing: f64) -> Grid<N> {
    let pieces = curve.pieces();
    let slack = 1e-12 * curve.length();
    let mut grid = Grid {
        jets: Vec::with_capacity(s.len()),
        third_before: Vec::with_capacity(s.len()),
        straight: Vec::with_capacity(s.len()),
        s: Vec::new(),
        spacing,
    };
    let mut index = 0;
    for way in &s {
        let before = index;
        while index + 1 < pieces.len() && pieces[index].end() <= way + slack {
            index += 1;
        }
        let at = |piece: &Piece<N>| piece.at((way - piece.start).clamp(0.0, piece.length));
        let jet = at(&pieces[index]);
        grid.third_before.push(if before == index { jet.third } else { at(&pieces[before]).third });
        grid.jets.push(jet);
        grid.straight.push(pieces[index].straight);
    }
    grid.s = s;
    grid
}
