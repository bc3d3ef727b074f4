//! Why there is no timing, each naming the joint or the waypoint, and the numbers.

/// Why a move or a path gets no timing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TimingError {
    /// A limit is zero, negative or not a number.
    #[error("the {what} limit of {joint} is {value}, must be positive")]
    Limit {
        /// Name of the joint.
        joint: String,
        /// Which limit.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// The lower position limit is not below the upper one.
    #[error("the position limits of {joint} are {lower} and {upper} rad: the lower must be below")]
    Range {
        /// Name of the joint.
        joint: String,
        /// Lower limit, rad.
        lower: f64,
        /// Upper limit, rad.
        upper: f64,
    },
    /// A fraction is not in its range.
    #[error("{what} is {value}, must be more than 0 and at most 1")]
    Fraction {
        /// Which number.
        what: String,
        /// Its value.
        value: f64,
    },
    /// The accuracy is negative or not a number.
    #[error("accuracy is {value} rad, must be 0 or more")]
    Accuracy {
        /// Its value, rad.
        value: f64,
    },
    /// Thermal asks the arm to stop.
    #[error("the thermal service asks the arm to stop: no motion can be timed")]
    Stopped,
    /// A number is NaN or infinite.
    #[error("{quantity} of {joint} at {place} is {value}, must be a finite number")]
    NotFinite {
        /// Which end or waypoint.
        place: Place,
        /// Position, velocity or acceleration.
        quantity: &'static str,
        /// Name of the joint.
        joint: String,
        /// Its value.
        value: f64,
    },
    /// A place lies outside the limits.
    #[error("{quantity} of {joint} at {place} is {value:.4}, its limits are {lower} and {upper}")]
    Outside {
        /// Which end or waypoint.
        place: Place,
        /// Position, velocity or acceleration.
        quantity: &'static str,
        /// Name of the joint.
        joint: String,
        /// Its value, rad, rad/s or rad/s².
        value: f64,
        /// Lower limit, in the same unit.
        lower: f64,
        /// Upper limit, in the same unit.
        upper: f64,
    },
    /// On the way a joint leaves its position limits.
    #[error(
        "{joint} would reach {value:.4} rad on the way, its limits are {lower} and {upper} rad"
    )]
    Swings {
        /// Name of the joint.
        joint: String,
        /// How far it would go, rad.
        value: f64,
        /// Lower limit, rad.
        lower: f64,
        /// Upper limit, rad.
        upper: f64,
    },
    /// A path needs two waypoints.
    #[error("{count} waypoint(s) given, a path needs at least 2")]
    TooFew {
        /// How many were given.
        count: usize,
    },
    /// Two waypoints in a row are the same.
    #[error("waypoints {} and {point} are {distance:.1e} rad apart: leave one out", point - 1)]
    Duplicate {
        /// Index of the second.
        point: usize,
        /// Distance of the two, rad.
        distance: f64,
    },
    /// A smooth curve through the waypoints leaves the straight lines too far.
    #[error(
        "between waypoints {} and {point} the curve may be {deviation:.4} rad off the line, \
         accuracy is {accuracy} rad: give more waypoints there",
        point - 1
    )]
    Strays {
        /// Index of the waypoint at the end.
        point: usize,
        /// Bound of the distance from the line, rad.
        deviation: f64,
        /// What was asked for, rad.
        accuracy: f64,
    },
    /// A joint is too weak to stand still.
    #[error(
        "{joint} needs {needed:.2} N·m to hold still at {place}, {excess:.2} N·m more than its \
         limit of {limit:.2} N·m",
        excess = needed.abs() - limit
    )]
    Gravity {
        /// Where on the way.
        place: Place,
        /// Name of the joint.
        joint: String,
        /// Torque that gravity takes, N·m.
        needed: f64,
        /// Torque limit, N·m.
        limit: f64,
    },
    /// A moving start or end takes more torque than there is.
    #[error("{joint} needs {needed:.2} N·m on the way, its limit is {limit:.2} N·m")]
    Torque {
        /// Name of the joint.
        joint: String,
        /// Torque, N·m.
        needed: f64,
        /// Torque limit, N·m.
        limit: f64,
    },
    /// The numbers defeat the solver: ranges of many orders of magnitude.
    #[error("no timing found: {reason}")]
    NotSolved {
        /// What went wrong.
        reason: String,
    },
}

/// Where on the way something is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// The first state of a move.
    Start,
    /// The last state of a move.
    Target,
    /// A waypoint, from 0.
    Waypoint(usize),
    /// Part of the way from the first state (0) to the last (1).
    Share(f64),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start => f.write_str("the start"),
            Self::Target => f.write_str("the target"),
            Self::Waypoint(index) => write!(f, "waypoint {index}"),
            Self::Share(share) => write!(f, "{:.0} % of the way", 100.0 * share),
        }
    }
}
