//! A control and an `arm_controller` that do with courses what ours do, on a clock of their own.

use std::collections::VecDeque;

use collision::{Checker, Scene};
use trajectory::{Path, State};
use vocabulary::joint::JOINTS;
use vocabulary::plan::{ControlPhase, ControlState, Waypoint};
use vocabulary::time::{Monotonic, Now, Received, Stamp};

use crate::jog::{Ask, Command, Desk, Jog, Sent, Status};
use crate::situations::{arm, config};
use crate::{Inputs, Planning, PlanningError};

const PERIOD: f64 = 0.004;
const LEAD: f64 = 0.010;
/// A report every so many cycles, and a step of jogging.
const REPORT: u64 = 5;
/// A command every so many cycles.
const STREAM: u64 = 4;
/// What the way to arm_controller and control takes, s.
const WAY: f64 = 0.012;
/// As in `planning`, rad/s, rad/s², rad/s³.
const SPEEDS: [f64; 6] = [3.0, 2.5, 3.0, 4.0, 4.0, 4.0];
const ACCELERATIONS: [f64; 6] = [6.0, 5.0, 8.0, 15.0, 15.0, 20.0];
const JERKS: [f64; 6] = [60.0, 50.0, 80.0, 150.0, 150.0, 200.0];

pub(super) struct Bench {
    pub planning: Planning,
    pub jog: Jog,
    pub obstacle: fn() -> Option<PlanningError>,
    /// By how much the first cycle of a course is later than its start, s.
    pub late: f64,
    /// Speed on the path.
    pub scaling: f64,
    pub phase: Option<(ControlPhase, String)>,
    cycle: u64,
    path: Option<(Path, f64)>,
    waiting: VecDeque<(Stamp, Sent)>,
    pub sent: Vec<Sent>,
    states: Vec<State>,
    status: Status,
    pub told: Vec<Status>,
}

pub(super) fn joints(speeds: &[f64; 6]) -> Ask {
    let names = (1..=JOINTS).map(|n| format!("joint_{n}")).collect();
    Ask::Joints { names, velocities: speeds.to_vec(), displacements: 0 }
}

pub(super) fn twist(frame: &str, linear: [f64; 3], angular: [f64; 3]) -> Ask {
    Ask::Twist { frame: frame.to_owned(), linear, angular }
}

impl Bench {
    pub(super) fn new(at: [f64; 6], furnish: impl FnOnce(&mut Scene)) -> Self {
        let mut planning = Planning::new(config(), arm(), 0).unwrap();
        furnish(&mut planning.scene);
        planning.checker = Checker::new(&planning.robot, &planning.scene).unwrap();
        let mut bench = Self {
            planning,
            jog: Jog::default(),
            obstacle: || None,
            late: 0.0,
            scaling: 1.0,
            phase: None,
            cycle: 1000,
            path: None,
            waiting: VecDeque::new(),
            sent: Vec::new(),
            states: vec![State::at_rest(at)],
            status: Status::default(),
            told: Vec::new(),
        };
        bench.report();
        bench
    }

    pub(super) fn now(&self) -> Now {
        let at = self.cycle * 4_000_000;
        Now { mono: Monotonic(at), stamp: Stamp(at as i64 + 7_000_000_000) }
    }

    pub(super) fn reference(&self) -> State {
        *self.states.last().unwrap()
    }

    pub(super) fn status(&self) -> &Status {
        &self.status
    }

    pub(super) fn tip(&self) -> collision::Pose {
        let at = self.reference().position;
        self.planning.ik.arm().forward_kinematics(&at.into())
    }

    pub(super) fn states(&self) -> &[State] {
        &self.states
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.reference().is_at_rest(1e-9)
    }

    /// Lets time pass while commands come in a stream.
    pub(super) fn stream(&mut self, ask: Option<Ask>, seconds: f64) {
        let cycles = (seconds / PERIOD).round() as u64;
        for k in 0..cycles {
            self.cycle += 1;
            self.control();
            let command = ask.clone().filter(|_| k % STREAM == 0);
            let command = command.map(|ask| Command { stamp: Stamp(0), ask });
            if command.is_some() || self.cycle % REPORT == 1 {
                self.step(command);
            }
        }
    }

