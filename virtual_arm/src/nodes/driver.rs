//! Hosts `joint_driver`.

use super::{BusInbox, Node, Outbox};
use crate::message::Message;
use can_bus::bus::{BusEvent as WireEvent, BusInput};
use can_bus::frame::Frame;
use joint_driver::{BusEvent, Driver, Inputs, Outputs};
use vocabulary::arm::ArmStatus;
use vocabulary::command::{JointCommand, Lease};
use vocabulary::health::NodeHealth;
use vocabulary::time::{Monotonic, Now, Received};

/// A driver process and its mailbox.
pub struct DriverNode {
    driver: Driver,
    commands: Vec<Received<JointCommand>>,
    lease: Option<Lease>,
    status: Option<ArmStatus>,
    frames: Vec<Received<Frame>>,
    events: Vec<BusEvent>,
    outputs: Outputs,
}

impl DriverNode {
    /// Hosts it; it finds the bus up.
    #[must_use]
    pub fn new(driver: Driver) -> Self {
        Self {
            driver,
            commands: Vec::new(),
            lease: None,
            status: None,
            frames: Vec::new(),
            events: vec![BusEvent::Up],
            outputs: Outputs::default(),
        }
    }

    /// What came from the bus, read now.
    fn read(&mut self, now: Monotonic, bus: &mut BusInbox) {
        for input in bus.inputs.drain(..) {
            match input {
                BusInput::Frame { frame, .. } => {
                    self.frames.push(Received { at: now, value: frame });
                }
                BusInput::Event(WireEvent::BusOff) => {
                    self.events.push(BusEvent::Down("bus-off".to_owned()));
                }
                BusInput::Event(WireEvent::Restarted | WireEvent::Connected) => {
                    self.events.push(BusEvent::Up);
                }
                BusInput::Event(other) => self.events.push(BusEvent::Trouble(format!("{other:?}"))),
            }
        }
        if std::mem::take(&mut bus.dropped) > 0 {
            self.events.push(BusEvent::Dropped(1));
        }
    }
}

impl Node for DriverNode {
    fn deliver(&mut self, message: &Message) {
        match message {
            Message::Command(command) => {
                self.commands.push(Received { at: Monotonic(0), value: **command });
            }
            Message::Lease(lease) => self.lease = Some(lease.clone()),
            Message::Status(status) => self.status = Some(status.clone()),
            _ => {}
        }
    }

    fn step(&mut self, now: Now, bus: &mut BusInbox, out: &mut Outbox) {
        self.read(now.mono, bus);
        self.commands.iter_mut().for_each(|command| command.at = now.mono);
        let (lease, status) = (self.lease.take(), self.status.take());
        let inputs = Inputs {
            frames: &self.frames,
            bus_events: &self.events,
            commands: &self.commands,
            lease: lease.as_ref(),
            status: status.as_ref(),
            active: true,
        };
        self.driver.step(now, &inputs, &mut self.outputs);
        self.frames.clear();
        self.events.clear();
        self.commands.clear();
        let Outputs { frames, feedback, telemetry, log } = &mut self.outputs;
        out.frames.extend(frames.drain(..).map(|outgoing| outgoing.frame));
        out.messages.extend(feedback.drain(..).map(Message::Feedback));
        out.messages.extend(telemetry.drain(..).map(Message::Telemetry));
        out.log.append(log);
    }

    fn next_wake(&self, now: Monotonic) -> Option<Monotonic> {
        Some(self.driver.next_wake(now))
    }

    fn concerns(&self, frame: &Frame) -> bool {
        self.driver.concerns(frame)
    }

    fn health(&self) -> NodeHealth {
        self.driver.health()
    }
}
