//! Commands, feedback, telemetry and the lease.
//!
//! A command is the one exception to the rule of the door: non-finite numbers and a senseless
//! validity pass, because the drivers' gate refuses them and counts each reason by name.

use super::stamp::positive;
use super::{FromMsg, Refused, ToMsg, code_of, finite, joint_index, joint_name, one_of, per_joint};
use super::{stamp, time};
use r2r::armature_msgs::msg;
use vocabulary::codes::{DRIVE, DRIVER, MODES};
use vocabulary::command::{JointCommand, JointFeedback, JointTelemetry, Lease, Refusal};
use vocabulary::joint::JointOrder;
use vocabulary::time::Monotonic;

impl FromMsg for JointCommand {
    type Msg = msg::JointCommand;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        Ok(Self {
            stamp: stamp(&msg.stamp),
            boot_id: msg.boot_id,
            epoch: msg.epoch,
            sequence: msg.sequence,
            sent_at: Monotonic(msg.sent_at_ns),
            setpoint_at: Monotonic(msg.setpoint_at_ns),
            valid_for: positive(msg.valid_for),
            joint_order: msg.joint_order_hash,
            yields: msg.yields,
            mode: one_of("mode", msg.mode, &MODES)?,
            position: per_joint("position", &msg.position)?,
            velocity: per_joint("velocity", &msg.velocity)?,
            acceleration: per_joint("acceleration", &msg.acceleration)?,
            effort: per_joint("effort", &msg.effort)?,
        })
    }
}

impl ToMsg for JointCommand {
    type Msg = msg::JointCommand;

    fn to_msg(&self, _order: &JointOrder) -> Self::Msg {
        msg::JointCommand {
            stamp: time(self.stamp),
            boot_id: self.boot_id,
            epoch: self.epoch,
            sequence: self.sequence,
            sent_at_ns: self.sent_at.0,
            setpoint_at_ns: self.setpoint_at.0,
            valid_for: self.valid_for.as_secs_f64(),
            joint_order_hash: self.joint_order,
            yields: self.yields,
            mode: code_of(self.mode, &MODES),
            position: self.position.to_vec(),
            velocity: self.velocity.to_vec(),
            acceleration: self.acceleration.to_vec(),
            effort: self.effort.to_vec(),
        }
    }
}

impl FromMsg for JointFeedback {
    type Msg = msg::JointFeedback;

    fn from_msg(msg: &Self::Msg, order: &JointOrder) -> Result<Self, Refused> {
        Ok(Self {
            stamp: stamp(&msg.stamp),
            sampled_at: Monotonic(msg.sampled_at_ns),
            joint: joint_index(&msg.joint, order)?,
            boot_id: msg.boot_id,
            sequence: msg.sequence,
            position: finite("position", msg.position)?,
            velocity: finite("velocity", msg.velocity)?,
            effort: finite("effort", msg.effort)?,
            setpoint_position: finite("setpoint_position", msg.setpoint_position)?,
            setpoint_velocity: finite("setpoint_velocity", msg.setpoint_velocity)?,
            setpoint_at: Monotonic(msg.setpoint_at_ns),
            applied_epoch: msg.applied_epoch,
            applied_sequence: msg.applied_sequence,
            lease_epoch: msg.lease_epoch,
            lease_holder: msg.lease_holder,
            drive: one_of("drive_state", msg.drive_state, &DRIVE)?,
            driver: one_of("driver_state", msg.driver_state, &DRIVER)?,
            faults: msg.faults,
            error_code: msg.error_code,
        })
    }
}

impl ToMsg for JointFeedback {
    type Msg = msg::JointFeedback;

    fn to_msg(&self, order: &JointOrder) -> Self::Msg {
        msg::JointFeedback {
            stamp: time(self.stamp),
            sampled_at_ns: self.sampled_at.0,
            joint: joint_name(self.joint, order),
            boot_id: self.boot_id,
            sequence: self.sequence,
            position: self.position,
            velocity: self.velocity,
            effort: self.effort,
            setpoint_position: self.setpoint_position,
            setpoint_velocity: self.setpoint_velocity,
            setpoint_at_ns: self.setpoint_at.0,
            applied_epoch: self.applied_epoch,
            applied_sequence: self.applied_sequence,
            lease_epoch: self.lease_epoch,
            lease_holder: self.lease_holder,
            drive_state: code_of(self.drive, &DRIVE),
            driver_state: code_of(self.driver, &DRIVER),
            faults: self.faults,
            error_code: self.error_code,
        }
    }
}

impl FromMsg for JointTelemetry {
    type Msg = msg::JointTelemetry;

    fn from_msg(msg: &Self::Msg, order: &JointOrder) -> Result<Self, Refused> {
        let mut refused = [0; Refusal::ALL.len()];
        for (reason, count) in msg.refusal_reasons.iter().zip(&msg.refusal_counts) {
            let known = Refusal::ALL.iter().position(|refusal| refusal.name() == reason);
            if let Some(slot) = known.and_then(|index| refused.get_mut(index)) {
                *slot = *count;
            }
        }
        Ok(Self {
            stamp: stamp(&msg.stamp),
            joint: joint_index(&msg.joint, order)?,
            boot_id: msg.boot_id,
            winding_temperature: msg.winding_temperature,
            housing_temperature: msg.housing_temperature,
            drive_temperature: msg.drive_temperature,
            current: msg.current,
            voltage: msg.voltage,
            bus_received: msg.bus_received,
            bus_sent: msg.bus_sent,
            bus_dropped: msg.bus_dropped,
            bus_errors: msg.bus_errors,
            refused,
        })
    }
}

impl ToMsg for JointTelemetry {
    type Msg = msg::JointTelemetry;

    fn to_msg(&self, order: &JointOrder) -> Self::Msg {
        msg::JointTelemetry {
            stamp: time(self.stamp),
            joint: joint_name(self.joint, order),
            boot_id: self.boot_id,
            winding_temperature: self.winding_temperature,
            housing_temperature: self.housing_temperature,
            drive_temperature: self.drive_temperature,
            current: self.current,
            voltage: self.voltage,
            bus_received: self.bus_received,
            bus_sent: self.bus_sent,
            bus_dropped: self.bus_dropped,
            bus_errors: self.bus_errors,
            refusal_reasons: Refusal::ALL.iter().map(|r| r.name().to_owned()).collect(),
            refusal_counts: self.refused.to_vec(),
        }
    }
}

impl FromMsg for Lease {
    type Msg = msg::Lease;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        Ok(Self {
            epoch: msg.epoch,
            holder: msg.holder,
            successor: msg.successor,
            transfer: msg.transfer,
            probation: msg.probation,
            since: stamp(&msg.since),
        })
    }
}

impl ToMsg for Lease {
    type Msg = msg::Lease;

    fn to_msg(&self, _order: &JointOrder) -> Self::Msg {
        msg::Lease {
            epoch: self.epoch,
            holder: self.holder,
            successor: self.successor,
            transfer: self.transfer,
            probation: self.probation,
            since: time(self.since),
        }
    }
}
