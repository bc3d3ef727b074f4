//! From the name of a node to its program.
//!
//! The one rule: names are those of `arm.launch.xml`, so that a node has the same name wherever it
//! lives.

use thiserror::Error;
use vocabulary::joint::JOINTS;

/// A program that can live here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Grants lease and permit.
    Supervisor,
    /// Drives the joints from this index on.
    Driver {
        /// Index of the first.
        first: usize,
    },
    /// Position feedback.
    JointState,
    /// The servo loop.
    Control,
    /// The trajectory API.
    Motion,
    /// Temperatures.
    Thermal,
}

/// Why a list of nodes is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GuestError {
    /// Nobody has that name.
    #[error(
        "there is no node {0:?}: use supervisor, driver_joint_1 to driver_joint_6, joint_state, \
         control, control_standby, arm_controller or thermal"
    )]
    Unknown(String),
    /// A name twice.
    #[error("node {0} is named twice")]
    Twice(String),
    /// No name at all.
    #[error("no node is named: give --nodes a list such as joint_state,thermal")]
    Empty,
}

impl Program {
    /// The program of a node of this name.
    ///
    /// # Errors
    /// [`GuestError::Unknown`].
    pub fn of(name: &str) -> Result<Self, GuestError> {
        let joint = name.strip_prefix("driver_joint_").and_then(|n| n.parse::<usize>().ok());
        match (name, joint) {
            ("supervisor", _) => Ok(Self::Supervisor),
            ("joint_state", _) => Ok(Self::JointState),
            ("control" | "control_standby", _) => Ok(Self::Control),
            ("arm_controller", _) => Ok(Self::Motion),
            ("thermal", _) => Ok(Self::Thermal),
            (_, Some(joint)) if (1..=JOINTS).contains(&joint) => {
                Ok(Self::Driver { first: joint - 1 })
            }
            _ => Err(GuestError::Unknown(name.to_owned())),
        }
    }

    /// Its file in `config/`.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Supervisor => "supervisor.yaml",
            Self::Driver { .. } => "joint_driver.yaml",
            Self::JointState => "joint_state.yaml",
            Self::Control => "control.yaml",
            Self::Motion => "motion.yaml",
            Self::Thermal => "thermal.yaml",
        }
    }
}

/// Names separated by commas, each with its program.
///
/// # Errors
/// [`GuestError`].
pub fn parse(list: &str) -> Result<Vec<(String, Program)>, GuestError> {
    let mut guests: Vec<(String, Program)> = Vec::new();
    for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if guests.iter().any(|(known, _)| known == name) {
            return Err(GuestError::Twice(name.to_owned()));
        }
        guests.push((name.to_owned(), Program::of(name)?));
    }
    if guests.is_empty() { Err(GuestError::Empty) } else { Ok(guests) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_launch_file_are_known() {
        let guests = parse(crate::WHOLE_ARM).unwrap();
        assert_eq!(guests.len(), 6);
        assert_eq!(parse(" driver_joint_4 ").unwrap()[0].1, Program::Driver { first: 3 });
        assert_eq!(parse("control_standby").unwrap()[0].1, Program::Control);
    }

    #[test]
    fn what_is_wrong_with_a_list_is_named() {
        let text = |list| parse(list).unwrap_err().to_string();
        assert!(text("joint_state,planing").contains("\"planing\""));
        assert!(text("driver_joint_7").contains("driver_joint_7"));
        assert_eq!(text("thermal,thermal"), "node thermal is named twice");
        assert_eq!(parse(","), Err(GuestError::Empty));
    }
}
