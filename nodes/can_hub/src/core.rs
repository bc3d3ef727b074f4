//! The hub without its sockets: bytes in, bytes out.

use std::collections::BTreeMap;
use std::time::Duration;

use can_bus::bus::{BusEvent, BusInput, Filter, class};
use can_bus::frame::Frame;
use can_bus::in_process::{BusCore, BusFault, CoreStatistics, FaultId};
use can_bus::socketcand::{Message, Timestamp};
use vocabulary::time::Monotonic;

use crate::client::{Client, ClientId, ClientStatistics, Stage};
use crate::config::Config;

/// What happened on the hub so far.
#[derive(Debug, Clone, PartialEq)]
pub struct HubStatistics {
    /// What passed over the wire.
    pub bus: CoreStatistics,
    /// Connections accepted since start.
    pub accepted: u64,
    /// Messages that could not be read, of all clients ever.
    pub malformed: u64,
    /// Frames dropped because a client did not read, of all clients ever.
    pub dropped: u64,
    /// The clients now connected.
    pub clients: Vec<ClientStatistics>,
}

/// The hub as a value.
#[derive(Debug)]
pub struct HubCore {
    config: Config,
    epoch: Duration,
    bus: BusCore,
    clients: BTreeMap<ClientId, Client>,
    last_id: u32,
    gone_malformed: u64,
    gone_dropped: u64,
}

impl HubCore {
    /// A hub with no clients. `epoch` is added to monotonic times to make the stamps of frames, so
    /// that logs of tools show the time of day.
    #[must_use]
    pub fn new(config: Config, epoch: Duration) -> Self {
        Self {
            bus: BusCore::new(config.wire()),
            config,
            epoch,
            clients: BTreeMap::new(),
            last_id: 0,
            gone_malformed: 0,
            gone_dropped: 0,
        }
    }

    /// A client connected; its greeting waits in [`HubCore::output`].
    pub fn connect(&mut self, peer: String) -> ClientId {
        self.last_id += 1;
        let id = ClientId(self.last_id);
        self.clients.insert(id, Client::new(id, peer, self.config.client_buffer));
        id
    }

    /// A client went away.
    pub fn disconnect(&mut self, id: ClientId) {
        let Some(client) = self.clients.remove(&id) else { return };
        self.gone_malformed += client.statistics.malformed;
        self.gone_dropped += client.statistics.dropped;
        if let Stage::Raw { endpoint, .. } = client.stage {
            self.bus.detach(endpoint);
        }
    }

    /// Whether this client is (still) connected.
    #[must_use]
    pub fn is_connected(&self, id: ClientId) -> bool {
        self.clients.contains_key(&id)
    }