    pub(super) fn step(&mut self, command: Option<Command>) {
        let now = self.now();
        let obstacle = (self.obstacle)();
        let desk = Desk { planning: &self.planning, now, period: PERIOD, obstacle };
        let commands: Vec<_> =
            command.into_iter().map(|value| Received { at: now.mono, value }).collect();
        if let Some(sent) = self.jog.step(&desk, &commands) {
            assert!(sent.start > now.stamp);
            self.waiting.push_back((now.stamp.shifted(WAY), sent.clone()));
            self.sent.push(sent);
        }
        if let Some(status) = self.jog.status(now.mono) {
            self.status = status.clone();
            self.told.push(status);
        }
    }

    /// One cycle: begins what is due, goes on, reports now and then.
    fn control(&mut self) {
        let stamp = self.now().stamp;
        let due =
            |(came, sent): &(Stamp, Sent)| *came <= stamp && sent.start.shifted(self.late) <= stamp;
        let mut begun = false;
        if self.waiting.front().is_some_and(due)
            && let Some((_, sent)) = self.waiting.pop_front()
        {
            self.begin(&sent);
            begun = true;
        }
        let mut next = self.reference();
        if let Some((path, at)) = &mut self.path {
            *at += PERIOD * self.scaling;
            next = path.sample(*at);
            next.velocity = next.velocity.map(|v| v * self.scaling);
            next.acceleration = next.acceleration.map(|a| a * self.scaling * self.scaling);
        }
        self.states.push(next);
        if begun || self.cycle.is_multiple_of(REPORT) {
            self.report();
        }
    }

    fn begin(&mut self, sent: &Sent) {
        let from = match &self.path {
            Some((path, at)) => path.sample(*at),
            None => self.reference(),
        };
        let point = |(time, state): &(f64, State)| Waypoint {
            time: *time,
            position: state.position,
            velocity: Some(state.velocity),
            acceleration: Some(state.acceleration),
        };
        let path = Path::new(from, sent.points.iter().map(point).collect()).unwrap();
        if self.late == 0.0 {
            let limits = arm().limits;
            assert_eq!(path.first_violation(&limits), None, "arm_controller would refuse it");
        }
        self.path = Some((path, 0.0));
    }

    /// The report of control.
    pub(super) fn report(&mut self) {
        let now = self.now();
        let state = self.reference();
        let (phase, duration, at) = match &self.path {
            None => (ControlPhase::Holding, 0.0, 0.0),
            Some((path, at)) if *at < path.duration() => {
                (ControlPhase::Executing, path.duration(), *at)
            }
            Some((path, at)) => (ControlPhase::Reached, path.duration(), *at),
        };
        let (phase, reason) = self.phase.clone().unwrap_or((phase, String::new()));
        let value = ControlState {
            stamp: now.stamp.shifted(LEAD),
            epoch: 1,
            plan_id: 7,
            phase,
            reason,
            path_time: at,
            path_duration: duration,
            speed_scaling: self.scaling,
            reference_position: state.position,
            reference_velocity: state.velocity,
            reference_acceleration: state.acceleration,
            feedback_position: state.position,
            ..ControlState::default()
        };
        let control = Some(Received { at: now.mono, value });
        self.planning.hear(&Inputs { control, ..Inputs::default() });
    }

    /// That everything was within limits and free all the time.
    pub(super) fn assert_kept(&self) {
        let limits = self.planning.limits();
        for pair in self.states.windows(2) {
            let [before, state] = pair else { continue };
            for joint in 0..JOINTS {
                let limit = limits.joint(joint);
                let (p, v) = (state.position[joint], state.velocity[joint]);
                let a = state.acceleration[joint];
                let name = joint + 1;
                assert!(p >= limit.lower && p <= limit.upper, "joint {name} at {p} rad");
                assert!(v.abs() <= SPEEDS[joint], "joint {name} at {v} rad/s");
                // Who comes late onto a course pays for it; the governor of control limits that.
                if self.late > 0.0 {
                    continue;
                }
                assert!(a.abs() <= ACCELERATIONS[joint], "joint {name} at {a} rad/s²");
                let jerk = (a - before.acceleration[joint]) / PERIOD;
                assert!(jerk.abs() <= JERKS[joint] * 1.001, "joint {name} with {jerk} rad/s³");
            }
            let free = self.planning.checker.is_free(&state.position.map(|x| x as f32));
            assert!(free, "{:?}", self.planning.checker.nearest(&state.position));
        }
    }
}
