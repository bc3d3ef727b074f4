//! A CAN bus for a loop of one thread: wait for frames or for an instant, whichever comes first.
//!
//! The rule: instants are kept by a timer of the kernel, not by the runtime's, whose millisecond
//! would be a quarter of a control cycle.

use crate::StartError;
use crate::clock::monotonic;
use crate::realtime::sleep_until;
use can_bus::bus::{AnyBus, BusConfig, BusEvent, BusInput, BusOptions, Filter};
use can_bus::frame::Frame;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use vocabulary::time::{Monotonic, Received};

/// Rings at one instant of the steady clock.
pub struct Alarm {
    timer: AsyncFd<OwnedFd>,
    set_to: Monotonic,
}

impl Alarm {
    /// A silent alarm. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// What the system says.
    pub fn new() -> io::Result<Self> {
        let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
        // SAFETY: plain system call.
        let descriptor = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is open and belongs to nobody else.
        let owned = unsafe { OwnedFd::from_raw_fd(descriptor) };
        // SAFETY: the descriptor stays open as long as the AsyncFd that owns it.
        let timer = unsafe { AsyncFd::register_with_interest(owned, Interest::READABLE) };
        Ok(Self { timer: timer?, set_to: Monotonic::default() })
    }

    /// Returns at `instant`, or as soon as the sockets had their turn when it is over. May be
    /// cancelled.
    pub async fn ring(&mut self, instant: Monotonic) {
        if instant <= monotonic() {
            return tokio::task::yield_now().await;
        }
        if instant != self.set_to {
            self.set(instant);
        }
        if let Ok(mut ready) = self.timer.readable().await {
            let mut count = [0_u8; 8];
            // SAFETY: the buffer is valid for its own length.
            unsafe { libc::read(self.timer.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
            ready.clear_ready();
        }
        self.set_to = Monotonic::default();
    }

    fn set(&mut self, instant: Monotonic) {
        let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let at = libc::timespec {
            tv_sec: (instant.0 / 1_000_000_000) as libc::time_t,
            tv_nsec: (instant.0 % 1_000_000_000) as libc::c_long,
        };
        let once = libc::itimerspec { it_interval: zero, it_value: at };
        let (timer, flags) = (self.timer.as_raw_fd(), libc::TFD_TIMER_ABSTIME);
        // SAFETY: `once` is valid, the old value is not asked for.
        unsafe { libc::timerfd_settime(timer, flags, &raw const once, std::ptr::null_mut()) };
        self.set_to = instant;
    }
}

/// The bus and what came from it in the last [`BusPort::wait`].
pub struct BusPort {
    bus: AnyBus,
    alarm: Alarm,
    deaf_until: Monotonic,
    /// Frames in order of arrival.
    pub frames: Vec<Received<Frame>>,
    /// What happened to the bus.
    pub events: Vec<BusEvent>,
}

impl BusPort {
    /// Opens nothing yet: the first wait connects, and goes on trying by itself. Call it inside a
    /// tokio runtime. A setpoint that could not go within `period` is dropped. Only frames that pass
    /// the filter wake the process.
    ///
    /// # Errors
    /// [`StartError`] for a name no bus can have.
    pub fn new(config: &BusConfig, filter: Filter, period: Duration) -> Result<Self, StartError> {
        let options = BusOptions { filter, setpoint_age: period, clock: crate::clock::monotonic };
        Ok(Self {
            bus: AnyBus::new(config, options).map_err(StartError::config)?,
            alarm: Alarm::new().map_err(StartError::config)?,
            deaf_until: Monotonic::default(),
            frames: Vec::with_capacity(64),
            events: Vec::new(),
        })
    }

    /// Lets frames gather until then instead of waking for each of them: every wake-up costs as
    /// much as the work it brings. Nothing else may live on the runtime of a loop that does this.
    pub fn gather(&mut self, until: Monotonic) {
        self.deaf_until = until;
    }

    /// Waits for a frame, an event or `until`, then collects all that has arrived.
    pub async fn wait(&mut self, until: Monotonic) {
        self.frames.clear();
        self.events.clear();
        if self.deaf_until > monotonic() {
            // Blocks the thread: nobody else lives on it, and it is the cheapest sleep there is.
            sleep_until(self.deaf_until.min(until));
            if until < self.deaf_until {
                return;
            }
        }
        let first = tokio::select! {
            biased;
            input = self.bus.recv() => Some(input),
            () = self.alarm.ring(until) => None,
        };
        let mut next = first.or_else(|| self.bus.try_recv());
        while let Some(input) = next {
            match input {
                BusInput::Frame { frame, received_at } => {
                    self.frames.push(Received { at: received_at, value: frame });
                }
                BusInput::Event(event) => self.events.push(event),
            }
            next = self.bus.try_recv();
        }
    }

    /// The bus, to send.
    pub fn bus(&mut self) -> &mut AnyBus {
        &mut self.bus
    }
}
