//! Why a path of the tip cannot be, or cannot be followed: where along it, which joint, how much.

use std::sync::Arc;

use crate::ik::{IkError, PoseError, Singularity};

/// Why poses do not make a segment.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SegmentError {
    /// One of its poses is not one.
    #[error("the {which} of the segment: {source}")]
    Pose {
        /// "start", "goal", "via point" or "center".
        which: &'static str,
        /// What is wrong with it.
        source: PoseError,
    },
    /// The orientation turns by 180 degrees, so there is no shorter way round.
    #[error(
        "the orientation turns by half a turn, both ways round are as long: go by a pose between"
    )]
    HalfTurn,
    /// Three points of a circle are one or two.
    #[error("{first} and {second} are {distance:.2e} m apart, too close to make a circle")]
    Coincident {
        /// One point.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// How far they are apart [m].
        distance: f64,
    },
    /// Three points of a circle are on a line.
    #[error("{points} are on one line, that makes no circle: use a line")]
    Collinear {
        /// Which points.
        points: &'static str,
    },
    /// The center is not as far from the start as from the goal.
    #[error("the center is {start:.6} m from the start but {goal:.6} m from the goal")]
    Radius {
        /// Distance to the start [m].
        start: f64,
        /// Distance to the goal [m].
        goal: f64,
    },
}

/// Why a segment has no joint path. `share` is where along it, from 0 to 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PathError {
    /// A setting that is not in its range.
    #[error("path setting {name} is {value}, must be finite and above 0")]
    Setting {
        /// Which.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The arm does not stand where the segment starts.
    #[error("the arm stands {position:.3e} m and {rotation:.3e} rad from the start of the segment")]
    Start {
        /// Distance [m].
        position: f64,
        /// Angle [rad].
        rotation: f64,
    },
    /// No joint positions.
    #[error("at {:.1} % of the way: {source}", .share * 100.0)]
    Unreachable {
        /// Where.
        share: f64,
        /// Why.
        source: IkError,
    },
    /// A joint would leave its limits.
    #[error(
        "at {:.1} % of the way joint '{joint}' comes to {position:.4} rad, outside its limits \
         {lower:.4} to {upper:.4} rad",
        .share * 100.0
    )]
    Limit {
        /// Where.
        share: f64,
        /// The joint.
        joint: Arc<str>,
        /// Where it would have to be [rad].
        position: f64,
        /// Its lower limit [rad].
        lower: f64,
        /// Its upper limit [rad].
        upper: f64,
    },
    /// The path runs into a singularity: a joint would have to move too far at once.
    #[error(
        "at {:.1} % of the way the {singularity:?} singularity: joint '{joint}' would move {by:.3} \
         rad within {step:.1e} of path",
        .share * 100.0
    )]
    Singular {
        /// Where.
        share: f64,
        /// Which one.
        singularity: Singularity,
        /// The joint that moves most.
        joint: Arc<str>,
        /// How far [rad].
        by: f64,
        /// Within which piece of the path [m + rad].
        step: f64,
    },
    /// The only way on is another branch.
    #[error(
        "at {:.1} % of the way the arm would jump: joint '{joint}' by {by:.3} rad within {step:.1e} \
         of path",
        .share * 100.0
    )]
    Jump {
        /// Where.
        share: f64,
        /// The joint that moves most.
        joint: Arc<str>,
        /// How far [rad].
        by: f64,
        /// Within which piece of the path [m + rad].
        step: f64,
    },
}

impl PathError {
    /// Where along the segment it happens, from 0 to 1.
    pub fn share(&self) -> f64 {
        match self {
            Self::Setting { .. } | Self::Start { .. } => 0.0,
            Self::Unreachable { share, .. }
            | Self::Limit { share, .. }
            | Self::Singular { share, .. }
            | Self::Jump { share, .. } => *share,
        }
    }
}
