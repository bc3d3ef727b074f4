//! The in-process bus for asynchronous hosts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::sleep;

use super::{BusCore, CoreConfig, EndpointId, SendError};
use crate::bus::{BusInput, BusOptions, Clock, TxCounters, TxSlots};
use crate::frame::Frame;

#[derive(Debug)]
struct Shared {
    core: Mutex<BusCore>,
    changed: Notify,
    clock: Clock,
}

/// A wire that several participants of this process share.
#[derive(Debug, Clone)]
pub struct InProcessWire(Arc<Shared>);

impl InProcessWire {
    /// A wire with nobody on it.
    #[must_use]
    pub fn new(config: CoreConfig, clock: Clock) -> Self {
        let core = Mutex::new(BusCore::new(config));
        Self(Arc::new(Shared { core, changed: Notify::new(), clock }))
    }

    /// The wire itself, to set faults or read statistics. Do not hold it over an await.
    pub fn core(&self) -> MutexGuard<'_, BusCore> {
        self.0.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a participant.
    #[must_use]
    pub fn attach(&self, options: &BusOptions) -> InProcessBus {
        let id = self.core().attach(options.filter.clone());
        InProcessBus { wire: self.clone(), id, tx: TxSlots::new(options.setpoint_age) }
    }
}

/// One participant of an [`InProcessWire`].
#[derive(Debug)]
pub struct InProcessBus {
    wire: InProcessWire,
    id: EndpointId,
    tx: TxSlots,
}

impl InProcessBus {
    /// See [`crate::bus::AnyBus::setpoint`].
    pub fn setpoint(&mut self, frame: Frame) {
        self.tx.put_setpoint(frame, (self.wire.0.clock)());
    }

    /// See [`crate::bus::AnyBus::message`].
    pub fn message(&mut self, frame: Frame) -> bool {
        self.tx.put_message(frame)
    }

    /// See [`crate::bus::AnyBus::tx_counters`].
    #[must_use]
    pub fn tx_counters(&self) -> TxCounters {
        self.tx.counters()
    }

    /// See [`crate::bus::AnyBus::is_up`].
    #[must_use]
    pub const fn is_up(&self) -> bool {
        true
    }

    /// See [`crate::bus::AnyBus::flush`].
    pub fn flush(&mut self) {
        let now = (self.wire.0.clock)();
        while let Some(frame) = self.tx.front(now) {
            let result = self.wire.core().send(self.id, frame, now);
            match result {
                Ok(()) => self.tx.taken(),
                Err(SendError::Full) => {
                    self.tx.overflowed();
                    break;
                }
                Err(SendError::BusOff | SendError::Detached) => self.tx.clear(),
            }
        }
        self.wire.0.changed.notify_waiters();
    }

    /// See [`crate::bus::AnyBus::try_recv`].
    pub fn try_recv(&mut self) -> Option<BusInput> {
        let now = (self.wire.0.clock)();
        let mut core = self.wire.core();
        core.step(now);
        core.receive(self.id)
    }

    /// See [`crate::bus::AnyBus::recv`].
    pub async fn recv(&mut self) -> BusInput {
        let shared = Arc::clone(&self.wire.0);
        loop {
            if !self.tx.is_empty() {
                self.flush();
            }
            let changed = shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(input) = self.try_recv() {
                return input;
            }
            let next = self.wire.core().next_event();
            let pause = next.map(|at| at.since((shared.clock)()));
            match pause {
                Some(pause) => tokio::select! {
                    () = changed => {}
                    () = sleep(pause) => {}
                },
                None => changed.await,
            }
        }
    }
}

impl Drop for InProcessBus {
    fn drop(&mut self) {
        self.wire.core().detach(self.id);
    }
}
