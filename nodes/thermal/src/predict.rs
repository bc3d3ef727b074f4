//! How hot a trajectory makes the joints, how often it may be repeated, and with how much rest.
//!
//! The one rule: a stretch of time under a constant load is one linear map ([`Passage`]), so a cycle is
//! one map too and a thousand repetitions cost ten products; only the instants of peak and breach are
//! looked for step by step.

use crate::joint::Joint;
use crate::network::{Load, Network, Pair, Passage};
use arm_model::{ArmModel, JointVector, Load as ArmLoad};
use thiserror::Error;
use trajectory::{Path, PathError, State};
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::plan::Waypoint;

/// Longest step in which the load counts as constant, s.
const STEP: f64 = 0.02;
/// Most steps of one trajectory: longer ones are looked at more coarsely.
const STEPS: f64 = 5000.0;
/// Repetitions that are walked through one by one before the search begins.
const WALKED: u32 = 4;
/// Halvings of the share of time.
const HALVINGS: usize = 20;
/// A smaller share of time is none.
const LEAST_DUTY: f64 = 0.001;
/// Speed at which dry friction has its full size, rad/s.
const SLIDING: f64 = 0.02;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The trajectory, in joint order.
    pub waypoints: Vec<Waypoint>,
    /// How often, 1 to 100000.
    pub repetitions: u32,
    /// Pause after each repetition, s, 0 to 3600.
    pub dwell: f64,
}

/// Why there is no prediction.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum RequestError {
    /// No path.
    #[error("trajectory: {0}")]
    Path(#[from] PathError),
    /// It takes no time.
    #[error("trajectory takes no time: the last point lies at {0} s, more than 0 is needed")]
    Timeless(f64),
    /// Repetitions out of range.
    #[error("repetitions is {0}: 1 to 100000 is allowed")]
    Repetitions(u32),
    /// Pause out of range.
    #[error("dwell is {0} s: 0 to 3600 is allowed")]
    Dwell(f64),
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Highest winding temperature, °C; infinite when it runs away.
    pub peak: PerJoint<f64>,
    /// When the limit is passed, s from the start; infinite for never.
    pub time_of_breach: PerJoint<f64>,
    /// Share of time, 0 to 1, in which the trajectory may run for ever.
    pub largest_duty_cycle: f64,
}

impl Prediction {
    /// Time and joint of the first breach.
    #[must_use]
    pub fn first(&self) -> (f64, Option<usize>) {
        let times = self.time_of_breach.iter().copied().enumerate();
        let (joint, time) = times.fold((0, f64::INFINITY), |a, b| if b.1 < a.1 { b } else { a });
        (time, time.is_finite().then_some(joint))
    }
}

/// What is known of the arm.
#[derive(Debug, Clone)]
pub struct Dynamics {
    /// With rotors.
    pub model: ArmModel<JOINTS>,
    /// Gravity and payload.
    pub load: ArmLoad,
}

/// One step of a trajectory for all joints.
struct Step {
    current_squared: PerJoint<f64>,
    power: PerJoint<f64>,
}

/// Answers `request` from the present temperatures, with the arm at `position`.
///
/// # Errors
/// [`RequestError`] naming what is wrong.
pub fn predict(
    request: &Request,
    joints: &PerJoint<Joint>,
    dynamics: &Dynamics,
    position: Option<PerJoint<f64>>,
) -> Result<Prediction, RequestError> {
    if !(1..=100_000).contains(&request.repetitions) {
        return Err(RequestError::Repetitions(request.repetitions));
    }
    if !(0.0..=3600.0).contains(&request.dwell) {
        return Err(RequestError::Dwell(request.dwell));
    }
    let first = request.waypoints.first().map_or([0.0; JOINTS], |point| point.position);
    let before = State::at_rest(position.unwrap_or(first));
    let path = Path::new(before, request.waypoints.clone().into())?;
    if path.duration() <= 0.0 {
        return Err(RequestError::Timeless(path.duration()));
    }
    let (steps, length) = steps(&path, joints, dynamics);
    let rest = step(&State::at_rest(path.end().position), joints, dynamics);
    let mut answer = Prediction {
        peak: [0.0; JOINTS],
        time_of_breach: [f64::INFINITY; JOINTS],
        largest_duty_cycle: 1.0,
    };
    let slots = answer.peak.iter_mut().zip(&mut answer.time_of_breach);
    for ((index, joint), (peak, breach)) in joints.iter().enumerate().zip(slots) {
        let cycle = Cycle::new(joint, index, &steps, length, &rest);
        (*peak, *breach) = cycle.run(request);
        answer.largest_duty_cycle = answer.largest_duty_cycle.min(cycle.largest_duty());
    }
    Ok(answer)
}

fn steps(path: &Path, joints: &PerJoint<Joint>, dynamics: &Dynamics) -> (Vec<Step>, f64) {
    let count = (path.duration() / STEP).ceil().clamp(1.0, STEPS);
    let length = path.duration() / count;
    let at = |k: usize| path.sample((k as f64 + 0.5) * length);
    ((0..count as usize).map(|k| step(&at(k), joints, dynamics)).collect(), length)
}

