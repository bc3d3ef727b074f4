//! A bus behind a socketcand server, over TCP.
//!
//! The one rule: every await is a place where the caller may stop, so all progress is kept in the
//! struct and none in a suspended function.
//!
//! Handshake: `hi` from the server, `open`, `ok`, `rawmode`, `ok`; then frames, and our filter.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Message, Splitter};
use crate::bus::{
    Backoff, BusError, BusEvent, BusInput, BusOptions, TxCounters, TxSlots, check_name,
    from_error_frame,
};
use crate::frame::Frame;

/// Time for a connection, and again for the handshake.
const PATIENCE: Duration = Duration::from_secs(2);
const READ_SIZE: usize = 8192;

/// Where the server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SocketcandConfig {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Name of the bus at the server.
    pub channel: String,
}

impl Default for SocketcandConfig {
    fn default() -> Self {
        Self { host: "127.0.0.1".into(), port: 29_536, channel: "vcan0".into() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    Opening,
    EnteringRawMode,
    Running,
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send + Sync>>;

enum Link {
    Down { retry_at: Option<Instant> },
    Connecting(Connecting),
    Up { stream: TcpStream, stage: Stage, deadline: Instant },
}

/// A bus behind a socketcand server.
pub struct SocketcandBus {
    config: SocketcandConfig,
    options: BusOptions,
    link: Link,
    backoff: Backoff,
    told_down: bool,
    bus_off: bool,
    splitter: Splitter,
    inputs: VecDeque<BusInput>,
    tx: TxSlots,
    unsent: Vec<u8>,
    malformed: u64,
}

impl std::fmt::Debug for SocketcandBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SocketcandBus").field("config", &self.config).finish_non_exhaustive()
    }
}

impl SocketcandBus {
    /// A client that connects when it is first asked to receive.
    ///
    /// # Errors
    /// [`BusError::Name`] for a bus name that the protocol cannot carry.
    pub fn new(config: SocketcandConfig, options: BusOptions) -> Result<Self, BusError> {
        check_name("bus channel", &config.channel, 31)?;
        check_name("bus host", &config.host, 253)?;
        Ok(Self {
            tx: TxSlots::new(options.setpoint_age),
            config,
            options,
            link: Link::Down { retry_at: None },
            backoff: Backoff::new(),
            told_down: false,
            bus_off: false,
            splitter: Splitter::default(),
            inputs: VecDeque::with_capacity(64),
            unsent: Vec::with_capacity(1024),
            malformed: 0,
        })
    }

    /// Messages of the server that could not be read.
    #[must_use]
    pub const fn malformed(&self) -> u64 {
        self.malformed
    }

    /// See [`crate::bus::AnyBus::setpoint`].
    pub fn setpoint(&mut self, frame: Frame) {
        self.tx.put_setpoint(frame, (self.options.clock)());
    }

    /// See [`crate::bus::AnyBus::message`].
    pub fn message(&mut self, frame: Frame) -> bool {
        self.is_up() && self.tx.put_message(frame)
    }

    /// See [`crate::bus::AnyBus::tx_counters`].
    #[must_use]
    pub fn tx_counters(&self) -> TxCounters {
        self.tx.counters()
    }

