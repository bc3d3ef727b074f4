//! Several controllers, six drivers that check commands as drivers do, and a supervisor's word by
//! hand, on virtual time.

use super::harness::arm;
use crate::{Config, Control, Inputs, Outputs};
use std::time::Duration;
use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::command::{DriverState, JointCommand, JointFeedback, Lease};
use vocabulary::gate::{Admitted, CommandGate};
use vocabulary::health::LogLine;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::plan::{ControlPhase, ControlState, Issue, MotionPlan};
use vocabulary::time::{Monotonic, Now, Received, Stamp};

pub(crate) const PERIOD: f64 = 0.004;
/// Boot ids of the controllers, in their order.
pub(crate) const BOOTS: [u64; 3] = [11, 12, 13];

pub(crate) struct One {
    pub(crate) control: Control,
    inputs: Inputs,
    /// It runs.
    pub(crate) alive: bool,
    /// It hears commands and hand-overs of others.
    pub(crate) hears: bool,
    /// What it sends is changed by this on its way: a bad program.
    pub(crate) spoil: fn(&mut JointCommand) -> bool,
    /// What it sends is under way until [`Pair::deliver`].
    pub(crate) delayed: bool,
    pub(crate) log: Vec<LogLine>,
}

/// The arm with its controllers.
pub(crate) struct Pair {
    pub(crate) ones: Vec<One>,
    gate: CommandGate,
    target: Option<Admitted>,
    /// Position and velocity of the setpoints.
    pub(crate) setpoint: (PerJoint<f64>, PerJoint<f64>),
    /// The sum of these torques bends the arm, rad per N·m.
    pub(crate) give: f64,
    pub(crate) now: Monotonic,
    sequence: u64,
    pub(crate) plan: MotionPlan,
    pub(crate) state: ControlState,
    /// Longest time between two commands obeyed since the last look, s.
    pub(crate) gap: f64,
    obeyed: Monotonic,
    /// Largest step of a setpoint beyond its velocity since the last look, rad.
    pub(crate) jump: f64,
    pub(crate) epochs: Vec<u64>,
    pub(crate) torque: PerJoint<f64>,
    lease: Lease,
    /// This joint's driver alone obeys this epoch of this process.
    pub(crate) stray: Option<(usize, u64, u64)>,
    under_way: Vec<JointCommand>,
    /// How far a joint goes in a period, and a little more, rad.
    reach: PerJoint<f64>,
    /// This joint's driver hears nothing of this epoch.
    pub(crate) deaf: Option<(usize, u64)>,
    /// What that driver follows.
    deaf_target: Option<Admitted>,
}

impl Pair {
    pub(crate) fn new(count: usize) -> Self {
        let config = Config::default();
        let arm = arm();
        let gate = CommandGate::new(crate::control::gate_config(&config, &arm));
        let limits = arm.limits;
        let one = |boot: &u64| One {
            control: Control::new(config.clone(), arm.clone(), *boot).unwrap(),
            inputs: Inputs::default(),
            alive: true,
            hears: true,
            spoil: |_| true,
            delayed: false,
            log: Vec::new(),
        };
        Self {
            ones: BOOTS.iter().take(count).map(one).collect(),
            gate,
            target: None,
            setpoint: (super::harness::HOME, [0.0; JOINTS]),
            give: 0.0,
            now: Monotonic(5_000_000_000),
            sequence: 0,
            plan: super::harness::plan(),
            state: ControlState::default(),
            gap: 0.0,
            obeyed: Monotonic(5_000_000_000),
            jump: 0.0,
            epochs: Vec::new(),
            torque: [0.0; JOINTS],
            lease: Lease::default(),
            stray: None,
            under_way: Vec::new(),
            reach: limits.map(|l| l.velocity * PERIOD + 1e-3),
            deaf: None,
            deaf_target: None,
        }
    }

