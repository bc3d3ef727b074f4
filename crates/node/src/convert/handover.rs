//! What the holder of the lease tells its standby.

use super::{FromMsg, Refused, ToMsg, code_of, finite, finite_per_joint, one_of, per_joint};
use r2r::armature_msgs::msg;
use vocabulary::codes::PHASE;
use vocabulary::handover::HandOver;
use vocabulary::joint::JointOrder;
use vocabulary::time::Monotonic;

impl FromMsg for HandOver {
    type Msg = msg::HandOver;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        Ok(Self {
            boot_id: msg.boot_id,
            epoch: msg.epoch,
            sequence: msg.sequence,
            reference_at: Monotonic(msg.reference_at_ns),
            plan_id: msg.plan_id,
            revision: msg.revision,
            phase: one_of("phase", msg.phase, &PHASE)?,
            path_time: finite("path_time", msg.path_time)?,
            path_speed: finite("path_speed", msg.path_speed)?,
            speed_scaling: finite("speed_scaling", msg.speed_scaling)?,
            position: finite_per_joint("reference_position", &msg.reference_position)?,
            velocity: finite_per_joint("reference_velocity", &msg.reference_velocity)?,
            acceleration: finite_per_joint("reference_acceleration", &msg.reference_acceleration)?,
            integral: finite_per_joint("integral", &msg.integral)?,
            effort: finite_per_joint("output_effort", &msg.output_effort)?,
            tracking: per_joint("tracking", &msg.tracking)?,
            law: "",
            version: "",
        })
    }
}

impl ToMsg for HandOver {
    type Msg = msg::HandOver;

    fn to_msg(&self, _order: &JointOrder) -> Self::Msg {
        msg::HandOver {
            boot_id: self.boot_id,
            epoch: self.epoch,
            sequence: self.sequence,
            reference_at_ns: self.reference_at.0,
            plan_id: self.plan_id,
            revision: self.revision,
            phase: code_of(self.phase, &PHASE),
            path_time: self.path_time,
            path_speed: self.path_speed,
            speed_scaling: self.speed_scaling,
            reference_position: self.position.to_vec(),
            reference_velocity: self.velocity.to_vec(),
            reference_acceleration: self.acceleration.to_vec(),
            integral: self.integral.to_vec(),
            output_effort: self.effort.to_vec(),
            tracking: self.tracking.to_vec(),
            law: self.law.to_owned(),
            version: self.version.to_owned(),
        }
    }
}
