//! Temperatures and thermal alarms.

use super::{
    FromMsg, Refused, ToMsg, code_of, fraction, one_of, per_joint, same_joints, stamp, table, time,
};
use r2r::armature_msgs::msg;
use vocabulary::codes::{LEVEL, SENSOR};
use vocabulary::joint::{JOINTS, JointOrder, PerJoint};
use vocabulary::thermal::{ThermalAlarm, ThermalState};

fn codes<T: Copy + PartialEq>(values: &PerJoint<T>, known: &[(T, u8)]) -> Vec<u8> {
    values.iter().map(|value| code_of(*value, known)).collect()
}

impl FromMsg for ThermalState {
    type Msg = msg::ThermalState;

    fn from_msg(msg: &Self::Msg, order: &JointOrder) -> Result<Self, Refused> {
        same_joints(&msg.joints, order)?;
        Ok(Self {
            stamp: stamp(&msg.stamp),
            boot_id: msg.boot_id,
            winding: per_joint("winding", &msg.winding)?,
            winding_bound: per_joint("winding_bound", &msg.winding_bound)?,
            housing: per_joint("housing", &msg.housing)?,
            housing_bound: per_joint("housing_bound", &msg.housing_bound)?,
            winding_limit: per_joint("winding_limit", &msg.winding_limit)?,
            time_to_limit: per_joint("time_to_limit", &msg.time_to_limit)?,
            load: per_joint("load", &msg.load)?,
            torque_limit: per_joint("torque_limit", &msg.torque_limit)?,
            speed: fraction("speed", msg.speed)?,
            ambient: msg.ambient,
            winding_sensor: table("winding_sensor", &msg.winding_sensor, &SENSOR)?,
            housing_sensor: table("housing_sensor", &msg.housing_sensor, &SENSOR)?,
            drive_sensor: table("drive_sensor", &msg.drive_sensor, &SENSOR)?,
            telemetry_age: per_joint("telemetry_age", &msg.telemetry_age)?,
            level: table("level", &msg.level, &LEVEL)?,
        })
    }
}

impl ToMsg for ThermalState {
    type Msg = msg::ThermalState;

    fn to_msg(&self, order: &JointOrder) -> Self::Msg {
        msg::ThermalState {
            stamp: time(self.stamp),
            boot_id: self.boot_id,
            joints: order.names().to_vec(),
            winding: self.winding.to_vec(),
            winding_bound: self.winding_bound.to_vec(),
            housing: self.housing.to_vec(),
            housing_bound: self.housing_bound.to_vec(),
            winding_limit: self.winding_limit.to_vec(),
            time_to_limit: self.time_to_limit.to_vec(),
            load: self.load.to_vec(),
            torque_limit: self.torque_limit.to_vec(),
            speed: self.speed,
            ambient: self.ambient,
            winding_sensor: codes(&self.winding_sensor, &SENSOR),
            housing_sensor: codes(&self.housing_sensor, &SENSOR),
            drive_sensor: codes(&self.drive_sensor, &SENSOR),
            telemetry_age: self.telemetry_age.to_vec(),
            level: codes(&self.level, &LEVEL),
        }
    }
}

impl FromMsg for ThermalAlarm {
    type Msg = msg::ThermalAlarm;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        let reasons: PerJoint<String> =
            msg.reasons.clone().try_into().map_err(|given: Vec<_>| Refused::Length {
                field: "reasons",
                got: given.len(),
                want: JOINTS,
            })?;
        Ok(Self {
            stamp: stamp(&msg.stamp),
            boot_id: msg.boot_id,
            level: one_of("level", msg.level, &LEVEL)?,
            levels: table("levels", &msg.levels, &LEVEL)?,
            latched: per_joint("latched", &msg.latched)?,
            reasons,
        })
    }
}

impl ToMsg for ThermalAlarm {
    type Msg = msg::ThermalAlarm;

    fn to_msg(&self, _order: &JointOrder) -> Self::Msg {
        msg::ThermalAlarm {
            stamp: time(self.stamp),
            boot_id: self.boot_id,
            level: code_of(self.level, &LEVEL),
            levels: codes(&self.levels, &LEVEL),
            latched: self.latched.to_vec(),
            reasons: self.reasons.to_vec(),
        }
    }
}
