//! A CAN interface of the Linux kernel.
//!
//! The rules: error frames are asked for (by default the kernel hides even bus-off); only the wanted
//! identifiers pass the kernel's filter; a full queue (ENOBUFS) leaves the frame in its slot; an
//! interface that is down or gone closes the socket, which is opened again with a growing pause.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use socketcan::{CanFilter, CanFrame, CanSocket, EmbeddedFrame, Frame as _, Socket, SocketOptions};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep, sleep_until};

use crate::bus::{
    Backoff, BusError, BusEvent, BusInput, BusOptions, Filter, TxCounters, TxSlots, check_name,
    class, from_error_frame,
};
use crate::frame::{Frame, Id};

/// Most frames read in one turn, so that a babbling node cannot starve the rest.
const READ_BATCH: usize = 256;
/// ENOBUFS is not signalled by poll: look again after this time.
const RETRY: Duration = Duration::from_millis(1);
const EFF_FLAG: u32 = libc::CAN_EFF_FLAG;
const RTR_FLAG: u32 = libc::CAN_RTR_FLAG;

#[derive(Debug)]
enum Link {
    Down { retry_at: Option<Instant> },
    Up(AsyncFd<CanSocket>),
}

/// A CAN interface of the Linux kernel.
#[derive(Debug)]
pub struct SocketCanBus {
    interface: String,
    options: BusOptions,
    link: Link,
    backoff: Backoff,
    told_down: bool,
    bus_off: bool,
    inputs: VecDeque<BusInput>,
    tx: TxSlots,
}

impl SocketCanBus {
    /// A bus on that interface; it is opened when first asked to receive.
    ///
    /// # Errors
    /// [`BusError::Name`] for a name that no interface can have.
    pub fn new(interface: &str, options: BusOptions) -> Result<Self, BusError> {
        check_name("CAN interface", interface, 15)?;
        Ok(Self {
            interface: interface.to_owned(),
            tx: TxSlots::new(options.setpoint_age),
            options,
            link: Link::Down { retry_at: None },
            backoff: Backoff::new(),
            told_down: false,
            bus_off: false,
            inputs: VecDeque::with_capacity(READ_BATCH),
        })
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
        matches!(self.link, Link::Up(_)) && !self.bus_off
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
        while let Some(frame) = self.tx.front(now) {
            let Link::Up(socket) = &self.link else { return };
            if self.bus_off {
                return;
            }
            match socket.get_ref().write_frame(&to_kernel(&frame)) {
                Ok(()) => self.tx.taken(),
                Err(error) if is_full(&error) => {
                    self.tx.overflowed();
                    return;
                }
                Err(error) => return self.fail(&error),
            }
        }
    }

    async fn advance(&mut self) {
        let waiting = !self.tx.is_empty();
        match &self.link {
            Link::Down { retry_at } => {
                if let Some(at) = *retry_at {
                    sleep_until(at).await;
                }
                self.open();
            }
            Link::Up(socket) => {
                let first = tokio::select! {
                    frame = socket.async_io(woken_by(), CanSocket::read_frame) => frame,
                    () = sleep(RETRY), if waiting => return,
                };
                self.take(first);
                self.drain();
            }
        }
    }

    fn drain(&mut self) {
        for _ in 1..READ_BATCH {
            let Link::Up(socket) = &self.link else { return };
            match socket.get_ref().read_frame() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                frame => self.take(frame),
            }
        }
    }

    fn take(&mut self, frame: io::Result<CanFrame>) {
        match frame {
            Ok(CanFrame::Data(frame)) => {
                let received_at = (self.options.clock)();
                if let Some(frame) = from_kernel(&frame) {
                    self.inputs.push_back(BusInput::Frame { frame, received_at });
                }
            }
            Ok(CanFrame::Error(frame)) => {
                let events = from_error_frame(frame.error_bits(), frame.data());
                for event in events {
                    self.on_event(event);
                }
            }
            Ok(CanFrame::Remote(_)) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => self.fail(&error),
        }
    }

    fn on_event(&mut self, event: BusEvent) {
        match event {
            BusEvent::BusOff => {
                self.bus_off = true;
                self.tx.clear();
            }
            BusEvent::Restarted | BusEvent::ErrorActive => self.bus_off = false,
            _ => {}
        }
        self.inputs.push_back(BusInput::Event(event));
    }

    fn open(&mut self) {
        match open(&self.interface, &self.options.filter) {
            Ok(socket) => {
                self.link = Link::Up(socket);
                self.backoff = Backoff::new();
                (self.told_down, self.bus_off) = (false, false);
                self.inputs.push_back(BusInput::Event(BusEvent::Connected));
            }
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&mut self, error: &io::Error) {
        if !self.told_down {
            let name = &self.interface;
            let text = format!(
                "CAN interface {name} cannot be used ({error}): `ip link set {name} up type can \
                 bitrate 1000000 restart-ms 100` brings it up"
            );
            self.inputs.push_back(BusInput::Event(BusEvent::InterfaceDown(text)));
            self.told_down = true;
        }
        self.link = Link::Down { retry_at: Some(Instant::now() + self.backoff.next()) };
        self.tx.clear();
    }
}

