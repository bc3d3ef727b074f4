//! What people ask, as they sent it: nothing here is checked yet.

use vocabulary::joint::PerJoint;

/// A pose in some frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FramedPose {
    /// A link of the arm as it stands at the start; empty for the base.
    pub frame: String,
    /// Position, m.
    pub position: [f64; 3],
    /// Orientation: x, y, z, w.
    pub quaternion: [f64; 4],
}

/// Where the tool shall go.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// To joint positions, rad; without names in the order of the arm.
    Joints {
        /// Names.
        names: Vec<String>,
        /// Positions, rad.
        positions: Vec<f64>,
    },
    /// To a pose.
    Pose {
        /// Which.
        pose: FramedPose,
        /// How far off along each axis of the base, m.
        position_tolerance: f64,
        /// How far off about each axis of the base, rad.
        rotation_tolerance: f64,
    },
    /// Along a line to a pose.
    Line(FramedPose),
    /// Along an arc through a point [m, in the frame of the pose] to a pose.
    ArcVia(FramedPose, [f64; 3]),
    /// Along the shorter arc around a point [m, in the frame of the pose] to a pose.
    ArcAround(FramedPose, [f64; 3]),
    /// A number that stands for nothing.
    Unknown(u8),
}

/// How a motion shall be planned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Share of the greatest speed, above 0, at most 1.
    pub speed: f64,
    /// How far corners may be rounded, rad.
    pub accuracy: f64,
    /// For the search, s.
    pub allowed_time: f64,
    /// Another seed, another way.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { speed: 1.0, accuracy: 0.05, allowed_time: 0.1, seed: 0 }
    }
}

/// A motion asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Where to.
    pub target: Target,
    /// Where from, rad; empty for where the arm stands.
    pub start: Vec<f64>,
    /// How.
    pub settings: Settings,
}

/// A question for inverse kinematics.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IkAsk {
    /// Where the tip shall be.
    pub pose: FramedPose,
    /// Solutions near to this come first, rad; empty for where the arm stands.
    pub reference: Vec<f64>,
    /// Also those that differ by whole turns.
    pub all_turns: bool,
    /// Leave out those that touch anything.
    pub avoid_collisions: bool,
}

/// One way of standing at a pose.
#[derive(Debug, Clone, PartialEq)]
pub struct IkAnswer {
    /// Joint positions, rad.
    pub positions: PerJoint<f64>,
    /// What it touches or what is nearest.
    pub verdict: Verdict,
}

/// Whether a place is free, and what is nearest there.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Touches nothing.
    pub free: bool,
    /// What touches deepest or comes nearest; none when there is nothing to touch.
    pub nearest: Option<collision::Nearness>,
}

/// The shape of an object, as it was sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawShape {
    /// As the constants of `armature_msgs/SceneObject`.
    pub kind: u8,
    /// Dimensions, m.
    pub dimensions: Vec<f64>,
    /// Vertices or points, m.
    pub vertices: Vec<[f64; 3]>,
    /// Three indices per triangle.
    pub triangles: Vec<u32>,
}

/// A change of the scene.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// None.
    List,
    /// Something comes.
    Add(String, RawShape, FramedPose),
    /// Something moves.
    Move(String, FramedPose),
    /// Something goes.
    Remove(String),
    /// A link takes something.
    Attach {
        /// Of the object.
        name: String,
        /// Needed unless the object is in the scene.
        shape: RawShape,
        /// In the link, of a new one.
        pose: FramedPose,
        /// Empty for the tip.
        link: String,
        /// Links that it may touch.
        touch: Vec<String>,
    },
    /// A link lets go.
    Detach(String),
    /// Everything goes.
    Clear,
    /// A number that stands for nothing.
    Unknown(u8),
}
