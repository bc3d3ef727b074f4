//! What control works with.

use super::{FromMsg, Refused, ToMsg, finite, finite_per_joint, stamp, time};
use r2r::armature_msgs::msg;
use r2r::geometry_msgs::msg::Point;
use vocabulary::joint::JointOrder;
use vocabulary::settings::{ControlSettings, LoadEstimate, TipLoad};

fn point([x, y, z]: [f64; 3]) -> Point {
    Point { x, y, z }
}

impl ToMsg for ControlSettings {
    type Msg = msg::ControlSettings;

    fn to_msg(&self, _order: &JointOrder) -> Self::Msg {
        let nowhere = [f64::NAN; 3];
        let unknown = LoadEstimate { mass: f64::NAN, center: nowhere, deviation: f64::NAN };
        let estimate = self.estimate.unwrap_or(unknown);
        msg::ControlSettings {
            stamp: time(self.stamp),
            law: self.law.clone(),
            payload_mass: self.payload.mass,
            payload_center: point(self.payload.center),
            payload_inertia: self.payload.inertia.to_vec(),
            torque_limit: self.torque_limit.to_vec(),
            stiffness: self.stiffness.to_vec(),
            damping_ratio: self.damping_ratio.to_vec(),
            estimated_mass: estimate.mass,
            estimated_center: point(estimate.center),
            estimated_mass_deviation: estimate.deviation,
        }
    }
}

impl FromMsg for ControlSettings {
    type Msg = msg::ControlSettings;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        let Point { x, y, z } = msg.payload_center;
        let inertia = finite_per_joint("payload_inertia", &msg.payload_inertia)?;
        let estimate = LoadEstimate {
            mass: msg.estimated_mass,
            center: [msg.estimated_center.x, msg.estimated_center.y, msg.estimated_center.z],
            deviation: msg.estimated_mass_deviation,
        };
        Ok(Self {
            stamp: stamp(&msg.stamp),
            law: msg.law.clone(),
            payload: TipLoad {
                mass: finite("payload_mass", msg.payload_mass)?,
                center: [
                    finite("payload_center.x", x)?,
                    finite("payload_center.y", y)?,
                    finite("payload_center.z", z)?,
                ],
                inertia,
            },
            torque_limit: finite_per_joint("torque_limit", &msg.torque_limit)?,
            stiffness: finite_per_joint("stiffness", &msg.stiffness)?,
            damping_ratio: finite_per_joint("damping_ratio", &msg.damping_ratio)?,
            estimate: estimate.mass.is_finite().then_some(estimate),
        })
    }
}
