//! How the reference goes on from one cycle to the next: along a path at some speed, or to a stop.

use trajectory::{Path, State, decelerate, govern, path_acceleration_range};
use vocabulary::joint::{JOINTS, JointLimits, PerJoint};

/// Speed below which a joint stands, rad/s.
const AT_REST: f64 = 1e-9;

/// How often the next path speed is corrected by the bend of the path where it leads.
const REFINEMENTS: u32 = 2;

/// What path speed to go for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// Ramp to this many path seconds per second.
    Towards(f64),
    /// Stop as hard as the joints allow without leaving the path.
    Stop,
}

/// A path under way.
#[derive(Debug, Clone)]
struct Run {
    path: Path,
    /// Path time, s; runs on in real time after the end.
    at: f64,
    /// Path seconds per second.
    speed: f64,
}

/// The reference and what moves it.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    limits: PerJoint<JointLimits>,
    /// Largest rise of path speed, 1/s.
    ramp: f64,
    reference: State,
    run: Option<Run>,
}

impl Course {
    pub(crate) fn new(limits: PerJoint<JointLimits>, scaling_ramp: f64) -> Self {
        let reference = State::at_rest([0.0; JOINTS]);
        Self { limits, ramp: 1.0 / scaling_ramp, reference, run: None }
    }

    /// Begins anew at these setpoints and brakes from them.
    pub(crate) fn seed(&mut self, position: PerJoint<f64>, velocity: PerJoint<f64>) {
        self.reference = State { velocity, ..State::at_rest(position) };
        self.run = None;
    }

    pub(crate) fn reference(&self) -> &State {
        &self.reference
    }

    /// Goes on along `path` from path time `from`, s, with path speed `speed`.
    pub(crate) fn follow(&mut self, path: Path, from: f64, speed: f64) {
        self.run = Some(Run { path, at: from, speed });
    }

    /// Leaves the path; joints that still move brake one by one.
    pub(crate) fn leave(&mut self) {
        self.run = None;
    }

    /// Path time, s; 0 without a path.
    pub(crate) fn path_time(&self) -> f64 {
        self.run.as_ref().map_or(0.0, |run| run.at)
    }

    /// Path seconds per second; 0 without a path.
    pub(crate) fn speed(&self) -> f64 {
        self.run.as_ref().map_or(0.0, |run| run.speed)
    }

    pub(crate) fn is_past_end(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.at >= run.path.duration())
    }

    pub(crate) fn is_at_rest(&self) -> bool {
        self.reference.is_at_rest(AT_REST)
    }

    /// Whether the reference stands and will go on standing.
    pub(crate) fn is_stopped(&self) -> bool {
        self.speed() == 0.0 && self.is_at_rest()
    }

    /// Whether a path can be joined to the one under way without a stop.
    pub(crate) fn is_on_path(&self) -> bool {
        self.run.is_some() && !self.is_past_end()
    }

    /// The state from which another path may take over at the present path speed: derivatives are
    /// by path time.
    pub(crate) fn point_before(&self) -> State {
        match &self.run {
            Some(run) if run.at < run.path.duration() && run.speed > 0.0 => {
                State { position: self.reference.position, ..run.path.sample(run.at) }
            }
            _ => State::at_rest(self.reference.position),
        }
    }

    /// The path under way.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.run.as_ref().map(|run| &run.path)
    }

    /// Path time left until the end, s.
    pub(crate) fn remaining(&self) -> f64 {
        self.run.as_ref().map_or(0.0, |run| run.path.duration() - run.at)
    }

    /// Goes on from here: what another controller was at.
    pub(crate) fn set_reference(&mut self, reference: State) {
        self.reference = reference;
    }

    /// Goes on at another path time, s.
    pub(crate) fn set_path_time(&mut self, at: f64) {
        if let Some(run) = &mut self.run {
            run.at = at;
        }
    }

    /// Goes on with another path speed, path seconds per second.
    pub(crate) fn set_speed(&mut self, speed: f64) {
        if let Some(run) = &mut self.run {
            run.speed = speed;
        }
    }

    /// Puts one joint where its driver holds it.
    pub(crate) fn place(&mut self, joint: usize, position: f64) {
        let State { position: p, velocity: v, acceleration: a } = &mut self.reference;
        if let (Some(p), Some(v), Some(a)) = (p.get_mut(joint), v.get_mut(joint), a.get_mut(joint))
        {
            (*p, *v, *a) = (position, 0.0, 0.0);
        }
    }

    /// The next reference, `dt` s later.
    pub(crate) fn advance(&mut self, dt: f64, pace: Pace) {
        let Some(run) = &mut self.run else {
            self.reference = decelerate(&self.reference, &self.limits, dt);
            return;
        };
        let desired = run.advance(dt, pace, self.ramp, &self.limits);
        self.reference = govern(&self.reference, &desired, &self.limits, dt);
    }
}

