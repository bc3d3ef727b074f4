//! Motions whose joints have constant jerk between known instants, and their points.
//!
//! With a point wherever the jerk of a joint changes, every joint is a cubic between two points, and
//! the quintic through the points is that cubic: sampling loses nothing. Instants nearer than a tenth
//! of a millisecond share a point, or the quintic between them would be all rounding; if one of them
//! is of a joint that sets the duration, it is that one, because the other joints have limits to
//! spare. A joint whose jerk changes just beside a point is there where it would be had it changed at
//! the point, on the side of constant acceleration: so it goes beyond no limit of acceleration.

use crate::limits::Limits;
use crate::timed::{Point, State, Timed, whole_nanoseconds};

/// Least times between two points, s, to be tried in turn. With 64-bit numbers an acceleration over
/// the first is good to some 1e-6 rad/s².
const NEAREST: [f64; 5] = [3e-5, 1e-4, 5e-5, 2e-4, 4e-4];
/// Share of a velocity or acceleration limit that points may take: half of the rounding that the
/// motion service allows.
const ALLOWED: f64 = 1.0 + 5e-7;
/// Instants nearer than this are the same, s: as near as times in nanoseconds come.
const SAME: f64 = 1e-9;

/// One joint from an instant on, until the next phase.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Phase {
    /// When it begins, s.
    pub start: f64,
    /// Position, rad, velocity, rad/s, and acceleration, rad/s², at that instant.
    pub knot: (f64, f64, f64),
    /// Jerk, rad/s³.
    pub jerk: f64,
}

/// The phases of one joint, in order, the first from 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Joint {
    pub phases: Vec<Phase>,
    /// Whether it is one that sets the duration.
    pub critical: bool,
}

impl Phase {
    /// The joint at `t` s, whether or not the phase holds then.
    pub(crate) fn at(&self, t: f64) -> (f64, f64, f64) {
        let ((p, v, a), j, t) = (self.knot, self.jerk, t - self.start);
        (p + t * (v + t * (a / 2.0 + t * j / 6.0)), v + t * (a + t * j / 2.0), a + t * j)
    }
}

impl Joint {
    /// A joint that stays at `position`, rad.
    pub(crate) fn still(position: f64) -> Self {
        let phase = Phase { knot: (position, 0.0, 0.0), ..Phase::default() };
        Self { phases: vec![phase], critical: false }
    }

    /// The joint at a point in time, which is at least `nearest` s from others.
    fn at(&self, t: f64, nearest: f64) -> (f64, f64, f64) {
        let now = self.phases.partition_point(|phase| phase.start <= t + SAME);
        let exact = now.checked_sub(1).and_then(|now| self.phases.get(now));
        let Some(exact) = exact.or(self.phases.first()) else { return (0.0, 0.0, 0.0) };
        if t - exact.start < SAME {
            return exact.at(t);
        }
        let near = self.phases.iter().zip(self.phases.iter().skip(1)).filter(|(phase, next)| {
            let (start, end) = (phase.start, next.start);
            end - start > SAME && start < t + nearest && end > t - nearest
        });
        let smoothest = near.map(|(phase, _)| phase).fold(exact, |best, phase| {
            if phase.jerk.abs() < best.jerk.abs() { phase } else { best }
        });
        smoothest.at(t)
    }
}

/// The points from 0 to `end` s, with the exact states `from` and `to` there, and the largest share
/// of a velocity or acceleration limit that they take.
pub(crate) fn points<const N: usize>(
    ends: (State<N>, State<N>),
    end: f64,
    joints: &[Joint; N],
    limits: &Limits<N>,
) -> (Timed<N>, f64) {
    let mut best = (Timed::new(Vec::new()), f64::INFINITY);
    for nearest in NEAREST {
        let timed = points_apart(ends, whole_nanoseconds(end), joints, nearest);
        let peaks = timed.peaks(limits);
        let share = peaks.velocity.max(peaks.acceleration);
        if share < best.1 {
            best = (timed, share);
        }
        if best.1 <= ALLOWED {
            break;
        }
    }
    best
}

fn points_apart<const N: usize>(
    (from, to): (State<N>, State<N>),
    end: f64,
    joints: &[Joint; N],
    nearest: f64,
) -> Timed<N> {
    let first = Point { time: 0.0, state: from };
    if end <= 0.0 {
        return Timed::new(vec![first]);
    }
    let switches = joints
        .iter()
        .flat_map(|joint| joint.phases.iter().skip(1).map(|phase| (phase.start, joint.critical)));
    let inner = spread(switches.collect(), end, nearest).into_iter().map(|time| {
        let time = whole_nanoseconds(time);
        let joints = joints.each_ref().map(|joint| joint.at(time, nearest));
        Point { time, state: State::from_knots(joints) }
    });
    let points = std::iter::once(first).chain(inner);
    Timed::new(points.chain([Point { time: end, state: to }]).collect())
}

/// Instants at least `nearest` s from each other and from both ends; critical ones go first.
fn spread(mut switches: Vec<(f64, bool)>, end: f64, nearest: f64) -> Vec<f64> {
    switches.retain(|(time, _)| *time >= nearest && end - *time >= nearest);
    switches.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut kept: Vec<(f64, bool)> = Vec::with_capacity(switches.len());
    for (time, critical) in switches {
        let near = |before: &(f64, bool)| time - before.0 < nearest;
        while critical && kept.last().is_some_and(|last| near(last) && !last.1) {
            kept.pop();
        }
        if !kept.last().is_some_and(near) {
            kept.push((time, critical));
        }
    }
    kept.into_iter().map(|(time, _)| time).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_keep_their_distance_and_critical_ones_go_first() {
        let switches = vec![
            (0.999_99, true),
            (0.100_05, true),
            (0.1, false),
            (0.100_1, false),
            (0.2, true),
            (0.200_05, true),
            (0.000_05, false),
        ];
        assert_eq!(spread(switches, 1.0, 1e-4), [0.100_05, 0.2]);
    }

    #[test]
    fn a_jerk_that_ends_beside_a_point_ends_at_it() {
        let ramp = Phase { start: 0.0, knot: (0.0, 0.0, 0.0), jerk: 10.0 };
        let flat = Phase { start: 0.5, knot: ramp.at(0.5), jerk: 0.0 };
        let last = Phase { start: 0.9, knot: flat.at(0.9), jerk: -10.0 };
        let joint = Joint { phases: vec![ramp, flat, last], critical: false };
        assert_eq!(joint.at(0.499_95, 1e-4).2, 5.0);
        assert_eq!(joint.at(0.3, 1e-4).2, 3.0);
        assert_eq!(joint.at(0.5, 1e-4).2, 5.0);
    }
}
