//! Six drivers that do exactly what they are told, on virtual time, and checks on every command.

use crate::{Arm, Config, Control, Inputs, Outputs};
use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::command::{DriverState, JointCommand, JointFeedback, Lease};
use vocabulary::joint::{JOINTS, JointLimits, JointOrder, PerJoint};
use vocabulary::plan::{
    ControlPhase, ControlState, Issue, MotionPlan, PlanAction, Tolerance, Waypoint,
};
use vocabulary::time::{Monotonic, Now, Stamp};

pub(crate) const BOOT: u64 = 42;
/// Boot id of somebody else.
const STRANGER: u64 = 43;
const PERIOD: f64 = 0.004;
pub(crate) const HOME: PerJoint<f64> = [0.0, 0.0, 0.1, 0.0, 0.2, 0.0];

/// A waypoint at rest, all joints on a line through [`HOME`].
pub(crate) fn waypoint(time: f64, distance: f64) -> Waypoint {
    let mut position = HOME;
    for (p, share) in position.iter_mut().zip([-0.5, 1.0, 0.5, 0.3, -0.2, 0.1]) {
        *p += share * distance;
    }
    Waypoint { time, position, velocity: Some([0.0; JOINTS]), acceleration: None }
}

/// The reference arm.
pub(crate) fn arm() -> Arm {
    let model = crate::dynamics::tests::model();
    let order = JointOrder::new((1..=6).map(|n| format!("joint_{n}")).collect()).unwrap();
    let limits = model.limits().map(|l| JointLimits {
        lower: l.lower,
        upper: l.upper,
        velocity: l.velocity,
        acceleration: 8.0,
        effort: l.effort,
    });
    Arm { order, limits, model: Some(model) }
}

/// No plan yet.
pub(crate) fn plan() -> MotionPlan {
    let unrestricted = Tolerance { position: f64::INFINITY, velocity: f64::INFINITY };
    MotionPlan {
        issued: Issue::default(),
        plan_id: 0,
        revision: 0,
        permit: 0,
        action: PlanAction::Execute,
        waypoints: [waypoint(1.0, 0.0)].into(),
        from_path_time: 0.0,
        start: Stamp(0),
        path_tolerance: [unrestricted; JOINTS],
        goal_tolerance: [Tolerance { position: 0.01, velocity: 0.01 }; JOINTS],
        goal_time: 1.0,
    }
}