    /// Takes what a client sent, in whatever pieces.
    pub fn input(&mut self, id: ClientId, bytes: &[u8], now: Monotonic) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.splitter.push(bytes);
        while let Some(client) = self.clients.get_mut(&id) {
            let Some(text) = client.splitter.next_message() else { break };
            match Message::decode(text) {
                Ok(message) => self.on_message(id, message, now),
                Err(error) => {
                    client.statistics.malformed += 1;
                    client.refuse(&error.to_string(), stamp(self.epoch, now));
                }
            }
        }
    }

    fn on_message(&mut self, id: ClientId, message: Message, now: Monotonic) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.end_hold(|_| true);
        match (message, client.stage) {
            (Message::Echo, _) => drop(client.say(&Message::Echo)),
            (Message::Open(name), Stage::Greeted) if name == self.config.channel => {
                client.stage = Stage::Opened;
                client.say(&Message::Ok);
            }
            (Message::Open(name), Stage::Greeted) => {
                let text = format!("no bus {name}, this hub has {}", self.config.channel);
                client.refuse(&text, stamp(self.epoch, now));
            }
            (Message::RawMode, Stage::Opened) => {
                let endpoint = self.bus.attach(Filter::All);
                let hold = Duration::from_millis(self.config.hold_ms);
                let hold_until = (!hold.is_zero()).then(|| now + hold);
                client.stage = Stage::Raw { endpoint, hold_until };
                client.statistics.endpoint = Some(endpoint);
                client.say(&Message::Ok);
            }
            (Message::Send(frame), Stage::Raw { .. }) => self.send(id, frame, now),
            (Message::Filter(filter), Stage::Raw { endpoint, .. }) => {
                self.bus.set_filter(endpoint, filter);
            }
            (Message::ErrorText(_), _) => {}
            (other, _) => {
                client.statistics.malformed += 1;
                let text = format!("{} is not possible now", name(&other));
                client.refuse(&text, stamp(self.epoch, now));
            }
        }
    }

    fn send(&mut self, id: ClientId, frame: Frame, now: Monotonic) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        let Stage::Raw { endpoint, .. } = client.stage else { return };
        match self.bus.send(endpoint, frame, now) {
            Ok(()) => client.statistics.sent += 1,
            Err(_) => client.statistics.refused += 1,
        }
    }

    /// Lets time pass and writes what was delivered into the clients' outputs.
    pub fn step(&mut self, now: Monotonic) {
        self.bus.step(now);
        for client in self.clients.values_mut() {
            client.end_hold(|until| now >= until);
            let Stage::Raw { endpoint, hold_until: None } = client.stage else { continue };
            while let Some(input) = self.bus.receive(endpoint) {
                let stamp = |at: Monotonic| stamp(self.epoch, at);
                match input {
                    BusInput::Frame { frame, received_at } => {
                        let taken = client.say(&Message::Frame(frame, stamp(received_at)));
                        client.statistics.received += u64::from(taken);
                    }
                    BusInput::Event(event) => {
                        if let Some(class) = error_class(&event) {
                            client.say(&Message::Error(class, stamp(now)));
                        }
                    }
                }
            }
        }
    }

    /// When [`HubCore::step`] has something to do by itself.
    #[must_use]
    pub fn next_event(&self) -> Option<Monotonic> {
        let holds = self.clients.values().filter_map(Client::hold_until);
        holds.chain(self.bus.next_event()).min()
    }

    /// What is to be written to a client; remove what was written.
    pub fn output(&mut self, id: ClientId) -> Option<&mut Vec<u8>> {
        self.clients.get_mut(&id).map(|client| &mut client.out)
    }

    /// The clients for whom something waits.
    pub fn with_output(&self) -> impl Iterator<Item = ClientId> + '_ {
        self.clients.iter().filter(|(_, c)| !c.out.is_empty()).map(|(id, _)| *id)
    }

    /// Sets a bus fault.
    pub fn add_fault(&mut self, fault: BusFault, now: Monotonic) -> FaultId {
        self.bus.add_fault(fault, now)
    }

    /// Takes a bus fault away; false when it is gone already.
    pub fn remove_fault(&mut self, id: FaultId, now: Monotonic) -> bool {
        self.bus.remove_fault(id, now)
    }

    /// Takes all bus faults away.
    pub fn clear_faults(&mut self, now: Monotonic) {
        self.bus.clear_faults(now);
    }

    /// What happened so far.
    #[must_use]
    pub fn statistics(&self) -> HubStatistics {
        let clients: Vec<_> = self.clients.values().map(|c| c.statistics.clone()).collect();
        HubStatistics {
            bus: self.bus.statistics(),
            accepted: self.last_id.into(),
            malformed: self.gone_malformed + clients.iter().map(|c| c.malformed).sum::<u64>(),
            dropped: self.gone_dropped + clients.iter().map(|c| c.dropped).sum::<u64>(),
            clients,
        }
    }
}

fn stamp(epoch: Duration, at: Monotonic) -> Timestamp {
    let time = epoch.saturating_add(Duration::from_nanos(at.0));
    Timestamp(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// The class bits of the events a hub can cause; the protocol carries no more.
fn error_class(event: &BusEvent) -> Option<u32> {
    match event {
        BusEvent::BusOff => Some(class::BUS_OFF),
        BusEvent::Restarted => Some(class::RESTARTED),
        BusEvent::NoAck => Some(class::NO_ACK),
        _ => None,
    }
}

fn name(message: &Message) -> &'static str {
    match message {
        Message::Open(_) => "open",
        Message::RawMode => "rawmode",
        Message::Send(_) => "send before rawmode",
        Message::Filter(_) => "filter before rawmode",
        _ => "a server's message",
    }
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
