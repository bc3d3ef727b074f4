//! Feedback and telemetry of joints, and the report of control.

use super::{Message, joint, joint_name};
use crate::cdr::{CdrError, Reader, Writer};
use vocabulary::codes::{DRIVE, DRIVER, MODES, PHASE, code_of};
use vocabulary::command::{JointFeedback, JointTelemetry, Refusal};
use vocabulary::joint::JointOrder;
use vocabulary::plan::{ControlState, Violation};
use vocabulary::time::Monotonic;

impl Message for JointFeedback {
    const NAME: &'static str = "armature_msgs/msg/JointFeedback";

    fn read(from: &mut Reader<'_>, order: &JointOrder) -> Result<Self, CdrError> {
        Ok(Self {
            stamp: from.stamp()?,
            sampled_at: Monotonic(from.u64()?),
            joint: joint(from, order)?,
            boot_id: from.u64()?,
            sequence: from.u64()?,
            position: from.finite("position")?,
            velocity: from.finite("velocity")?,
            effort: from.finite("effort")?,
            setpoint_position: from.finite("setpoint_position")?,
            setpoint_velocity: from.finite("setpoint_velocity")?,
            setpoint_at: Monotonic(from.u64()?),
            applied_epoch: from.u64()?,
            applied_sequence: from.u64()?,
            lease_epoch: from.u64()?,
            lease_holder: from.u64()?,
            drive: from.one_of("drive_state", &DRIVE)?,
            driver: from.one_of("driver_state", &DRIVER)?,
            faults: from.u32()?,
            error_code: from.u16()?,
        })
    }

    fn write(&self, to: &mut Writer, order: &JointOrder) {
        to.stamp(self.stamp);
        to.u64(self.sampled_at.0);
        to.text(joint_name(self.joint, order));
        to.u64(self.boot_id);
        to.u64(self.sequence);
        to.f64s(&[self.position, self.velocity, self.effort]);
        to.f64s(&[self.setpoint_position, self.setpoint_velocity]);
        to.u64(self.setpoint_at.0);
        let applied = [self.applied_epoch, self.applied_sequence];
        let lease = [self.lease_epoch, self.lease_holder];
        applied.into_iter().chain(lease).for_each(|value| to.u64(value));
        to.byte(code_of(self.drive, &DRIVE));
        to.byte(code_of(self.driver, &DRIVER));
        to.u32(self.faults);
        to.u16(self.error_code);
    }
}

/// Counts of refused commands; reasons that we do not know are passed over.
fn refused(from: &mut Reader<'_>) -> Result<[u64; Refusal::ALL.len()], CdrError> {
    let reasons = from.sequence(Reader::text)?;
    let counts = from.sequence(Reader::u64)?;
    let mut refused = [0; Refusal::ALL.len()];
    for (reason, count) in reasons.iter().zip(counts) {
        let known = Refusal::ALL.iter().position(|refusal| refusal.name() == reason);
        if let Some(slot) = known.and_then(|index| refused.get_mut(index)) {
            *slot = count;
        }
    }
    Ok(refused)
}

impl Message for JointTelemetry {
    const NAME: &'static str = "armature_msgs/msg/JointTelemetry";

    fn read(from: &mut Reader<'_>, order: &JointOrder) -> Result<Self, CdrError> {
        Ok(Self {
            stamp: from.stamp()?,
            joint: joint(from, order)?,
            boot_id: from.u64()?,
            winding_temperature: from.f64()?,
            housing_temperature: from.f64()?,
            drive_temperature: from.f64()?,
            current: from.f64()?,
            voltage: from.f64()?,
            bus_received: from.u64()?,
            bus_sent: from.u64()?,
            bus_dropped: from.u64()?,
            bus_errors: from.u64()?,
            refused: refused(from)?,
        })
    }

    fn write(&self, to: &mut Writer, order: &JointOrder) {
        to.stamp(self.stamp);
        to.text(joint_name(self.joint, order));
        to.u64(self.boot_id);
        to.f64s(&[self.winding_temperature, self.housing_temperature, self.drive_temperature]);
        to.f64s(&[self.current, self.voltage]);
        let bus = [self.bus_received, self.bus_sent, self.bus_dropped, self.bus_errors];
        bus.into_iter().for_each(|count| to.u64(count));
        to.length(Refusal::ALL.len());
        Refusal::ALL.iter().for_each(|reason| to.text(reason.name()));
        to.length(self.refused.len());
        self.refused.iter().for_each(|count| to.u64(*count));
    }
}

fn violation(from: &mut Reader<'_>) -> Result<Option<Violation>, CdrError> {
    let index = i8::from_le_bytes([from.byte()?]);
    let (at_goal, velocity) = (from.flag()?, from.flag()?);
    let (error, limit, path_time) = (from.f64()?, from.f64()?, from.f64()?);
    let joint = usize::try_from(index).ok();
    Ok(joint.map(|joint| Violation { joint, at_goal, velocity, error, limit, path_time }))
}

fn write_violation(to: &mut Writer, violation: Option<Violation>) {
    let index = violation.map_or(-1, |v| i8::try_from(v.joint).unwrap_or(-1));
    to.byte(index.to_le_bytes()[0]);
    to.byte(violation.is_some_and(|v| v.at_goal));
    to.byte(violation.is_some_and(|v| v.velocity));
    to.f64s(&violation.map_or([0.0; 3], |v| [v.error, v.limit, v.path_time]));
}

impl Message for ControlState {
    const NAME: &'static str = "armature_msgs/msg/ControlState";

    fn read(from: &mut Reader<'_>, _order: &JointOrder) -> Result<Self, CdrError> {
        Ok(Self {
            stamp: from.stamp()?,
            reference_at: Monotonic(from.u64()?),
            boot_id: from.u64()?,
            epoch: from.u64()?,
            plan_id: from.u64()?,
            revision: from.u32()?,
            phase: from.one_of("phase", &PHASE)?,
            path_time: from.finite("path_time")?,
            path_duration: from.finite("path_duration")?,
            speed_scaling: from.finite("speed_scaling")?,
            reference_position: from.six()?,
            reference_velocity: from.six()?,
            reference_acceleration: from.six()?,
            feedback_position: from.six()?,
            feedback_velocity: from.six()?,
            error_position: from.six()?,
            output_effort: from.six()?,
            mode: from.one_of("mode", &MODES)?,
            integral: from.six()?,
            violation: violation(from)?,
            found_bad: from.flag()?,
            reason: from.text()?,
        })
    }

    fn write(&self, to: &mut Writer, _order: &JointOrder) {
        to.stamp(self.stamp);
        let head = [self.reference_at.0, self.boot_id, self.epoch, self.plan_id];
        head.into_iter().for_each(|value| to.u64(value));
        to.u32(self.revision);
        to.byte(code_of(self.phase, &PHASE));
        to.f64s(&[self.path_time, self.path_duration, self.speed_scaling]);
        let reference =
            [&self.reference_position, &self.reference_velocity, &self.reference_acceleration];
        reference.into_iter().for_each(|list| to.f64s(list));
        let rest = [
            &self.feedback_position,
            &self.feedback_velocity,
            &self.error_position,
            &self.output_effort,
        ];
        rest.into_iter().for_each(|list| to.f64s(list));
        to.byte(code_of(self.mode, &MODES));
        to.f64s(&self.integral);
        write_violation(to, self.violation);
        to.byte(self.found_bad);
        to.text(&self.reason);
    }
}
