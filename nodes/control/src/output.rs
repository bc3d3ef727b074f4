//! What a cycle tells: the command to the drivers, the report to motion and people.

use crate::control::Control;
use crate::law::{Acting, LawInput, LawOutput};
use crate::plan::AtHand;
use std::time::Duration;
use vocabulary::command::{DriveState, JointCommand, JointFeedback, Mode};
use vocabulary::joint::{JOINTS, JointLimits, PerJoint};
use vocabulary::plan::{ControlPhase, ControlState};
use vocabulary::time::{Monotonic, Now};

/// Time constant in which the ripple of the drives' torques is averaged, s.
const RIPPLE: f64 = 0.1;

/// Change of the estimated payload that is told, kg.
const NEWS: f64 = 0.02;

/// How far outside a position limit a reference is rounding, rad.
const ROUNDING: f64 = 1e-4;

impl Control {
    /// The command of this cycle, without epoch and sequence.
    pub(crate) fn command(&mut self, now: Now, dt: f64) -> JointCommand {
        self.tuner.advance(dt);
        self.adopt_joints();
        self.compare_torques(dt);
        self.weigh(now.mono);
        let effort_limit = self.effort_limit();
        let mut output = self.law.update(&LawInput {
            reference: self.course.reference(),
            measured: &self.measured,
            dynamics: self.rules.dynamics(),
            tuning: self.tuner.now(),
            effort_limit: &effort_limit,
            dt,
        });
        round_into_limits(&mut output, &self.limits);
        self.applied = output;
        JointCommand {
            stamp: now.stamp,
            boot_id: self.boot_id,
            epoch: 0,
            sequence: 0,
            sent_at: now.mono,
            setpoint_at: self.reference_at,
            valid_for: Duration::from_secs_f64(self.config.valid_for_ms * 1e-3),
            joint_order: self.order_hash,
            yields: false,
            mode: output.mode,
            position: output.position,
            velocity: output.velocity,
            acceleration: output.acceleration,
            effort: output.effort,
        }
    }

    /// The law knows nothing of a joint that its driver or its brake holds: it goes on from the torque
    /// that the drive makes when the joint follows again, and without power from that of the model.
    fn adopt_joints(&mut self) {
        let before = std::mem::replace(&mut self.tracked, self.tracking);
        let mut acting = [None; JOINTS];
        let joints = before.iter().zip(&self.tracking).enumerate();
        for (acting, (index, (before, now))) in acting.iter_mut().zip(joints) {
            if !*before && !*now {
                continue;
            }
            let feedback = self.joints.feedback(index);
            let powered = |f: &&JointFeedback| f.drive == DriveState::OperationEnabled;
            *acting = Some(
                feedback.filter(powered).map_or(Acting::Beyond(0.0), |f| Acting::Torque(f.effort)),
            );
        }
        self.law.adopt(&acting);
    }

    /// Under a law that leaves the loop to the drives: how much more torque than the model expects they
    /// make, so that another law can begin with it. One sample would not do: their loops ripple.
    fn compare_torques(&mut self, dt: f64) {
        if self.law.mode() != Mode::Position {
            return;
        }
        let reference = self.course.reference();
        let model = self.rules.dynamics().torque(reference, self.tuner.now(), 1.0);
        let share = (dt / (dt + RIPPLE)).clamp(0.0, 1.0);
        for ((beyond, model), measured) in self.beyond.iter_mut().zip(model).zip(&self.measured) {
            let Some(measured) = measured else { continue };
            let news = measured.effort - model;
            *beyond += share * if news.is_finite() { news - *beyond } else { 0.0 };
        }
    }

    /// Learns what hangs at the tip; news of it is told at most once a second.
    fn weigh(&mut self, now: Monotonic) {
        if self.tracking.contains(&true) {
            return;
        }
        let reference = (self.reference_at, self.course.reference());
        self.load.learn(reference, &self.measured, self.rules.dynamics(), self.tuner.now());
        let (told, at) = self.load_told;
        if now.since(at) < Duration::from_secs(1) {
            return;
        }
        let found = self.load.estimate();
        let same = match (told, found) {
            (Some(a), Some(b)) => (a.mass - b.mass).abs() < NEWS,
            (a, b) => a.is_none() && b.is_none(),
        };
        self.untold |= !same;
        self.load_told = (if same { told } else { found }, now);
    }

    /// Largest torque allowed now, N·m: the limit in force, less what heat takes away.
    fn effort_limit(&self) -> PerJoint<f64> {
        let mut limits = self.tuner.now().joints.map(|joint| joint.torque_limit);
        for (limit, fraction) in limits.iter_mut().zip(self.heat.torque()) {
            *limit *= fraction;
        }
        limits
    }

    /// The report, when it is due.
    pub(crate) fn report(&mut self, now: Now) -> Option<ControlState> {
        if now.mono < self.next_report && !self.report_now || !self.may_report(now.mono) {
            return None;
        }
        self.next_report = now.mono.shifted(1.0 / self.config.state_rate_hz);
        self.report_now = false;
        let active = self.is_holder() && self.seeded;
        let reference = self.course.reference();
        let plan = self.plan.as_ref();
        let of = |index: usize, value: fn(&JointFeedback) -> f64| {
            self.joints.feedback(index).map_or(f64::NAN, value)
        };
        Some(ControlState {
            stamp: now.stamp.shifted(self.config.lead),
            reference_at: self.reference_at,
            boot_id: self.boot_id,
            epoch: self.tenure.held(),
            plan_id: plan.map_or(0, |p| p.plan.plan_id),
            revision: plan.map_or(0, |p| p.plan.revision),
            phase: if active { self.stage.phase() } else { ControlPhase::Inactive },
            path_time: self.path_time(),
            path_duration: plan.map_or(0.0, AtHand::duration),
            speed_scaling: self.path_speed(),
            reference_position: reference.position,
            reference_velocity: reference.velocity,
            reference_acceleration: reference.acceleration,
            feedback_position: std::array::from_fn(|j| of(j, |f| f.position)),
            feedback_velocity: std::array::from_fn(|j| of(j, |f| f.velocity)),
            error_position: self.measured.map(|m| m.map_or(f64::NAN, |m| m.error_position)),
            output_effort: self.applied.effort,
            mode: self.applied.mode,
            integral: self.law.integral(),
            violation: self.violation,
            found_bad: self.took_back.is_some_and(|(finding, _)| finding.is_some()),
            reason: self.reason.clone(),
        })
    }
}

/// Takes rounding off at the limits, so that no driver refuses a command for its last bits.
fn round_into_limits(output: &mut LawOutput, limits: &PerJoint<JointLimits>) {
    let joints = output.position.iter_mut().zip(&mut output.velocity).zip(limits);
    for ((p, v), limits) in joints {
        if (limits.lower - ROUNDING..=limits.upper + ROUNDING).contains(p) {
            *p = p.clamp(limits.lower, limits.upper);
        }
        *v = v.clamp(-limits.velocity, limits.velocity);
    }
}
