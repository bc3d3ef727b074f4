//! The standard messages of position feedback.
//!
//! The rule: conversions only; every number and every stamp comes from the library.

use crate::{DynamicJointStates, INTERFACES, JointStates, Transform};
use node::convert::time;
use r2r::control_msgs::msg::{DynamicJointState, InterfaceValue};
use r2r::geometry_msgs::msg::TransformStamped;
use r2r::sensor_msgs::msg::JointState;
use vocabulary::joint::JointOrder;

/// `sensor_msgs/JointState` of the joints that are heard.
pub fn joint_states(from: &JointStates, order: &JointOrder) -> JointState {
    let name = from.joints.iter().filter_map(|joint| order.names().get(*joint).cloned());
    let mut msg = JointState {
        name: name.collect(),
        position: from.position.clone(),
        velocity: from.velocity.clone(),
        effort: from.effort.clone(),
        ..JointState::default()
    };
    msg.header.stamp = time(from.stamp);
    msg
}

/// `control_msgs/DynamicJointState` of all joints.
pub fn dynamic(from: &DynamicJointStates, order: &JointOrder) -> DynamicJointState {
    let interface_names: Vec<_> = INTERFACES.iter().map(ToString::to_string).collect();
    let joint = |values: &crate::DynamicJoint| InterfaceValue {
        interface_names: interface_names.clone(),
        values: values.to_vec(),
    };
    let mut msg = DynamicJointState {
        joint_names: order.names().to_vec(),
        interface_values: from.joints.iter().map(joint).collect(),
        ..DynamicJointState::default()
    };
    msg.header.stamp = time(from.stamp);
    msg
}

/// One frame of `tf`.
pub fn transform(from: &Transform) -> TransformStamped {
    let mut msg = TransformStamped::default();
    msg.header.stamp = time(from.stamp);
    msg.header.frame_id.clone_from(&from.parent);
    msg.child_frame_id.clone_from(&from.child);
    let ([x, y, z], pose) = (from.translation, &mut msg.transform);
    pose.translation = r2r::geometry_msgs::msg::Vector3 { x, y, z };
    let [x, y, z, w] = from.rotation;
    pose.rotation = r2r::geometry_msgs::msg::Quaternion { x, y, z, w };
    msg
}