/// An interface that goes down wakes a reader with an error and nothing to read.
fn woken_by() -> Interest {
    Interest::READABLE | Interest::ERROR
}

fn open(interface: &str, filter: &Filter) -> io::Result<AsyncFd<CanSocket>> {
    if is_down(interface) {
        return Err(io::Error::from_raw_os_error(libc::ENETDOWN));
    }
    let socket = CanSocket::open(interface)?;
    socket.set_nonblocking(true)?;
    socket.set_error_filter(class::WANTED)?;
    if let Filter::Only(ids) = filter {
        let filters: Vec<CanFilter> = ids.iter().copied().map(kernel_filter).collect();
        socket.set_filters(&filters)?;
    }
    register(socket)
}

#[allow(unsafe_code)] // tokio offers no other way to hear of errors on a socket with no data
fn register(socket: CanSocket) -> io::Result<AsyncFd<CanSocket>> {
    // SAFETY: the socket owns its descriptor, keeps it open and never exchanges it.
    Ok(unsafe { AsyncFd::register_with_interest(socket, woken_by()) }?)
}

/// The kernel lets a socket be bound to an interface that is down; its flags tell.
fn is_down(interface: &str) -> bool {
    let flags = std::fs::read_to_string(format!("/sys/class/net/{interface}/flags"));
    let flags = flags
        .ok()
        .and_then(|text| u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok());
    flags.is_some_and(|flags| flags & 1 == 0)
}

fn kernel_filter(id: Id) -> CanFilter {
    match id {
        Id::Standard(id) => CanFilter::new(id.into(), libc::CAN_SFF_MASK | EFF_FLAG | RTR_FLAG),
        Id::Extended(id) => CanFilter::new(id | EFF_FLAG, libc::CAN_EFF_MASK | EFF_FLAG | RTR_FLAG),
    }
}

fn is_full(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error() == Some(libc::ENOBUFS)
}

fn from_kernel(frame: &socketcan::CanDataFrame) -> Option<Frame> {
    if frame.is_extended() {
        Frame::extended(frame.raw_id(), frame.data()).ok()
    } else {
        Frame::standard(u16::try_from(frame.raw_id()).ok()?, frame.data()).ok()
    }
}

fn to_kernel(frame: &Frame) -> CanFrame {
    let id: socketcan::Id = match frame.id() {
        Id::Standard(id) => {
            socketcan::StandardId::new(id).unwrap_or(socketcan::StandardId::MAX).into()
        }
        Id::Extended(id) => {
            socketcan::ExtendedId::new(id).unwrap_or(socketcan::ExtendedId::MAX).into()
        }
    };
    // Both cannot fail: a `Frame` that exists is in range.
    CanFrame::new(id, frame.data()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocabulary::time::Monotonic;

    #[test]
    fn frames_survive_the_way_to_the_kernel_and_back() {
        for frame in [
            Frame::standard(0x7FF, &[1, 2, 3]).unwrap(),
            Frame::standard(0, &[]).unwrap(),
            Frame::extended(0x1FFF_FFFF, &[0; 8]).unwrap(),
        ] {
            let CanFrame::Data(raw) = to_kernel(&frame) else { panic!("not a data frame") };
            assert_eq!(from_kernel(&raw), Some(frame));
        }
    }

    #[tokio::test]
    async fn missing_interface_is_reported_once_with_what_to_do() {
        let options = BusOptions {
            filter: Filter::All,
            setpoint_age: Duration::from_millis(4),
            clock: || Monotonic(0),
        };
        let mut bus = SocketCanBus::new("nocan9", options).unwrap();
        let BusInput::Event(BusEvent::InterfaceDown(text)) = bus.recv().await else {
            panic!("expected an event")
        };
        assert!(text.contains("nocan9") && text.contains("ip link set"), "{text}");
        let again = tokio::time::timeout(Duration::from_millis(200), bus.recv()).await;
        assert!(again.is_err(), "{again:?}");
    }
}
