//! The trajectory API against a control that reports what the test wants.

mod goals;
mod later;
mod validation;

use crate::{Config, Event, GoalRequest, Inputs, Motion, Outputs, RequestPoint, TrajectoryRequest};
use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::joint::{JointLimits, JointOrder, PerJoint};
use vocabulary::plan::{ControlPhase, ControlState, MotionPlan};
use vocabulary::time::{Monotonic, Now, Stamp};

const LIMITS: PerJoint<JointLimits> =
    [JointLimits { lower: -3.0, upper: 3.0, velocity: 2.0, acceleration: 8.0, effort: 100.0 }; 6];
const CONTROL_BOOT: u64 = 5;

fn order() -> JointOrder {
    JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap()
}

/// A point at rest with all joints at `position`.
fn point(time_from_start: f64, position: f64) -> RequestPoint {
    RequestPoint {
        positions: vec![position; 6],
        velocities: vec![0.0; 6],
        time_from_start,
        ..RequestPoint::default()
    }
}

fn trajectory(points: Vec<RequestPoint>) -> TrajectoryRequest {
    TrajectoryRequest {
        stamp: Stamp(0),
        joint_names: order().names().to_vec(),
        points,
        yields: false,
    }
}

fn goal(id: u8, points: Vec<RequestPoint>) -> GoalRequest {
    GoalRequest { id: [id; 16], trajectory: trajectory(points), ..GoalRequest::default() }
}

struct Rig {
    motion: Motion,
    now: Monotonic,
    state: ControlState,
    status: ArmStatus,
    /// Control reports.
    control_lives: bool,
    /// The newest plan for control.
    plan: Option<MotionPlan>,
}

impl Rig {
    fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        let state = ControlState {
            boot_id: CONTROL_BOOT,
            epoch: 1,
            phase: ControlPhase::Holding,
            speed_scaling: 1.0,
            ..ControlState::default()
        };
        let status = ArmStatus { mode: ArmMode::Enabled, permit: 3, ..ArmStatus::default() };
        let mut rig = Self {
            motion: Motion::new(config, order(), LIMITS, 0xABCD_EF01_2345_6789).unwrap(),
            now: Monotonic(10_000_000_000),
            state,
            status,
            control_lives: true,
            plan: None,
        };
        rig.step(Inputs::default());
        rig
    }

    fn now(&self) -> Now {
        Now { mono: self.now, stamp: Stamp(self.now.0 as i64 + 1_000_000_000_000) }
    }

    fn step(&mut self, mut inputs: Inputs) -> Outputs {
        self.now = self.now.shifted(0.01);
        self.state.stamp = self.now().stamp;
        inputs.control_state = self.control_lives.then(|| self.state.clone());
        inputs.status = Some(self.status.clone());
        let out = self.motion.step(self.now(), &inputs);
        if let Some(plan) = &out.plan {
            self.plan = Some(plan.clone());
        }
        out
    }

    /// A controller without lease joins and does not hear the others.
    fn newcomer(&mut self) -> Outputs {
        self.now = self.now.shifted(0.01);
        let stranger = ControlState { boot_id: 77, ..ControlState::default() };
        let inputs = Inputs { control_state: Some(stranger), ..Inputs::default() };
        self.motion.step(self.now(), &inputs)
    }

    fn idle(&mut self) -> Outputs {
        self.step(Inputs::default())
    }

    fn send(&mut self, goal: GoalRequest) -> Vec<Event> {
        endings(&self.step(Inputs { goals: vec![goal], ..Inputs::default() }))
    }

    /// Control has taken the newest plan and reports this.
    fn report(&mut self, phase: ControlPhase, path_time: f64) -> Outputs {
        let plan = self.plan.clone().unwrap();
        self.state.plan_id = plan.plan_id;
        self.state.revision = plan.revision;
        self.state.phase = phase;
        self.state.path_time = path_time;
        self.idle()
    }

    fn wait(&mut self, seconds: f64) -> Vec<Event> {
        (0..(seconds * 100.0) as usize).flat_map(|_| endings(&self.idle())).collect()
    }
}

/// The events but for feedback and acceptance.
fn endings(out: &Outputs) -> Vec<Event> {
    let events = out.goal_events.iter().map(|e| e.event.clone());
    events.filter(|e| !matches!(e, Event::Accepted | Event::Feedback(_))).collect()
}