    /// See [`crate::bus::AnyBus::is_up`].
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.link, Link::Up { stage: Stage::Running, .. }) && !self.bus_off
    }

    /// See [`crate::bus::AnyBus::try_recv`].
    pub fn try_recv(&mut self) -> Option<BusInput> {
        self.inputs.pop_front()
    }

    /// See [`crate::bus::AnyBus::recv`].
    pub async fn recv(&mut self) -> BusInput {
        loop {
            if let Some(input) = self.inputs.pop_front() {
                return input;
            }
            self.flush();
            self.advance().await;
        }
    }

    /// See [`crate::bus::AnyBus::flush`].
    pub fn flush(&mut self) {
        let now = (self.options.clock)();
        if !self.is_up() {
            // Nothing that waits through an outage may be sent after it.
            self.tx.clear();
            return;
        }
        // A batch is encoded only when the last one is out: the rest stays replaceable.
        if self.unsent.is_empty() {
            while let Some(frame) = self.tx.front(now) {
                Message::Send(frame).encode(&mut self.unsent);
                self.tx.taken();
            }
        }
        if let Err(error) = self.write() {
            self.fail(&error.to_string());
        } else if !self.unsent.is_empty() {
            self.tx.overflowed();
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let Link::Up { stream, .. } = &self.link else { return Ok(()) };
        while !self.unsent.is_empty() {
            match stream.try_write(&self.unsent) {
                Ok(n) => drop(self.unsent.drain(..n)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// One step: wait for whatever the link is waiting for, and deal with it.
    async fn advance(&mut self) {
        match &mut self.link {
            Link::Down { retry_at } => {
                if let Some(at) = *retry_at {
                    sleep_until(at).await;
                }
                self.link = Link::Connecting(connect(&self.config));
            }
            Link::Connecting(connecting) => match connecting.as_mut().await {
                Ok(stream) => self.greet(stream),
                Err(error) => self.fail(&error.to_string()),
            },
            Link::Up { stream, stage, deadline } => {
                let writing = !self.unsent.is_empty();
                let interest = if writing {
                    Interest::READABLE | Interest::WRITABLE
                } else {
                    Interest::READABLE
                };
                let in_time = if *stage == Stage::Running {
                    stream.ready(interest).await.map(|_| ())
                } else {
                    tokio::select! {
                        ready = stream.ready(interest) => ready.map(|_| ()),
                        () = sleep_until(*deadline) => Err(io::Error::new(
                            io::ErrorKind::TimedOut,
                            "no answer to the handshake; is it a socketcand server?",
                        )),
                    }
                };
                if let Err(error) = in_time.and_then(|()| self.write()).and_then(|()| self.read()) {
                    self.fail(&error.to_string());
                }
            }
        }
    }

    fn greet(&mut self, stream: TcpStream) {
        self.splitter.clear();
        self.unsent.clear();
        self.link =
            Link::Up { stream, stage: Stage::Greeting, deadline: Instant::now() + PATIENCE };
    }

    fn fail(&mut self, reason: &str) {
        if !self.told_down {
            let SocketcandConfig { host, port, .. } = &self.config;
            let text = format!("no CAN bus at {host}:{port} ({reason}); is can_hub running there?");
            self.inputs.push_back(BusInput::Event(BusEvent::Disconnected(text)));
            self.told_down = true;
        }
        self.link = Link::Down { retry_at: Some(Instant::now() + self.backoff.next()) };
        self.tx.clear();
        self.unsent.clear();
    }

    /// Reads once; more is left for the next turn, so that reading cannot starve the rest.
    fn read(&mut self) -> io::Result<()> {
        let Link::Up { stream, .. } = &self.link else { return Ok(()) };
        let mut bytes = [0; READ_SIZE];
        let n = match stream.try_read(&mut bytes) {
            Ok(0) => {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed by the server"));
            }
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(e) => return Err(e),
        };
        self.splitter.push(bytes.get(..n).unwrap_or_default());
        while let Some(text) = self.splitter.next_message() {
            match Message::decode(text) {
                Ok(message) => self.on_message(message)?,
                Err(_) => self.malformed += 1,
            }
        }
        self.write()
    }

    fn on_message(&mut self, message: Message) -> io::Result<()> {
        let Link::Up { stage, .. } = &mut self.link else { return Ok(()) };
        match (message, *stage) {
            (Message::Hi, Stage::Greeting) => {
                *stage = Stage::Opening;
                Message::Open(self.config.channel.clone()).encode(&mut self.unsent);
            }
            (Message::Ok, Stage::Opening) => {
                *stage = Stage::EnteringRawMode;
                Message::RawMode.encode(&mut self.unsent);
            }
            (Message::Ok, Stage::EnteringRawMode) => {
                *stage = Stage::Running;
                self.connected();
            }
            (Message::Frame(frame, _), Stage::Running) if self.options.filter.accepts(&frame) => {
                let received_at = (self.options.clock)();
                self.inputs.push_back(BusInput::Frame { frame, received_at });
            }
            (Message::Error(class, _), Stage::Running) => {
                self.on_error_frame(class);
            }
            (Message::ErrorText(text), stage) if stage != Stage::Running => {
                return Err(io::Error::other(format!("refused: {text}")));
            }
            // A refusal while running is that of a server that does not know our filter.
            _ => {}
        }
        Ok(())
    }

    fn on_error_frame(&mut self, class: u32) {
        for event in from_error_frame(class, &[]) {
            match event {
                BusEvent::BusOff => self.bus_off = true,
                BusEvent::Restarted => self.bus_off = false,
                _ => {}
            }
            self.inputs.push_back(BusInput::Event(event));
        }
    }

    fn connected(&mut self) {
        self.bus_off = false;
        Message::Filter(self.options.filter.clone()).encode(&mut self.unsent);
        self.inputs.push_back(BusInput::Event(BusEvent::Connected));
        self.backoff = Backoff::new();
        self.told_down = false;
    }
}

fn connect(config: &SocketcandConfig) -> Connecting {
    let (host, port) = (config.host.clone(), config.port);
    Box::pin(async move {
        let stream = timeout(PATIENCE, TcpStream::connect((host.as_str(), port)))
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer"))??;
        stream.set_nodelay(true)?;
        Ok(stream)
    })
}
