//! The quickest motion along a curve, as points between which quintics stay within all limits.
//!
//! The solver keeps the limits at its nodes. What the quintics overshoot between two nodes is taken
//! off the limits at both, in a few rounds; what then is left (far less than a thousandth) is met by
//! going a little more slowly everywhere.
#![allow(clippy::indexing_slicing, clippy::needless_range_loop)] // one index over the nodes, arrays of N

use crate::check::Shares;
use crate::curve::Curve;
use crate::error::{Place, TimingError};
use crate::jerk::{self, Kind, Rows, Solver, Spot};
use crate::limits::Limits;
use crate::timed::{Point, State, Timed, whole_nanoseconds};
use crate::torque::Dynamics;

/// Gaps to the best motion after which the limits at the nodes are looked at again, in parts of the
/// duration; the last is that of the result.
const GAPS: [f64; 4] = [3e-2, 3e-3, 5e-4, 3e-4];
/// Gaps after which nodes are added where there are too few.
const MESHING: [f64; 2] = [1.5e-1, 6e-2];
/// Rounds more while the motion would have to be slowed by more than this.
const SLOWING: f64 = 5e-4;
/// Rounds in which limits at nodes may grow again.
const FOLLOWING: usize = 2;
/// Rounds at most.
const ROUNDS: usize = 8;
/// Share of a torque limit up to which torques are not looked at when timing.
const TORQUE_IDLE: f64 = 0.999;
/// Share of its limit that a row must take to be heeded.
const HEED: f64 = 0.5;
/// Most of a limit that is taken off at a node.
const MOST_OFF: f64 = 0.5;

/// The quickest motion from rest to rest along `curve`.
pub(crate) fn time<const N: usize>(
    curve: &Curve<N>,
    limits: &Limits<N>,
    dynamics: Option<&Dynamics<'_, N>>,
) -> Result<Timed<N>, TimingError> {
    let timed = attempt(curve, limits, None)?;
    let Some(dynamics) = dynamics.filter(|_| limits.has_torque()) else { return Ok(timed) };
    check_hold(&timed, limits, dynamics)?;
    let slowing = slowing(&timed, limits, dynamics);
    if slowing <= TORQUE_IDLE * TORQUE_IDLE {
        return Ok(timed);
    }
    let timed = attempt(curve, limits, Some(dynamics))?;
    let slowing = self::slowing(&timed, limits, dynamics);
    Ok(if slowing > 1.0 { timed.stretched(slowing.sqrt()) } else { timed })
}

fn attempt<const N: usize>(
    curve: &Curve<N>,
    limits: &Limits<N>,
    dynamics: Option<&Dynamics<'_, N>>,
) -> Result<Timed<N>, TimingError> {
    let torque = |jet: &_| dynamics.map(|dynamics| dynamics.terms(jet));
    let (grid, motion) = jerk::lay(curve, limits, torque);
    let mut solver = Solver::new(Rows::new(&grid, limits, torque), grid, motion);
    for gap in MESHING {
        solver.improve(gap);
        let Solver { grid, motion, durations, .. } = &solver;
        if let Some((grid, motion)) = jerk::refined(curve, grid, motion, durations) {
            solver = Solver::new(Rows::new(&grid, limits, torque), grid, motion);
        }
    }
    let mut best: Option<Timed<N>> = None;
    for round in 0..ROUNDS {
        let gap = GAPS[round.min(GAPS.len() - 1)];
        if !solver.improve(gap) {
            break;
        }
        let late = round + 1 >= GAPS.len();
        if late {
            solver.restore();
        }
        let timed = points(&solver);
        if late {
            let slowing = timed.peaks(limits).stretch();
            let legal =
                if slowing > 1.0 { timed.clone().stretched(slowing) } else { timed.clone() };
            if best.as_ref().is_none_or(|best| legal.duration() < best.duration()) {
                best = Some(legal);
            }
            if slowing <= 1.0 + SLOWING {
                break;
            }
        }
        tighten(&mut solver, &timed, limits, dynamics, Bounds::of(round));
    }
    let reason = || TimingError::NotSolved { reason: "the timing does not settle".into() };
    best.filter(|timed| timed.duration().is_finite()).ok_or_else(reason)
}

/// Whether bounds follow the overshoot or only shrink: that ends a swing between two motions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bounds {
    Follow,
    Shrink,
}

impl Bounds {
    fn of(round: usize) -> Self {
        if round < FOLLOWING { Self::Follow } else { Self::Shrink }
    }

    /// A bound of 1 less what is overshot.
    pub(crate) fn without(self, overshoot: f64, bound: &mut f64) {
        let new = 1.0 - overshoot;
        *bound = if self == Self::Follow { new } else { new.min(*bound) };
    }
}

/// The nodes as points in time.
fn points<const N: usize>(solver: &Solver<N>) -> Timed<N> {
    let mut time = 0.0;
    let last = solver.grid.s.len() - 1;
    let mut points = Vec::with_capacity(last + 1);
    for i in 0..=last {
        let jet = &solver.grid.jets[i];
        let rest = i == 0 || i == last;
        let (x, u) = if rest { (0.0, 0.0) } else { (solver.motion.x[i], solver.motion.u[i]) };
        let v = x.sqrt();
        let state = State::from_knots(std::array::from_fn(|j| {
            (jet.position[j], jet.first[j] * v, jet.first[j] * u + jet.second[j] * x)
        }));
        let due = whole_nanoseconds(time);
        points.push(Point { time: due, state: if rest { state } else { state.after(due - time) } });
        time += solver.durations[i];
    }
    Timed::new(points)
}

