//! Joint waypoints along a segment, as close together as the segment needs.
//!
//! The rule: between two waypoints the joints may move in straight lines, and the tip then stays
//! within the deviation that was asked for. So a jump to another branch cannot hide between two
//! waypoints: the tip would leave the path.

use nalgebra::Vector3;

use super::{PathError, Segment};
use crate::ik::{Ik, IkError, Solution};
use crate::{JointVector, Pose};

/// How closely a joint path follows the segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathSettings {
    /// Largest deviation of the tip's position between waypoints [m].
    pub position_deviation: f64,
    /// Largest deviation of the tip's orientation between waypoints [rad].
    pub rotation_deviation: f64,
    /// Largest step of a joint between waypoints [rad].
    pub largest_step: f64,
    /// Shortest piece of path between waypoints [m + rad]; where that is still too long for
    /// `largest_step` or the deviations, the arm would jump.
    pub shortest_piece: f64,
    /// How close to a singularity a jump is blamed on it (see [`crate::ik::Closeness`]).
    pub singular_margin: f64,
}

impl Default for PathSettings {
    fn default() -> Self {
        Self {
            position_deviation: 1e-4,
            rotation_deviation: 1e-3,
            largest_step: 0.1,
            shortest_piece: 1e-4,
            singular_margin: 0.05,
        }
    }
}

/// Joint positions on a segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waypoint<const N: usize> {
    /// Where along the segment, from 0 to 1.
    pub share: f64,
    /// Joint positions [rad].
    pub joints: JointVector<N>,
}

/// Joint positions from the start of a segment to its goal.
#[derive(Debug, Clone, PartialEq)]
pub struct JointPath<const N: usize> {
    /// At least the start and the goal.
    pub waypoints: Vec<Waypoint<N>>,
    /// Largest deviation of the position that was found between waypoints [m].
    pub position_deviation: f64,
    /// Largest deviation of the orientation that was found between waypoints [rad].
    pub rotation_deviation: f64,
}

/// Where between two waypoints the tip is compared with the segment.
const PROBES: [f64; 3] = [0.25, 0.5, 0.75];
/// The share of what is allowed that may be found at the probes, for what lies between them.
const BETWEEN_PROBES: f64 = 0.9;
/// No step is a smaller share of the segment, so that every step gets on.
const LEAST_SHARE: f64 = 1e-9;
/// Longest first try, as a share of the segment.
const FIRST_STEP: f64 = 0.125;
/// A deviation grows with the square of the step: below this share of what is allowed, the next
/// step may be twice as long.
const ROOM: f64 = 0.2;

/// Joint positions along a segment from where the arm stands, without changing branch.
///
/// # Errors
/// See [`PathError`].
pub fn follow<const N: usize>(
    ik: &Ik<N>,
    segment: &Segment,
    start: &JointVector<N>,
    settings: &PathSettings,
) -> Result<JointPath<N>, PathError> {
    settings.check()?;
    let follower = Follower { ik, segment, settings };
    follower.check_start(start)?;
    follower.run(start)
}

/// Joint positions along a segment from whichever way of standing at its start goes through,
/// trying the ones nearest to `reference` [rad] first.
///
/// # Errors
/// The reason of the way that gets farthest; see [`PathError`].
pub fn follow_from_any<const N: usize>(
    ik: &Ik<N>,
    segment: &Segment,
    reference: &JointVector<N>,
    settings: &PathSettings,
) -> Result<JointPath<N>, PathError> {
    settings.check()?;
    let unreachable = |source: IkError| PathError::Unreachable { share: 0.0, source };
    let starts = ik.solve_all(&segment.pose(0.0), reference).map_err(unreachable)?;
    let follower = Follower { ik, segment, settings };
    let mut farthest = PathError::Unreachable { share: 0.0, source: IkError::Orientation };
    for start in &starts {
        match follower.run_with_turns(start, reference) {
            Ok(path) => return Ok(path),
            Err(error) if error.share() >= farthest.share() => farthest = error,
            Err(_) => {}
        }
    }
    Err(farthest)
}

struct Follower<'a, const N: usize> {
    ik: &'a Ik<N>,
    segment: &'a Segment,
    settings: &'a PathSettings,
}

/// How far the tip is from where it should be.
#[derive(Clone, Copy, Default)]
struct Deviation {
    position: f64,
    rotation: f64,
}

/// Why a step is too long.
enum Obstacle<const N: usize> {
    NoSolution(IkError),
    TooFar(JointVector<N>),
    Limit { joint: usize, position: f64 },
}

impl PathSettings {
    fn check(&self) -> Result<(), PathError> {
        let all = [
            ("position_deviation", self.position_deviation),
            ("rotation_deviation", self.rotation_deviation),
            ("largest_step", self.largest_step),
            ("shortest_piece", self.shortest_piece),
        ];
        match all.into_iter().find(|(_, value)| !(value.is_finite() && *value > 0.0)) {
            Some((name, value)) => Err(PathError::Setting { name, value }),
            None => Ok(()),
        }
    }

    fn allows(&self, deviation: &Deviation, room: f64) -> bool {
        deviation.position <= room * self.position_deviation
            && deviation.rotation <= room * self.rotation_deviation
    }
}