    /// Enabled, the first holds the lease, the second is its successor and has shadowed for a while.
    pub(crate) fn ready(count: usize) -> Self {
        let mut pair = Self::new(count);
        pair.status(ArmMode::Enabled);
        pair.grant(1, 0, Some(1));
        pair.run(1.0);
        pair.look();
        pair
    }

    pub(crate) fn status(&mut self, mode: ArmMode) {
        for one in &mut self.ones {
            one.inputs.status = Some(ArmStatus { mode, permit: 1, ..ArmStatus::default() });
        }
    }

    pub(crate) fn grant(&mut self, epoch: u64, holder: usize, successor: Option<usize>) {
        let successor = successor.map_or(0, |index| BOOTS[index]);
        self.lease(&Lease { epoch, holder: BOOTS[holder], successor, ..Lease::default() });
    }

    pub(crate) fn lease(&mut self, lease: &Lease) {
        self.gate.grant(self.now, lease);
        self.lease = lease.clone();
        for one in &mut self.ones {
            one.inputs.lease = Some(lease.clone());
        }
    }

    pub(crate) fn execute(&mut self, waypoints: &[vocabulary::plan::Waypoint]) {
        self.plan.plan_id += 1;
        self.plan.issued =
            Issue { stamp: Stamp(self.now.0 as i64), epoch: self.gate.lease().epoch() };
        self.plan.permit = 1;
        self.plan.waypoints = waypoints.into();
        for one in &mut self.ones {
            one.inputs.plan = Some(self.plan.clone());
        }
    }

    /// A new process takes the place of one; it gets what is latched.
    pub(crate) fn restart(&mut self, index: usize, boot: u64) {
        let one = &mut self.ones[index];
        one.control = Control::new(Config::default(), arm(), boot).unwrap();
        one.alive = true;
        let (plan, lease) = (Some(self.plan.clone()), Some(self.lease.clone()));
        one.inputs = Inputs { plan, lease, ..Inputs::default() };
        let status = ArmStatus { mode: ArmMode::Enabled, permit: 1, ..ArmStatus::default() };
        one.inputs.status = Some(status);
    }

    /// Forgets gap and jump so far.
    pub(crate) fn look(&mut self) {
        (self.gap, self.jump) = (0.0, 0.0);
    }

    pub(crate) fn run(&mut self, seconds: f64) {
        for _ in 0..(seconds / PERIOD).round() as usize {
            self.step();
        }
    }