/// Takes off the limits what the motion overshoots between the nodes.
fn tighten<const N: usize>(
    solver: &mut Solver<N>,
    timed: &Timed<N>,
    limits: &Limits<N>,
    dynamics: Option<&Dynamics<'_, N>>,
    bounds: Bounds,
) {
    let mut before = Overshoot::NONE;
    for (i, pair) in timed.points().windows(2).enumerate().skip(1) {
        let behind = solver.overshoot(i, (&pair[0], &pair[1]), limits, dynamics);
        let both = before.and(&behind);
        let rows = solver.rows.of(i);
        for row in &mut solver.rows.all[rows] {
            let (of_all, factor) = match row.kind {
                // Speed over its limit squared is x over its bound.
                Kind::Speed => (&both.velocity, 2.0),
                Kind::Acceleration => (&both.acceleration, 1.0),
                Kind::Torque => (&both.torque, 1.0),
                Kind::Jerk => (&behind.jerk, 1.0),
            };
            let most = || of_all.iter().copied().fold(0.0, f64::max);
            let overshoot = row.joint.map_or_else(most, |joint| of_all[joint]);
            bounds.without(factor * overshoot, &mut row.bound);
        }
        before = behind;
    }
    solver.select(HEED);
}

/// How far quintics go beyond what the nodes at both ends have, in parts of the limits.
struct Overshoot<const N: usize> {
    velocity: [f64; N],
    acceleration: [f64; N],
    jerk: [f64; N],
    torque: [f64; N],
}

impl<const N: usize> Overshoot<N> {
    const NONE: Self =
        Self { velocity: [0.0; N], acceleration: [0.0; N], jerk: [0.0; N], torque: [0.0; N] };

    fn and(&self, other: &Self) -> Self {
        let larger = |a: &[f64; N], b: &[f64; N]| std::array::from_fn(|j| a[j].max(b[j]));
        Self {
            velocity: larger(&self.velocity, &other.velocity),
            acceleration: larger(&self.acceleration, &other.acceleration),
            jerk: larger(&self.jerk, &other.jerk),
            torque: larger(&self.torque, &other.torque),
        }
    }
}

impl<const N: usize> Solver<N> {
    /// The overshoot between node `i` and the next.
    fn overshoot(
        &self,
        i: usize,
        (from, to): (&Point<N>, &Point<N>),
        limits: &Limits<N>,
        dynamics: Option<&Dynamics<'_, N>>,
    ) -> Overshoot<N> {
        let mut overshoot = Overshoot::NONE;
        let rows = &self.rows.all[self.rows.of(i)];
        let jerk = |spot: Spot| {
            let rows = rows.iter().filter(move |row| row.kind == Kind::Jerk && row.spot == spot);
            let mut shares = [0.0_f64; N];
            for row in rows {
                let share = row.share(self.place(i).of(spot));
                match row.joint {
                    Some(joint) => shares[joint] = share,
                    None => shares = [share; N],
                }
            }
            shares
        };
        let (at_start, at_end) = (jerk(Spot::Start), jerk(Spot::End));
        let between = Shares::between(from, to, limits);
        let beyond =
            |value: f64, ends: [f64; 2]| (value - ends[0].max(ends[1])).clamp(0.0, MOST_OFF);
        for j in 0..N {
            let (a, b) = (&from.state, &to.state);
            let ends = |value: fn(&State<N>, usize) -> f64, limit: f64| {
                [value(a, j).abs() / limit, value(b, j).abs() / limit]
            };
            let velocity = ends(|s, j| s.velocity[j], limits.velocity[j]);
            let acceleration = ends(|s, j| s.acceleration[j], limits.acceleration[j]);
            overshoot.velocity[j] = beyond(between.velocity[j], velocity);
            overshoot.acceleration[j] = beyond(between.acceleration[j], acceleration);
            overshoot.jerk[j] = beyond(between.jerk[j], [at_start[j], at_end[j]]);
        }
        if let Some(dynamics) = dynamics {
            let pair = Timed::new(vec![*from, *to]);
            let middle = pair.sample(0.5 * (from.time + to.time));
            let torques = [*from, Point { time: 0.0, state: middle }, *to]
                .map(|point| dynamics.torque(&point.state));
            for j in 0..N {
                let share = |k: usize| torques[k][j].abs() / limits.torque[j];
                overshoot.torque[j] = beyond(share(1), [share(0), share(2)]);
            }
        }
        overshoot
    }
}

/// Refuses a way on which gravity takes all of a torque limit.
fn check_hold<const N: usize>(
    timed: &Timed<N>,
    limits: &Limits<N>,
    dynamics: &Dynamics<'_, N>,
) -> Result<(), TimingError> {
    let duration = timed.duration();
    for point in timed.points() {
        let place = Place::Share(point.time / duration);
        dynamics.check_hold(&point.state.position, limits, place)?;
    }
    Ok(())
}

/// How much more slowly the motion must go for its torques, squared: at the points and between.
pub(crate) fn slowing<const N: usize>(
    timed: &Timed<N>,
    limits: &Limits<N>,
    dynamics: &Dynamics<'_, N>,
) -> f64 {
    let at = timed.points().iter().map(|point| dynamics.slowing(&point.state, limits));
    let between = timed.points().windows(2).map(|pair| {
        let middle = timed.sample(0.5 * (pair[0].time + pair[1].time));
        dynamics.slowing(&middle, limits)
    });
    at.chain(between).fold(0.0, f64::max)
}
