//! A process that does not hold the lease and publishes commands all the same.
#![allow(unreachable_pub)]

use anyhow::Result;
use r2r::QosProfile;
use r2r::armature_msgs::msg::{JointCommand, JointTelemetry};
use rig::Scenario;
use std::cell::RefCell;
use std::rc::Rc;

/// Its commands count from here; those of controllers do not come so far in a test.
pub const FOREIGN: u64 = 1_000_000;

/// The stranger's ears and mouth.
pub struct Stranger {
    heard: Rc<RefCell<Option<JointCommand>>>,
    telemetry: Rc<RefCell<Option<JointTelemetry>>>,
    mouth: r2r::Publisher<JointCommand>,
}

impl Stranger {
    /// Listens to commands and to what the driver of `joint_2` says of refusals.
    pub fn new(s: &mut Scenario) -> Result<Self> {
        let stream = || QosProfile::default().best_effort().keep_last(1);
        let qos = QosProfile::default().keep_last(10);
        Ok(Self {
            heard: s.arm.listen("joint_command", stream())?,
            telemetry: s.arm.listen("joints/joint_2/telemetry", qos)?,
            mouth: s.arm.node().create_publisher("joint_command", stream())?,
        })
    }

    /// The newest command that was heard, whoever sent it.
    pub fn heard(&self) -> Option<JointCommand> {
        self.heard.borrow().clone()
    }

    /// Publishes a command.
    pub fn say(&self, command: &JointCommand) -> Result<()> {
        Ok(self.mouth.publish(command)?)
    }

    /// Commands that the driver refused for this reason; none before its first word.
    pub fn refused_as(&self, reason: &str) -> Option<u64> {
        let told = self.telemetry.borrow();
        let told = told.as_ref()?;
        let index = told.refusal_reasons.iter().position(|known| known == reason)?;
        told.refusal_counts.get(index).copied()
    }

    /// Commands that the driver refused for any reason.
    pub fn refused(&self) -> u64 {
        let told = self.telemetry.borrow();
        told.as_ref().map_or(0, |told| told.refusal_counts.iter().sum())
    }
}
