//! What goes into a step of the driver and what comes out.

use can_bus::frame::Frame;
use vocabulary::arm::ArmStatus;
use vocabulary::command::{JointCommand, JointFeedback, JointTelemetry, Lease};
use vocabulary::health::LogLine;
use vocabulary::time::Received;

/// News of the bus itself, as far as the driver cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusEvent {
    /// Connected (again).
    Up,
    /// Interface down, server gone, bus-off: nothing gets through; with the reason, for people.
    Down(String),
    /// Setpoints were dropped, or replaced by newer ones, on their way to the bus.
    Dropped(u64),
    /// Something to look at (error passive, no acknowledge), for people.
    Trouble(String),
}

impl From<&can_bus::bus::BusEvent> for BusEvent {
    fn from(event: &can_bus::bus::BusEvent) -> Self {
        use can_bus::bus::BusEvent as Wire;
        match event {
            Wire::Connected | Wire::Restarted => Self::Up,
            Wire::BusOff => Self::Down(
                "the controller left the bus (bus-off): check cable and bit rate".to_owned(),
            ),
            Wire::InterfaceDown(why) => {
                Self::Down(format!("interface down ({why}): ip link set <interface> up"))
            }
            Wire::Disconnected(why) => {
                Self::Down(format!("no connection to the bus server ({why}): is it started?"))
            }
            Wire::TxOverflow => Self::Dropped(1),
            other => Self::Trouble(format!("{other:?}")),
        }
    }
}

/// What came since the last step.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Frames in the order of arrival; the driver's own are not among them.
    pub frames: &'a [Received<Frame>],
    /// News of the bus.
    pub bus_events: &'a [BusEvent],
    /// Commands of whatever sender in the order of arrival.
    pub commands: &'a [Received<JointCommand>],
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
            commands: &[],
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
    /// A setpoint or SYNC: only the newest per COB-ID is worth sending, before all else.
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