pub(crate) struct Rig {
    pub(crate) control: Control,
    pub(crate) limits: PerJoint<JointLimits>,
    pub(crate) inputs: Inputs,
    pub(crate) plan: MotionPlan,
    pub(crate) permit: u64,
    /// Newest epoch in force at a driver, of a stranger.
    pub(crate) stranger_epoch: u64,
    /// Measurement errors, rad.
    pub(crate) offset: PerJoint<f64>,
    /// Something was commanded to move.
    pub(crate) moved: bool,
    /// Largest reference error reported, rad.
    pub(crate) worst_error: f64,
    pub(crate) holder: bool,
    /// The epoch granted last: motion has heard it.
    epoch: u64,
    drivers: PerJoint<DriverState>,
    silent: PerJoint<bool>,
    setpoints: PerJoint<(f64, f64)>,
    commands: Vec<JointCommand>,
    state: Option<ControlState>,
    now: Monotonic,
    /// How far somebody has set the wall clock, ns.
    pub(crate) wall: i64,
    sequence: u64,
    mode: ArmMode,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let arm = arm();
        let limits = arm.limits;
        Self {
            control: Control::new(Config::default(), arm, BOOT).unwrap(),
            limits,
            inputs: Inputs::default(),
            plan: plan(),
            permit: 1,
            stranger_epoch: 0,
            offset: [0.0; JOINTS],
            moved: false,
            worst_error: 0.0,
            holder: false,
            epoch: 0,
            drivers: [DriverState::Following; JOINTS],
            silent: [false; JOINTS],
            setpoints: HOME.map(|p| (p, 0.0)),
            commands: Vec::new(),
            state: None,
            now: Monotonic(1_000_000_000),
            wall: 0,
            sequence: 0,
            mode: ArmMode::Disabled,
        }
    }

    /// Holder of the lease, enabled, holding.
    pub(crate) fn ready() -> Self {
        let mut rig = Self::new();
        rig.enable();
        rig.grant(1);
        rig.run(0.1);
        rig
    }

    pub(crate) fn now(&self) -> Now {
        Now { mono: self.now, stamp: Stamp(self.now.0 as i64 + 7_000_000_000_000 + self.wall) }
    }

    pub(crate) fn grant(&mut self, epoch: u64) {
        self.holder = true;
        self.epoch = epoch;
        self.inputs.lease = Some(Lease { epoch, holder: BOOT, ..Lease::default() });
    }

    pub(crate) fn enable(&mut self) {
        self.mode(ArmMode::Enabled);
    }

    pub(crate) fn mode(&mut self, mode: ArmMode) {
        self.mode = mode;
        let status = ArmStatus { mode, permit: self.permit, ..ArmStatus::default() };
        self.inputs.status = Some(status);
    }

    pub(crate) fn execute(&mut self, waypoints: &[Waypoint]) {
        self.plan.plan_id += 1;
        self.plan.revision = 0;
        self.plan.action = PlanAction::Execute;
        self.plan.from_path_time = 0.0;
        self.plan.permit = self.permit;
        self.plan.issued = Issue { stamp: self.now().stamp, epoch: self.epoch };
        self.plan.waypoints = waypoints.into();
        self.inputs.plan = Some(self.plan.clone());
    }

    pub(crate) fn reissue(&mut self, from: f64) {
        self.revise(PlanAction::Execute, from);
    }

    pub(crate) fn revise(&mut self, action: PlanAction, from: f64) {
        self.plan.revision += 1;
        self.plan.action = action;
        self.plan.from_path_time = from;
        self.plan.permit = self.permit;
        self.plan.issued = Issue { stamp: self.now().stamp, epoch: self.epoch };
        self.inputs.plan = Some(self.plan.clone());
    }

    pub(crate) fn driver(&mut self, joint: usize, state: DriverState) {
        self.drivers[joint] = state;
        self.setpoints[joint].1 = 0.0;
    }

    pub(crate) fn silence(&mut self, joint: usize, silent: bool) {
        self.silent[joint] = silent;
    }

    pub(crate) fn move_blocked(&mut self, joint: usize, by: f64) {
        self.setpoints[joint].0 += by;
    }

    pub(crate) fn setpoints(&self) -> PerJoint<f64> {
        self.setpoints.map(|(p, _)| p)
    }

    pub(crate) fn state(&self) -> &ControlState {
        self.state.as_ref().unwrap()
    }

    pub(crate) fn last_command(&self) -> &JointCommand {
        self.commands.last().unwrap()
    }

    pub(crate) fn run(&mut self, seconds: f64) {
        for _ in 0..(seconds / PERIOD).round() as usize {
            self.step();
        }
    }

    /// Runs until `phase`, at most `seconds`; returns how long it took, s.
    pub(crate) fn until(&mut self, phase: ControlPhase, seconds: f64) -> f64 {
        let start = self.now;
        while self.now.seconds_from(start) < seconds {
            self.step();
            if self.state().phase == phase {
                return self.now.seconds_from(start);
            }
        }
        panic!("{:?} after {seconds} s: {}", self.state().phase, self.state().reason);
    }

    /// Nothing runs for a while.
    pub(crate) fn skip(&mut self, seconds: f64) {
        self.now = self.now.shifted(seconds);
    }

    pub(crate) fn step(&mut self) -> Outputs {
        self.now = self.now.shifted(PERIOD);
        self.feel();
        let inputs = std::mem::take(&mut self.inputs);
        let out = self.control.step(self.now(), &inputs);
        if let Some(state) = &out.state {
            self.state = Some(state.clone());
            let errors = state.error_position.iter().filter(|e| e.is_finite());
            self.worst_error = errors.fold(self.worst_error, |worst, e| worst.max(e.abs()));
        }
        if let Some(command) = out.command {
            self.check(&command);
            self.commands.push(command);
        }
        out
    }

    /// Drives follow the command that holds now; their feedback is 1 ms old.
    fn feel(&mut self) {
        let sampled_at = self.now.shifted(-0.001);
        let due = self.commands.iter().rev().find(|c| c.setpoint_at <= sampled_at);
        let due = due.or(self.commands.first()).copied();
        self.sequence += 1;
        for joint in 0..JOINTS {
            if let Some(c) = due
                && matches!(self.drivers[joint], DriverState::Following)
            {
                let ahead = sampled_at.seconds_from(c.setpoint_at).clamp(0.0, 0.05);
                self.setpoints[joint] = c.motion_at(joint, ahead).unwrap();
            }
            let (position, velocity) = self.setpoints[joint];
            let feedback = JointFeedback {
                sampled_at,
                joint,
                boot_id: 9,
                sequence: self.sequence,
                position: position + self.offset[joint],
                velocity,
                setpoint_position: position,
                setpoint_velocity: velocity,
                setpoint_at: sampled_at,
                lease_epoch: self.stranger_epoch,
                lease_holder: STRANGER,
                driver: self.drivers[joint],
                ..JointFeedback::default()
            };
            let fresh = (!self.silent[joint]).then_some((feedback, self.now));
            self.inputs.feedback[joint] = fresh;
        }
    }

    /// What holds of every command.
    fn check(&mut self, command: &JointCommand) {
        assert!(self.holder, "commanded without the lease");
        let Some(last) = self.commands.last() else { return };
        let dt = command.setpoint_at.seconds_from(last.setpoint_at);
        for joint in 0..JOINTS {
            let limits = self.limits[joint];
            let dp = command.position[joint] - last.position[joint];
            let dv = command.velocity[joint] - last.velocity[joint];
            self.moved |= dp.abs() > 1e-9 && self.drivers[joint] == DriverState::Following;
            let follows = matches!(self.drivers[joint], DriverState::Following);
            if follows && dt < 0.05 {
                let (far, fast) = (limits.velocity * dt, limits.acceleration * dt * 1.2);
                assert!(dp.abs() <= far * 1.001 + 1e-12, "joint {joint} jumps {dp} rad in {dt} s");
                assert!(dv.abs() <= fast, "joint {joint}: {} rad/s²", dv / dt);
            }
            assert!(command.position[joint] <= limits.upper + 1e-9);
            assert!(command.position[joint] >= limits.lower - 1e-9);
            assert!(command.velocity[joint].abs() <= limits.velocity);
        }
    }
}
