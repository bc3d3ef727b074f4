//! What a bus delivers: frames, and what happens to the bus itself.
//!
//! Terms: *TEC*, *REC* are the controller's transmit and receive error counters; 96 warning,
//! 128 passive, above 255 bus-off.

use vocabulary::time::Monotonic;

use crate::frame::Frame;

/// Error counters of the controller, when the transport knows them.
pub type Counters = Option<ErrorCounters>;

/// Error counters of the controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCounters {
    /// Transmit error counter.
    pub tec: u8,
    /// Receive error counter.
    pub rec: u8,
}

/// Something happened to the bus or to the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusEvent {
    /// Errors pile up (counter at 96).
    ErrorWarning(Counters),
    /// The controller may no longer signal errors (counter at 128).
    ErrorPassive(Counters),
    /// Back to normal after warning or passive.
    ErrorActive,
    /// The controller left the bus. Stop sending setpoints; no drive hears them.
    BusOff,
    /// The controller is back after bus-off. Check every drive before moving.
    Restarted,
    /// Nobody acknowledged: alone on the wire, or the drives have no power.
    NoAck,
    /// The driver gave up on a transmission.
    TxTimeout,
    /// The transmit queue is full (ENOBUFS); old setpoints were replaced by newer ones.
    TxOverflow,
    /// The controller lost received frames.
    RxOverflow,
    /// The interface is down or gone; it is opened again by itself.
    InterfaceDown(String),
    /// The connection to the bus server is gone; it is made again by itself.
    Disconnected(String),
    /// The bus can be used (again). Drives may have restarted meanwhile.
    Connected,
}

impl BusEvent {
    /// Whether nothing can be sent or heard from here on.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        matches!(self, Self::BusOff | Self::InterfaceDown(_) | Self::Disconnected(_))
    }
}

/// One thing received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusInput {
    /// A data frame of somebody else.
    Frame {
        /// The frame.
        frame: Frame,
        /// When it arrived, on the host's steady clock.
        received_at: Monotonic,
    },
    /// Something happened to the bus.
    Event(BusEvent),
}

/// Error classes of the Linux kernel (linux/can/error.h).
pub mod class {
    /// Transmission timed out.
    pub const TX_TIMEOUT: u32 = 0x001;
    /// Controller state, details in data byte 1.
    pub const CONTROLLER: u32 = 0x004;
    /// No acknowledge.
    pub const NO_ACK: u32 = 0x020;
    /// Bus-off.
    pub const BUS_OFF: u32 = 0x040;
    /// Restarted after bus-off.
    pub const RESTARTED: u32 = 0x100;
    /// The classes we ask for. Bus errors (0x80) would flood, and counters (0x200) would let bus
    /// errors through, because the filter passes a frame when any of its class bits is set.
    pub const WANTED: u32 = TX_TIMEOUT | CONTROLLER | NO_ACK | BUS_OFF | RESTARTED;
}

/// Decodes an error frame: class bits, and its data bytes where the transport carries them.
#[must_use]
pub fn from_error_frame(class: u32, data: &[u8]) -> Vec<BusEvent> {
    let mut events = Vec::new();
    let mut put = |bit: u32, event: BusEvent| {
        if class & bit != 0 {
            events.push(event);
        }
    };
    put(class::TX_TIMEOUT, BusEvent::TxTimeout);
    put(class::NO_ACK, BusEvent::NoAck);
    put(class::BUS_OFF, BusEvent::BusOff);
    put(class::RESTARTED, BusEvent::Restarted);
    if class & class::CONTROLLER != 0 {
        events.extend(controller_events(data));
    }
    events
}

fn controller_events(data: &[u8]) -> Vec<BusEvent> {
    let counters = match data {
        &[_, _, _, _, _, _, tec, rec] => Some(ErrorCounters { tec, rec }),
        _ => None,
    };
    // Without the detail byte a change for the worse is all that is known.
    let Some(&detail) = data.get(1) else { return vec![BusEvent::ErrorWarning(None)] };
    [
        (0x01, BusEvent::RxOverflow),
        (0x02, BusEvent::TxOverflow),
        (0x0C, BusEvent::ErrorWarning(counters)),
        (0x30, BusEvent::ErrorPassive(counters)),
        (0x40, BusEvent::ErrorActive),
    ]
    .into_iter()
    .filter(|(mask, _)| detail & mask != 0)
    .map(|(_, event)| event)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_error_frames_are_read_as_events() {
        let passive = from_error_frame(0x204, &[0, 0x20, 0, 0, 0, 0, 130, 7]);
        assert_eq!(passive, [BusEvent::ErrorPassive(Some(ErrorCounters { tec: 130, rec: 7 }))]);
        assert_eq!(from_error_frame(0x40, &[]), [BusEvent::BusOff]);
        assert_eq!(from_error_frame(0x100, &[0; 8]), [BusEvent::Restarted]);
        assert_eq!(from_error_frame(0x20, &[0; 8]), [BusEvent::NoAck]);
        assert_eq!(from_error_frame(0x204, &[0, 1, 0, 0, 0, 0, 0, 0]), [BusEvent::RxOverflow]);
    }

    #[test]
    fn class_without_details_is_a_warning() {
        assert_eq!(from_error_frame(0x004, &[]), [BusEvent::ErrorWarning(None)]);
    }
}
