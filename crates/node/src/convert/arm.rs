//! The arm's status, state and derating.

use super::{FromMsg, Refused, ToMsg, code_of, finite, finite_per_joint, fraction, one_of};
use super::{per_joint, same_joints, stamp, table, time};
use r2r::armature_msgs::msg;
use vocabulary::arm::{ArmState, ArmStatus, Derating};
use vocabulary::codes::{DRIVE, DRIVER, FRESHNESS, MODE};
use vocabulary::joint::JointOrder;

impl FromMsg for ArmStatus {
    type Msg = msg::ArmStatus;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        Ok(Self {
            stamp: stamp(&msg.stamp),
            mode: one_of("mode", msg.mode, &MODE)?,
            permit: msg.permit,
            fault_reset: msg.fault_reset,
            reason: msg.reason.clone(),
        })
    }
}

impl ToMsg for ArmStatus {
    type Msg = msg::ArmStatus;

    fn to_msg(&self, _order: &JointOrder) -> Self::Msg {
        msg::ArmStatus {
            stamp: time(self.stamp),
            mode: code_of(self.mode, &MODE),
            permit: self.permit,
            fault_reset: self.fault_reset,
            reason: self.reason.clone(),
        }
    }
}

impl FromMsg for ArmState {
    type Msg = msg::ArmState;

    fn from_msg(msg: &Self::Msg, order: &JointOrder) -> Result<Self, Refused> {
        same_joints(&msg.joints, order)?;
        Ok(Self {
            stamp: stamp(&msg.stamp),
            age: per_joint("age", &msg.age)?,
            freshness: table("freshness", &msg.freshness, &FRESHNESS)?,
            position: per_joint("position", &msg.position)?,
            velocity: per_joint("velocity", &msg.velocity)?,
            effort: per_joint("effort", &msg.effort)?,
            temperature: per_joint("temperature", &msg.temperature)?,
            drive: table("drive_state", &msg.drive_state, &DRIVE)?,
            driver: table("driver_state", &msg.driver_state, &DRIVER)?,
        })
    }
}

impl ToMsg for ArmState {
    type Msg = msg::ArmState;

    fn to_msg(&self, order: &JointOrder) -> Self::Msg {
        msg::ArmState {
            stamp: time(self.stamp),
            joints: order.names().to_vec(),
            age: self.age.to_vec(),
            freshness: self.freshness.map(|value| code_of(value, &FRESHNESS)).to_vec(),
            position: self.position.to_vec(),
            velocity: self.velocity.to_vec(),
            effort: self.effort.to_vec(),
            temperature: self.temperature.to_vec(),
            drive_state: self.drive.map(|value| code_of(value, &DRIVE)).to_vec(),
            driver_state: self.driver.map(|value| code_of(value, &DRIVER)).to_vec(),
        }
    }
}

impl FromMsg for Derating {
    type Msg = msg::Derating;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        let torque = finite_per_joint("torque", &msg.torque)?;
        for value in torque {
            fraction("torque", value)?;
        }
        let speed = fraction("speed", finite("speed", msg.speed)?)?;
        Ok(Self { stamp: stamp(&msg.stamp), boot_id: msg.boot_id, stop: msg.stop, torque, speed })
    }
}

impl ToMsg for Derating {
    type Msg = msg::Derating;

    fn to_msg(&self, _order: &JointOrder) -> Self::Msg {
        msg::Derating {
            stamp: time(self.stamp),
            boot_id: self.boot_id,
            stop: self.stop,
            torque: self.torque.to_vec(),
            speed: self.speed,
        }
    }
}
