//! The node libraries as guests of the virtual arm: one adapter each, doing what that node's
//! `main.rs` does over ROS.
//!
//! The one rule: an adapter keeps the newest value of a `Latest` or `Latched` topic and every value
//! of the others, hands them over at the next step, and decides nothing.

mod bystander;
mod control;
mod driver;
mod joint_state;
mod motion;
mod supervisor;
mod thermal;

pub use bystander::Bystander;
pub use control::ControlNode;
pub use driver::DriverNode;
pub use joint_state::JointStateNode;
pub use motion::MotionNode;
pub use supervisor::SupervisorNode;
pub use thermal::ThermalNode;

use crate::message::Message;
use ::supervisor::PersistentState;
use can_bus::bus::BusInput;
use can_bus::frame::Frame;
use std::collections::VecDeque;
use vocabulary::health::{LogLine, NodeHealth};
use vocabulary::time::{Monotonic, Now};

/// What a step of a node leaves behind.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Messages to send, in this order.
    pub messages: Vec<Message>,
    /// Frames to put on the bus, in this order.
    pub frames: Vec<Frame>,
    /// Lines for people.
    pub log: Vec<LogLine>,
    /// To be stored before the messages go out.
    pub persist: Option<PersistentState>,
}

/// What came from the bus since the last step.
#[derive(Debug, Default)]
pub struct BusInbox {
    /// Frames and events, in order.
    pub inputs: VecDeque<BusInput>,
    /// Frames of ours that the bus did not take.
    pub dropped: u64,
}

/// A node in its host.
pub trait Node {
    /// A message arrived; it is looked at in the next step.
    fn deliver(&mut self, message: &Message);

    /// Runs once.
    fn step(&mut self, now: Now, bus: &mut BusInbox, out: &mut Outbox);

    /// When it wants to run again, on its own clock; `None`: at its fixed period.
    fn next_wake(&self, now: Monotonic) -> Option<Monotonic> {
        let _ = now;
        None
    }

    /// Whether it wants this frame.
    fn concerns(&self, frame: &Frame) -> bool {
        let _ = frame;
        false
    }

    /// What it says of itself.
    fn health(&self) -> NodeHealth;
}