impl Run {
    fn advance(&mut self, dt: f64, pace: Pace, ramp: f64, limits: &PerJoint<JointLimits>) -> State {
        if self.at >= self.path.duration() {
            self.at += dt;
            if pace == Pace::Stop {
                self.speed = 0.0;
            }
            return State::at_rest(self.path.end().position);
        }
        // Both ends of the step count: the path may bend more at its end than where it begins. Where
        // the step ends depends on the speed that is looked for, a little.
        let here = self.path.sample(self.at);
        let (low, high) = path_acceleration_range(&here, self.speed, limits);
        let mut next = self.next_speed(dt, pace, ramp, (low, high));
        for _ in 0..REFINEMENTS {
            let there = self.path.sample(self.at + self.way(next, dt));
            let end = path_acceleration_range(&there, next, limits);
            next = self.next_speed(dt, pace, ramp, (low.max(end.0), high.min(end.1)));
        }
        let acceleration = (next - self.speed) / dt;
        self.at += self.way(next, dt);
        self.speed = next;
        if self.at >= self.path.duration() {
            return State::at_rest(self.path.end().position);
        }
        scaled(&self.path.sample(self.at), next, acceleration)
    }

    /// Path speed after `dt` s, with path accelerations between `low` and `high`, 1/s.
    fn next_speed(&self, dt: f64, pace: Pace, ramp: f64, (low, high): (f64, f64)) -> f64 {
        match pace {
            Pace::Stop => (self.speed + low * dt).max(0.0),
            Pace::Towards(goal) if goal >= self.speed => {
                (self.speed + high.min(ramp) * dt).min(goal)
            }
            Pace::Towards(goal) => (self.speed + low.max(-ramp) * dt).max(goal),
        }
    }

    /// Path time that passes in `dt` s while the speed changes to `next`, s.
    fn way(&self, next: f64, dt: f64) -> f64 {
        0.5 * (self.speed + next) * dt
    }
}

/// The motion of the joints on a path passed at `speed` that changes with `acceleration`, 1/s.
fn scaled(at: &State, speed: f64, acceleration: f64) -> State {
    let mut state = *at;
    for (v, a) in state.velocity.iter_mut().zip(&mut state.acceleration) {
        *a = *a * speed * speed + *v * acceleration;
        *v *= speed;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use vocabulary::plan::Waypoint;

    const LIMIT: f64 = 8.0;

    /// Joint 1 swings ever faster, joint 2 with it: up to 1.1 s within the limits, though not by much.
    fn swinging() -> Path {
        let points: Vec<Waypoint> = (1..=24)
            .map(|k| {
                let t = f64::from(k) / 12.0;
                let (sine, cosine) = (t * t * 2.0).sin_cos();
                let rate = 4.0 * t;
                let bend = |sine: f64, cosine: f64| 4.0 * cosine - rate * rate * sine;
                Waypoint {
                    time: t,
                    position: [0.3 * sine, 0.1 * cosine, 0.0, 0.0, 0.0, 0.0],
                    velocity: Some([0.3 * rate * cosine, -0.1 * rate * sine, 0.0, 0.0, 0.0, 0.0]),
                    acceleration: Some([
                        0.3 * bend(sine, cosine),
                        0.1 * (-4.0 * sine - rate * rate * cosine),
                        0.0,
                        0.0,
                        0.0,
                        0.0,
                    ]),
                }
            })
            .collect();
        let mut start = State::at_rest([0.0, 0.1, 0.0, 0.0, 0.0, 0.0]);
        start.acceleration[0] = 0.3 * 4.0;
        Path::new(start, Arc::from(points)).unwrap()
    }

    #[test]
    fn a_stop_within_the_limits_stays_within_them_in_every_period() {
        let limits = JointLimits {
            lower: -3.0,
            upper: 3.0,
            velocity: 9.0,
            acceleration: LIMIT,
            effort: 100.0,
        };
        for (dt, start) in
            [0.004, 0.012, 0.05].into_iter().flat_map(|dt| (20..90).map(move |k| (dt, k)))
        {
            let mut course = Course::new([limits; JOINTS], 0.5);
            let from = f64::from(start) * 0.01;
            let at = swinging().sample(from);
            course.set_reference(at);
            course.follow(swinging(), from, 1.0);
            let mut hardest = 0.0_f64;
            while !course.is_stopped() {
                course.advance(dt, Pace::Stop);
                for a in course.reference().acceleration {
                    hardest = hardest.max(a.abs());
                    assert!(a.abs() <= 1.005 * LIMIT, "{a} rad/s² in a stop from {from} s, {dt} s");
                }
            }
            assert!(hardest > 0.5 * LIMIT, "not a hard stop from {from} s: {hardest} rad/s²");
        }
    }
}