    /// Runs until `phase` of the holder, at most `seconds`.
    pub(crate) fn until(&mut self, phase: ControlPhase, seconds: f64) {
        let start = self.now;
        while self.state.phase != phase {
            self.step();
            let state = &self.state;
            assert!(self.now.seconds_from(start) < seconds, "{:?}: {}", state.phase, state.reason);
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.gate.lease().epoch()
    }

    pub(crate) fn holder(&self) -> u64 {
        self.gate.lease().holder()
    }

    pub(crate) fn refused(&self) -> u64 {
        self.gate.refused().total()
    }

    /// One period: the controllers run one after the other within it, then the drivers.
    pub(crate) fn step(&mut self) {
        let start = self.now;
        let mut sent = Vec::new();
        for index in 0..self.ones.len() {
            self.now = start.shifted(0.0007 * (index as f64 + 1.0));
            sent.extend(self.step_one(index).into_iter().map(|command| (command, self.now)));
        }
        self.now = start.shifted(PERIOD);
        for (command, _) in &sent {
            self.drive(command);
        }
        self.advance();
    }

    fn step_one(&mut self, index: usize) -> Option<JointCommand> {
        let feedback = self.feel();
        let now = Now { mono: self.now, stamp: Stamp(self.now.0 as i64) };
        let one = &mut self.ones[index];
        if !one.alive {
            one.inputs = Inputs::default();
            return None;
        }
        one.inputs.feedback = feedback;
        for received in &mut one.inputs.commands {
            received.at = now.mono;
        }
        let inputs = std::mem::take(&mut one.inputs);
        let Outputs { command, handover, state, log } = one.control.step(now, &inputs);
        one.log.extend(log);
        if let Some(state) = state {
            self.state = state;
        }
        let mut command = command?;
        if !(one.spoil)(&mut command) {
            return None;
        }
        if one.delayed {
            self.under_way.push(command);
            return None;
        }
        for (other, one) in self.ones.iter_mut().enumerate() {
            if one.hears || other == index {
                one.inputs.commands.push(Received { at: now.mono, value: command });
                one.inputs.handovers.extend(handover);
            }
        }
        Some(command)
    }

    fn drive(&mut self, command: &JointCommand) {
        let Ok(admitted) = self.gate.admit(self.now, command) else { return };
        self.gap = self.gap.max(self.now.seconds_from(self.obeyed));
        self.obeyed = self.now;
        self.target = Some(admitted);
        if self.deaf.is_none_or(|(_, epoch)| epoch != command.epoch) {
            self.deaf_target = Some(admitted);
        }
        self.torque = command.effort;
        if self.epochs.last() != Some(&command.epoch) {
            self.epochs.push(command.epoch);
        }
    }

    /// What was delayed reaches the drivers now.
    pub(crate) fn deliver(&mut self) {
        for command in std::mem::take(&mut self.under_way) {
            self.drive(&command);
        }
    }

    /// Setpoints for two periods ahead, as drivers send them.
    fn advance(&mut self) {
        if self.target.is_none() {
            return;
        }
        let (before, speed) = self.setpoint;
        for joint in 0..JOINTS {
            let Some(target) = self.target_of(joint) else { return };
            let command = &target.command;
            let ahead = self.now.shifted(2.0 * PERIOD).seconds_from(target.setpoint_at);
            let (position, velocity) = command.motion_at(joint, ahead).unwrap();
            // As drivers judge: what is further away than the joint can move is refused, and it stands.
            if (position - before[joint]).abs() > self.reach[joint] {
                self.setpoint.1[joint] = 0.0;
                continue;
            }
            let step = position - (before[joint] + speed[joint] * PERIOD);
            self.jump = self.jump.max(step.abs());
            self.setpoint.0[joint] = position;
            self.setpoint.1[joint] = velocity;
        }
    }

    /// What the driver of a joint follows.
    fn target_of(&self, joint: usize) -> Option<&Admitted> {
        let deaf = self.deaf.is_some_and(|(deaf, _)| deaf == joint);
        if deaf { self.deaf_target.as_ref() } else { self.target.as_ref() }
    }

    fn feel(&mut self) -> PerJoint<Option<(JointFeedback, Monotonic)>> {
        let sampled_at = self.now.shifted(-0.001);
        self.sequence += 1;
        let (position, velocity) = self.setpoint;
        let lease = (self.gate.lease().epoch(), self.gate.lease().holder());
        std::array::from_fn(|joint| {
            let stray = self.stray.filter(|(stray, ..)| *stray == joint);
            let (lease_epoch, lease_holder) = stray.map_or(lease, |(_, e, h)| (e, h)).max(lease);
            let applied = self.target_of(joint).map(|target| &target.command);
            let behind = 2.0 * PERIOD * velocity[joint];
            let feedback = JointFeedback {
                sampled_at,
                joint,
                boot_id: 9,
                sequence: self.sequence,
                position: position[joint] - behind + self.give * self.torque[joint],
                velocity: velocity[joint],
                setpoint_position: position[joint],
                setpoint_velocity: velocity[joint],
                setpoint_at: self.now.shifted(2.0 * PERIOD),
                applied_epoch: applied.map_or(0, |c| c.epoch),
                applied_sequence: applied.map_or(0, |c| c.sequence),
                lease_epoch,
                lease_holder,
                driver: DriverState::Following,
                ..JointFeedback::default()
            };
            Some((feedback, self.now))
        })
    }

    pub(crate) fn said(&self, index: usize) -> String {
        self.ones[index].log.iter().map(|line| format!("{}\n", line.text)).collect()
    }
}

/// Time of a takeover, for bounds.
pub(crate) const TAKEOVER: Duration = Duration::from_millis(20);
