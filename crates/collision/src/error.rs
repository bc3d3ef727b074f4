//! What can be wrong with a robot, a shape or a scene, each naming the thing and the number.

use std::path::PathBuf;

/// Why a robot or a scene is refused.
#[derive(Debug, thiserror::Error)]
pub enum CollisionError {
    /// The text is not a URDF.
    #[error("the description is not a readable URDF: {0}")]
    Urdf(#[from] urdf_rs::UrdfError),
    /// The text is not an SRDF.
    #[error("the semantic description is not a readable SRDF: {0}")]
    Srdf(String),
    /// The text is not a file of spheres.
    #[error("the sphere file is not of the form {{link: [{{center, radius}}]}}: {0}")]
    SphereFile(#[from] serde_json::Error),
    /// Two links or two joints share a name.
    #[error("two {kind}s are called '{name}': rename one")]
    DuplicateName {
        /// "link", "joint" or "object".
        kind: &'static str,
        /// The name that occurs twice.
        name: String,
    },
    /// Somebody names a link that the description does not have.
    #[error("{user} names link '{link}', which the description does not have")]
    UnknownLink {
        /// Who names it.
        user: String,
        /// The link that is missing.
        link: String,
    },
    /// The joints do not form one tree.
    #[error("the joints do not form one tree: {0}")]
    NotATree(String),
    /// No joint of the chain moves.
    #[error("no joint between '{base}' and '{tip}' moves")]
    NothingMoves {
        /// First link of the chain.
        base: String,
        /// Last link of the chain.
        tip: String,
    },
    /// More joints than the kernel has room for.
    #[error("the chain has {found} moving joints, at most {most} are supported")]
    TooManyJoints {
        /// How many there are.
        found: usize,
        /// [`crate::MAX_JOINTS`].
        most: usize,
    },
    /// The chain has another number of moving joints than asked for.
    #[error("the chain to '{tip}' has {found} moving joints, expected {expected}")]
    JointCount {
        /// Last link of the chain.
        tip: String,
        /// How many there are.
        found: usize,
        /// How many were asked for.
        expected: usize,
    },
    /// A joint that this crate cannot compute.
    #[error(
        "joint '{joint}' is {kind}: only revolute, continuous, prismatic and fixed are supported"
    )]
    UnsupportedJoint {
        /// The joint.
        joint: String,
        /// Its type.
        kind: String,
    },
    /// A joint of the chain follows another one.
    #[error("joint '{joint}' of the chain mimics '{leader}': only joints off the chain may mimic")]
    Mimic {
        /// The follower.
        joint: String,
        /// The joint it follows.
        leader: String,
    },
    /// A number that is not finite or not in its range.
    #[error("{owner}: {what} is {value}, must be {must}")]
    BadNumber {
        /// Whose number it is.
        owner: String,
        /// Which number.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// A rotation given by four zeros, or by numbers that are not finite.
    #[error("{owner}: quaternion {value:?} has no direction, give one of length 1")]
    Quaternion {
        /// Whose rotation it is.
        owner: String,
        /// x, y, z, w.
        value: [f64; 4],
    },
    /// The lower position limit is above the upper one.
    #[error("joint '{joint}': lower limit {lower} is not below upper limit {upper}")]
    EmptyRange {
        /// The joint.
        joint: String,
        /// Lower limit [rad or m].
        lower: f64,
        /// Upper limit [rad or m].
        upper: f64,
    },
    /// A mesh file that cannot be found or read.
    #[error(
        "mesh '{file}' of {owner} cannot be read: {reason}; give its folder, or spheres for the link"
    )]
    MeshFile {
        /// Whose mesh it is.
        owner: String,
        /// The name in the description.
        file: String,
        /// What went wrong.
        reason: String,
    },
    /// A mesh that is no mesh.
    #[error("mesh of {owner}: {reason}")]
    Mesh {
        /// Whose mesh it is.
        owner: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More parts than the kernel has room for.
    #[error("links and attached objects form {found} groups, at most {most} are supported")]
    TooManyGroups {
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// The scene has no object of this name.
    #[error("the scene has no object '{0}'")]
    UnknownObject(String),
    /// No link has any shape, so nothing could ever collide.
    #[error("no moving link has a collision shape or a sphere")]
    NoShapes,
}

/// A file and what reading it said.
pub(crate) fn file_error(
    owner: &str,
    file: &str,
    path: Option<PathBuf>,
    why: impl ToString,
) -> CollisionError {
    let reason = match path {
        Some(path) => format!("{}: {}", path.display(), why.to_string()),
        None => why.to_string(),
    };
    CollisionError::MeshFile { owner: owner.into(), file: file.into(), reason }
}
