//! What can be wrong with an arm description or a payload, each naming the element and the number.

/// Why a URDF does not describe an arm that this crate can compute.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The text is not a URDF.
    #[error("the description is not a readable URDF: {0}")]
    Unreadable(#[from] urdf_rs::UrdfError),
    /// Two links, or two joints, share a name.
    #[error("two {kind}s are called '{name}': rename one")]
    DuplicateName {
        /// "link" or "joint".
        kind: &'static str,
        /// The name that occurs twice.
        name: String,
    },
    /// A joint, or the caller, names a link that the URDF does not have.
    #[error("{user} names link '{link}', which the description does not have")]
    UnknownLink {
        /// Who names it.
        user: String,
        /// The link that is missing.
        link: String,
    },
    /// Two joints move the same link: a closed kinematic loop.
    #[error(
        "link '{link}' hangs on joint '{first}' and on joint '{second}': loops are not supported"
    )]
    ClosedLoop {
        /// The link with two parents.
        link: String,
        /// The joint that came first in the file.
        first: String,
        /// The second joint.
        second: String,
    },
    /// Following parents from this link leads back to it.
    #[error("link '{link}' is its own ancestor: the joints above it form a ring")]
    Ring {
        /// A link of the ring.
        link: String,
    },
    /// The base is not an ancestor of the tip.
    #[error("tip link '{tip}' does not hang on base link '{base}': the chain ends at '{end}'")]
    NotConnected {
        /// The base asked for.
        base: String,
        /// The tip asked for.
        tip: String,
        /// The root that was reached instead.
        end: String,
    },
    /// The chain has another number of revolute joints than the program expects.
    #[error("the chain has {found} revolute joints ({joints}), expected {expected}")]
    JointCount {
        /// `N` of the model.
        expected: usize,
        /// How many there are.
        found: usize,
        /// Their names, comma-separated.
        joints: String,
    },
    /// A continuous joint on the chain.
    #[error("joint '{joint}' is continuous: make it revolute with lower and upper limits")]
    Continuous {
        /// The joint.
        joint: String,
    },
    /// A joint of the chain is neither revolute nor fixed.
    #[error("joint '{joint}' is {kind}: only revolute and fixed joints are supported")]
    UnsupportedJoint {
        /// The joint.
        joint: String,
        /// Its type.
        kind: String,
    },
    /// A joint off the chain moves, so its link's inertia would depend on an unknown position.
    #[error("joint '{joint}' moves but is not between base and tip: make it fixed")]
    MovingBranch {
        /// The joint.
        joint: String,
    },
    /// A mimic joint.
    #[error("joint '{joint}' mimics '{leader}': mimic joints are not supported")]
    Mimic {
        /// The follower.
        joint: String,
        /// The joint it follows.
        leader: String,
    },
    /// A number that is not finite, or not in its range.
    #[error("{element} '{name}': {what} is {value}, must be {must}")]
    BadNumber {
        /// "link" or "joint".
        element: &'static str,
        /// Its name.
        name: String,
        /// Which number.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// The lower position limit is not below the upper one.
    #[error("joint '{joint}': lower limit {lower} rad is not below upper limit {upper} rad")]
    EmptyRange {
        /// The joint.
        joint: String,
        /// Lower limit [rad].
        lower: f64,
        /// Upper limit [rad].
        upper: f64,
    },
    /// The joint axis has no direction.
    #[error("joint '{joint}': axis is zero, give it a direction")]
    ZeroAxis {
        /// The joint.
        joint: String,
    },
    /// A moving link, with everything fixed to it, has no mass.
    #[error("link '{link}' moves but neither it nor a link fixed to it has an <inertial>: add one")]
    MissingInertia {
        /// The moving link.
        link: String,
    },
    /// An inertia that no distribution of mass can have.
    #[error(
        "link '{link}': principal inertias {moments:?} kg m² are impossible: each must be positive \
         and none larger than the sum of the others"
    )]
    ImpossibleInertia {
        /// The link.
        link: String,
        /// The principal moments, ascending [kg m²].
        moments: [f64; 3],
    },
}

/// Why a payload is refused.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum LoadError {
    /// The mass is negative or not finite.
    #[error("payload mass is {0} kg, must be finite and not negative")]
    Mass(f64),
    /// The centre of mass is not finite.
    #[error("payload centre of mass {0:?} m must be finite")]
    CenterOfMass([f64; 3]),
    /// The inertia is not symmetric, not finite or not physical.
    #[error(
        "payload principal inertias {0:?} kg m² are impossible: the matrix must be finite and \
         symmetric, none negative and none larger than the sum of the others"
    )]
    Inertia([f64; 3]),
    /// An inertia without a mass.
    #[error("payload has an inertia of {0} kg m² but no mass, give both or neither")]
    Massless(f64),
    /// A rotor inertia is negative or not finite.
    #[error("rotor inertia of joint {joint} is {value} kg m², must be finite and not negative")]
    RotorInertia {
        /// Place of the joint in the chain, from 0.
        joint: usize,
        /// The inertia, seen at the joint side of the gear [kg m²].
        value: f64,
    },
}
