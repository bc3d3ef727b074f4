//! The arm's frames for `tf`: each stamped with the bus sample of the joint that turns it.
//!
//! The rule: a frame whose joint is silent is not sent again; a listener sees its age.

use arm_model::{ArmModel, Frame, JointVector, Pose};
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Stamp;

/// `geometry_msgs/TransformStamped`.
#[derive(Debug, Clone, PartialEq)]
pub struct Transform {
    /// Bus sample of the joint that turns it; now for frames that never move.
    pub stamp: Stamp,
    /// Frame it is given in.
    pub parent: String,
    /// Frame it places.
    pub child: String,
    /// x, y, z, m.
    pub translation: [f64; 3],
    /// Quaternion x, y, z, w.
    pub rotation: [f64; 4],
}

/// The frames of the robot description.
#[derive(Debug, Clone)]
pub struct Frames {
    model: ArmModel<JOINTS>,
    prefix: String,
    sent: PerJoint<Option<Stamp>>,
}

impl Frames {
    /// All frames of the description, names after `prefix`.
    #[must_use]
    pub fn new(model: ArmModel<JOINTS>, prefix: String) -> Self {
        Self { model, prefix, sent: [None; JOINTS] }
    }

    /// Frames that never move.
    #[must_use]
    pub fn fixed(&self, stamp: Stamp) -> Vec<Transform> {
        let still = JointVector::<JOINTS>::zeros();
        let fixed = self.model.frames().iter().filter(|frame| frame.is_fixed());
        fixed.map(|frame| self.transform(frame, &frame.pose(&still), stamp)).collect()
    }

    /// Frames of joints that have a newer sample (stamp and position, rad) than was sent before.
    pub fn moving(&mut self, samples: &PerJoint<Option<(Stamp, f64)>>) -> Vec<Transform> {
        let position: JointVector<JOINTS> =
            JointVector::from_fn(|i, _| samples.get(i).copied().flatten().map_or(0.0, |s| s.1));
        let mut moved = Vec::with_capacity(JOINTS);
        for frame in self.model.frames() {
            let Some((joint, _)) = frame.joint else { continue };
            let Some((stamp, _)) = samples.get(joint).copied().flatten() else { continue };
            if self.sent.get(joint) == Some(&Some(stamp)) {
                continue;
            }
            moved.push(self.transform(frame, &frame.pose::<JOINTS>(&position), stamp));
        }
        for (sent, sample) in self.sent.iter_mut().zip(samples) {
            *sent = sample.map(|(stamp, _)| stamp).or(*sent);
        }
        moved
    }

    fn transform(&self, frame: &Frame, pose: &Pose, stamp: Stamp) -> Transform {
        Transform {
            stamp,
            parent: format!("{}{}", self.prefix, frame.parent),
            child: format!("{}{}", self.prefix, frame.child),
            translation: pose.translation.vector.into(),
            rotation: pose.rotation.coords.into(),
        }
    }
}
