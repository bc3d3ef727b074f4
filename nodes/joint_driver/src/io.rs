//! What goes into a step of the driver and what comes out.

use can_bus::bus::BusEvent;
use can_bus::frame::Frame;
use vocabulary::arm::ArmStatus;
use vocabulary::command::{JointCommand, JointFeedback, JointTelemetry, Lease};
use vocabulary::health::LogLine;
use vocabulary::time::Received;

/// What came since the last step.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Frames in the order of arrival; the driver's own are not among them.
    pub frames: &'a [Received<Frame>],
    /// News of the bus.
    pub bus_events: &'a [BusEvent],
    /// Setpoints that the bus has dropped.
    pub dropped: u64,
    /// The newest command.
    pub command: Option<Received<JointCommand>>,
    /// The newest lease.
    pub lease: Option<&'a Lease>,
    /// The newest word of the supervisor.
    pub status: Option<&'a ArmStatus>,
    /// Whether the lifecycle node is active; an inactive driver takes the power away.
    pub active: bool,
}

impl Default for Inputs<'_> {
    fn default() -> Self {
        Self {
            frames: &[],
            bus_events: &[],
            dropped: 0,
            command: None,
            lease: None,
            status: None,
            active: true,
        }
    }
}

/// A frame to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing {
    /// The frame.
    pub frame: Frame,
    /// A setpoint: only the newest per COB-ID is worth sending.
    pub setpoint: bool,
}

impl From<Frame> for Outgoing {
    fn from(frame: Frame) -> Self {
        Self { frame, setpoint: false }
    }
}

/// What a step asks the host to do. Reused from step to step: no allocation in the cycle.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    /// Frames to send, in this order.
    pub frames: Vec<Outgoing>,
    /// Feedback to publish.
    pub feedback: Vec<JointFeedback>,
    /// Telemetry to publish.
    pub telemetry: Vec<JointTelemetry>,
    /// Lines for people.
    pub log: Vec<LogLine>,
}

impl Outputs {
    /// Empties all lists, keeping their memory.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.feedback.clear();
        self.telemetry.clear();
        self.log.clear();
    }
}
