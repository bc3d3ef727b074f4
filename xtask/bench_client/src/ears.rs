//! What the drivers say of the commands they follow, sample by sample, and how long each answer
//! took.

use anyhow::Result;
use r2r::QosProfile;
use r2r::armature_msgs::msg::{JointCommand, JointFeedback};
use rig::ArmClient;
use rig::drives::steady_clock;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Joints of the arm.
pub const JOINTS: usize = 6;

/// One bus sample of one joint, as far as commands go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Steady clock of the bus sample, s.
    pub at: f64,
    /// Number of the sample; a hole means that this client missed one.
    pub number: u64,
    /// Epoch and sequence of the command being followed.
    pub applied: (u64, u64),
    /// Setpoint, rad, and its velocity, rad/s.
    pub setpoint: (f64, f64),
    /// When they hold, s.
    pub setpoint_at: f64,
    /// `JointFeedback::DRIVER_*`.
    pub state: u8,
}

/// Everything heard since the last [`Ears::clear`].
#[derive(Debug, Default)]
pub struct Heard {
    /// Samples per joint, oldest first.
    pub samples: [Vec<Sample>; JOINTS],
    /// Time from the sending of a command to the arrival of the first feedback that answers it, s.
    pub answers: Vec<f64>,
    sent: BTreeMap<(u64, u64), f64>,
    answered: [(u64, u64); JOINTS],
}

/// The client's subscriptions to commands and feedback.
#[derive(Debug, Clone)]
pub struct Ears(Rc<RefCell<Heard>>);

/// Commands remembered until an answer comes.
const REMEMBERED: usize = 256;

impl Ears {
    /// Subscribes.
    pub fn open(arm: &mut ArmClient) -> Result<Self> {
        let ears = Self(Rc::default());
        let qos = || QosProfile::default().best_effort().keep_last(16);
        let heard = Rc::clone(&ears.0);
        arm.each::<JointCommand>("joint_command", qos(), move |command| {
            heard.borrow_mut().command(&command);
        })?;
        for joint in 0..JOINTS {
            let heard = Rc::clone(&ears.0);
            let topic = format!("joints/joint_{}/feedback", joint + 1);
            arm.each::<JointFeedback>(&topic, qos(), move |feedback| {
                heard.borrow_mut().feedback(joint, &feedback);
            })?;
        }
        Ok(ears)
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let mut heard = self.0.borrow_mut();
        heard.samples.iter_mut().for_each(Vec::clear);
        heard.answers.clear();
    }

    /// Looks at what was heard.
    pub fn with<T>(&self, look: impl FnOnce(&Heard) -> T) -> T {
        look(&self.0.borrow())
    }
}

impl Heard {
    fn command(&mut self, command: &JointCommand) {
        self.sent.insert((command.epoch, command.sequence), command.sent_at_ns as f64 * 1e-9);
        while self.sent.len() > REMEMBERED {
            self.sent.pop_first();
        }
    }

    fn feedback(&mut self, joint: usize, feedback: &JointFeedback) {
        let applied = (feedback.applied_epoch, feedback.applied_sequence);
        let sample = Sample {
            at: feedback.sampled_at_ns as f64 * 1e-9,
            number: feedback.sequence,
            applied,
            setpoint: (feedback.setpoint_position, feedback.setpoint_velocity),
            setpoint_at: feedback.setpoint_at_ns as f64 * 1e-9,
            state: feedback.driver_state,
        };
        let (Some(samples), Some(answered)) =
            (self.samples.get_mut(joint), self.answered.get_mut(joint))
        else {
            return;
        };
        samples.push(sample);
        if *answered == applied {
            return;
        }
        *answered = applied;
        if let Some(sent) = self.sent.get(&applied) {
            self.answers.push(steady_clock() - sent);
        }
    }
}