fn step(at: &State, joints: &PerJoint<Joint>, dynamics: &Dynamics) -> Step {
    let [q, v, a] = [&at.position, &at.velocity, &at.acceleration].map(|x| JointVector::from(*x));
    let torque: PerJoint<f64> = dynamics.model.inverse_dynamics(&q, &v, &a, &dynamics.load).into();
    let mut step = Step { current_squared: [0.0; JOINTS], power: [0.0; JOINTS] };
    let slots = step.current_squared.iter_mut().zip(&mut step.power);
    for (((joint, torque), speed), (squared, power)) in
        joints.iter().zip(torque).zip(at.velocity).zip(slots)
    {
        let motor = &joint.motor;
        let friction = motor.coulomb * (speed / SLIDING).tanh() + motor.viscous * speed;
        *squared = ((torque + friction) / motor.torque_constant).powi(2);
        *power = friction * speed + motor.brake_power;
    }
    step
}

/// The cycle of one joint.
struct Cycle {
    passages: Vec<Passage>,
    whole: Passage,
    length: f64,
    network: Network,
    rest: Load,
    start: Pair,
    limit: f64,
}

impl Cycle {
    fn new(joint: &Joint, index: usize, steps: &[Step], length: f64, rest: &Step) -> Self {
        let network = joint.observer.network();
        let (ambient, _) = joint.observer.ambient();
        let load = |step: &Step| Load {
            current_squared: step.current_squared.get(index).copied().unwrap_or(0.0),
            power: step.power.get(index).copied().unwrap_or(0.0),
            ambient,
        };
        let passages: Vec<_> =
            steps.iter().map(|step| network.passage(&load(step), length)).collect();
        let whole = passages.iter().fold(Passage::NONE, |sum, next| sum.then(next));
        Self {
            passages,
            whole,
            length,
            network,
            rest: load(rest),
            start: joint.observer.estimate(),
            limit: joint.motor.winding_limit,
        }
    }

    fn duration(&self) -> f64 {
        self.length * self.passages.len() as f64
    }

    /// The peak of one repetition that begins at `from`, and the instant the limit is passed.
    fn walk(&self, from: Pair) -> (f64, f64) {
        let (mut peak, mut breach, mut at) = (from.winding, f64::INFINITY, from);
        for (index, passage) in self.passages.iter().enumerate() {
            at = passage.apply(at);
            if at.winding > peak || !at.winding.is_finite() {
                peak = at.winding;
            }
            if breach.is_infinite() && !self.is_cool(at.winding) {
                breach = (index + 1) as f64 * self.length;
            }
        }
        if self.is_cool(from.winding) { (peak, breach) } else { (peak, 0.0) }
    }

    fn is_cool(&self, winding: f64) -> bool {
        winding < self.limit
    }

    /// Peak and time of breach of all repetitions. After the first few the cycle warms or cools
    /// steadily, so the first that breaches is found by halving.
    fn run(&self, request: &Request) -> (f64, f64) {
        let whole = self.whole.then(&self.network.passage(&self.rest, request.dwell));
        let period = self.duration() + request.dwell;
        let nth = |n: u32| self.walk(whole.repeated(n).apply(self.start));
        let mut peak = f64::NEG_INFINITY;
        let mut breach = f64::INFINITY;
        let walked = request.repetitions.min(WALKED);
        for n in 0..walked {
            let (top, at) = nth(n);
            peak = peak.max(top);
            breach = breach.min(f64::from(n) * period + at);
        }
        let last = request.repetitions - 1;
        let (top, at) = nth(last);
        peak = if top.is_finite() { peak.max(top) } else { f64::INFINITY };
        if breach.is_finite() || at.is_infinite() {
            return (peak, breach);
        }
        let (mut cool, mut hot) = (walked - 1, last);
        while hot - cool > 1 {
            let middle = cool + (hot - cool) / 2;
            if nth(middle).1.is_finite() { hot = middle } else { cool = middle }
        }
        (peak, f64::from(hot) * period + nth(hot).1)
    }

    /// The largest share of time with which the repeating state stays cool.
    fn largest_duty(&self) -> f64 {
        if self.is_endless(1.0) {
            return 1.0;
        }
        if !self.is_endless(LEAST_DUTY) {
            return 0.0;
        }
        let (mut cool, mut hot) = (LEAST_DUTY, 1.0);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (cool + hot);
            if self.is_endless(middle) { cool = middle } else { hot = middle }
        }
        cool
    }

    fn is_endless(&self, duty: f64) -> bool {
        let pause = self.duration() * (1.0 - duty) / duty;
        let cycle = self.whole.then(&self.network.passage(&self.rest, pause));
        cycle.fixed_point().is_some_and(|at| self.walk(at).1.is_infinite())
    }
}
