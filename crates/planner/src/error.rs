//! Why there is no plan, each with what to do about it.

use collision::Nearness;

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// A configuration has the wrong size or a number that is not finite.
    #[error("{which} has {found} positions, the arm has {expected} joints")]
    Size {
        /// Start or which goal.
        which: Which,
        /// How many there are.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// A position is not finite.
    #[error("{which}: position of joint '{joint}' is {position}, must be finite")]
    NotFinite {
        /// Start or which goal.
        which: Which,
        /// The joint.
        joint: String,
        /// Its position.
        position: f64,
    },
    /// A position is outside the limits of its joint.
    #[error(
        "{which}: joint '{joint}' is at {position:.4}, {beyond:.4} beyond its limits {lower:.4} to \
         {upper:.4}"
    )]
    OutsideLimits {
        /// Start or which goal.
        which: Which,
        /// The joint.
        joint: String,
        /// Its position [rad or m].
        position: f64,
        /// Smallest position [rad or m].
        lower: f64,
        /// Largest position [rad or m].
        upper: f64,
        /// By how much the limit is exceeded [rad or m].
        beyond: f64,
    },
    /// The arm touches something.
    #[error("{which} is in collision: {contact}")]
    InCollision {
        /// Start or which goal.
        which: Which,
        /// The deepest contact.
        contact: Nearness,
    },
    /// No goal was given.
    #[error("no goal was given")]
    NoGoal,
    /// Not one short motion leads away.
    #[error("{which} is enclosed: none of {tries} motions leads away from it{}", near(.nearest))]
    Enclosed {
        /// Start or which goal.
        which: Which,
        /// Motions that were tried.
        tries: u64,
        /// What is nearest to the arm there.
        nearest: Option<Nearness>,
    },
    /// The search ended without a connection.
    #[error(
        "no way was found in {iterations} steps: {from_start} configurations were reached from the \
         start and {from_goals} from the goals, but none joins them"
    )]
    Unreachable {
        /// Samples taken.
        iterations: u64,
        /// Configurations reached from the start.
        from_start: usize,
        /// Configurations from which a goal is reached.
        from_goals: usize,
    },
    /// The caller stopped the search.
    #[error(
        "time was over after {iterations} steps: {from_start} configurations were reached from the \
         start and {from_goals} from the goals"
    )]
    TimeOver {
        /// Samples taken.
        iterations: u64,
        /// Configurations reached from the start.
        from_start: usize,
        /// Configurations from which a goal is reached.
        from_goals: usize,
    },
}

/// Which configuration is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Where the motion begins.
    Start,
    /// One of the goals, from 0.
    Goal(usize),
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start => write!(f, "the start"),
            Self::Goal(index) => write!(f, "goal {index}"),
        }
    }
}

fn near(nearest: &Option<Nearness>) -> String {
    nearest.as_ref().map_or_else(String::new, |n| format!("; {n}"))
}