impl<const N: usize> Follower<'_, N> {
    fn check_start(&self, start: &JointVector<N>) -> Result<(), PathError> {
        let no_number = |source| PathError::Unreachable { share: 0.0, source };
        self.ik.check_reference(start).map_err(no_number)?;
        let here = Waypoint { share: 0.0, joints: *start };
        self.within_limits(start).map_err(|obstacle| self.explain(&here, 0.0, obstacle))?;
        let off = self.deviation(start, 0.0);
        match self.settings.allows(&off, 1.0) {
            true => Ok(()),
            false => Err(PathError::Start { position: off.position, rotation: off.rotation }),
        }
    }

    /// From a way of standing at the start; when a limit is in the way, also from its full turns.
    fn run_with_turns(
        &self,
        start: &Solution<N>,
        reference: &JointVector<N>,
    ) -> Result<JointPath<N>, PathError> {
        let first = self.run(&start.joints);
        if !matches!(first, Err(PathError::Limit { .. })) {
            return first;
        }
        let mut turns: Vec<JointVector<N>> = start.turns(self.ik.arm().limits()).collect();
        turns.sort_by(|a, b| (a - reference).norm().total_cmp(&(b - reference).norm()));
        turns.iter().skip(1).find_map(|turn| self.run(turn).ok()).map_or(first, Ok)
    }

    fn run(&self, start: &JointVector<N>) -> Result<JointPath<N>, PathError> {
        let size = self.segment.length() + self.segment.angle();
        let shortest = (self.settings.shortest_piece / size).clamp(LEAST_SHARE, 1.0);
        let mut at = Waypoint { share: 0.0, joints: *start };
        let mut path = JointPath::starting(at);
        let mut step = FIRST_STEP;
        while at.share < 1.0 {
            let rest = 1.0 - at.share;
            let next = match rest {
                _ if rest <= step => 1.0,
                // Two halves rather than a crumb at the end.
                _ if rest < 1.5 * step && step > 2.0 * shortest => at.share + rest / 2.0,
                _ => at.share + step,
            };
            match self.advance(&at, next) {
                Ok((joints, deviation)) => {
                    at = Waypoint { share: next, joints };
                    path.add(at, &deviation);
                    if self.settings.allows(&deviation, ROOM) {
                        step *= 2.0;
                    }
                }
                Err(obstacle) if step <= shortest => {
                    return Err(self.explain(&at, next, obstacle));
                }
                Err(_) => step = (step / 2.0).max(shortest),
            }
        }
        Ok(path)
    }

    /// The joint positions at `next`, if the way there is no obstacle.
    fn advance(
        &self,
        at: &Waypoint<N>,
        next: f64,
    ) -> Result<(JointVector<N>, Deviation), Obstacle<N>> {
        let found = self.ik.follow(&self.segment.pose(next), &at.joints);
        let joints = found.map_err(Obstacle::NoSolution)?.joints;
        let change = joints - at.joints;
        if change.amax() > self.settings.largest_step {
            return Err(Obstacle::TooFar(joints));
        }
        let mut worst = Deviation::default();
        for part in PROBES {
            let share = at.share + (next - at.share) * part;
            worst = worst.or(self.deviation(&(at.joints + change * part), share));
        }
        if !self.settings.allows(&worst, BETWEEN_PROBES) {
            return Err(Obstacle::TooFar(joints));
        }
        self.within_limits(&joints).map(|()| (joints, worst))
    }

    fn within_limits(&self, joints: &JointVector<N>) -> Result<(), Obstacle<N>> {
        let limits = self.ik.arm().limits();
        let outside = joints.iter().zip(limits).enumerate().find(|(_, (q, limits))| {
            // Not a hair more: what follows takes limits at their word.
            **q < limits.lower || **q > limits.upper
        });
        match outside {
            Some((joint, (&position, _))) => Err(Obstacle::Limit { joint, position }),
            None => Ok(()),
        }
    }

    fn deviation(&self, joints: &JointVector<N>, share: f64) -> Deviation {
        Deviation::between(&self.ik.arm().forward_kinematics(joints), &self.segment.pose(share))
    }

    /// What is in the way between here and there, when the way is as short as it may be.
    fn explain(&self, at: &Waypoint<N>, next: f64, obstacle: Obstacle<N>) -> PathError {
        let share = at.share;
        let name = |joint: usize| self.ik.joint_name(joint);
        match obstacle {
            Obstacle::NoSolution(source) => PathError::Unreachable { share, source },
            Obstacle::Limit { joint, position } => {
                let limits = self.ik.arm().limits().get(joint);
                let (lower, upper) = limits.map_or((0.0, 0.0), |l| (l.lower, l.upper));
                PathError::Limit { share, joint: name(joint), position, lower, upper }
            }
            Obstacle::TooFar(joints) => {
                let change = joints - at.joints;
                let (joint, by) = (name(change.iamax()), change.amax());
                let step = (next - share) * (self.segment.length() + self.segment.angle());
                let closeness = [at.joints, joints].map(|q| self.ik.closeness(&q));
                match closeness.into_iter().find(|c| c.margin < self.settings.singular_margin) {
                    Some(near) => {
                        let singularity = near.singularity;
                        PathError::Singular { share, singularity, joint, by, step }
                    }
                    None => PathError::Jump { share, joint, by, step },
                }
            }
        }
    }
}

impl<const N: usize> JointPath<N> {
    fn starting(at: Waypoint<N>) -> Self {
        Self { waypoints: vec![at], position_deviation: 0.0, rotation_deviation: 0.0 }
    }

    fn add(&mut self, at: Waypoint<N>, deviation: &Deviation) {
        self.waypoints.push(at);
        self.position_deviation = self.position_deviation.max(deviation.position);
        self.rotation_deviation = self.rotation_deviation.max(deviation.rotation);
    }
}

impl Deviation {
    fn between(a: &Pose, b: &Pose) -> Self {
        let turn: Vector3<f64> = (a.rotation * b.rotation.inverse()).imag();
        let sine = turn.norm().min(1.0);
        Self {
            position: (a.translation.vector - b.translation.vector).norm(),
            rotation: 2.0 * sine.asin(),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            position: self.position.max(other.position),
            rotation: self.rotation.max(other.rotation),
        }
    }
}
