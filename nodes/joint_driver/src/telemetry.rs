//! Slow values and counters of one joint.
//!
//! The one rule: what was never heard is NaN, not zero.

use crate::setup::{Slow, SlowEntry};
use vocabulary::command::JointTelemetry;
use vocabulary::time::Stamp;

/// What is known of a joint besides its motion.
#[derive(Debug, Clone)]
pub struct Telemetry {
    values: [f64; 5],
    /// Frames received.
    pub received: u64,
    /// Frames sent.
    pub sent: u64,
    /// Setpoints dropped.
    pub dropped: u64,
    /// Malformed, implausible or unexpected frames, and bus errors.
    pub errors: u64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { values: [f64::NAN; 5], received: 0, sent: 0, dropped: 0, errors: 0 }
    }
}

/// The most negative number stands for a sensor that gives no value.
const NO_VALUE: i64 = i16::MIN as i64;

const fn place(value: Slow) -> usize {
    match value {
        Slow::Winding => 0,
        Slow::Housing => 1,
        Slow::Stage => 2,
        Slow::Current => 3,
        Slow::Voltage => 4,
    }
}

impl Telemetry {
    /// Takes the values of one PDO.
    pub fn take(&mut self, entries: &[SlowEntry], values: &[i64]) {
        for entry in entries {
            let slot = self.values.get_mut(place(entry.value));
            if let (Some(slot), Some(counts)) = (slot, values.get(entry.place)) {
                *slot = if *counts == NO_VALUE { f64::NAN } else { *counts as f64 * entry.scale };
            }
        }
    }

    /// The message, without joint and refusals.
    #[must_use]
    pub fn message(&self, stamp: Stamp) -> JointTelemetry {
        let [winding, housing, stage, current, voltage] = self.values;
        JointTelemetry {
            stamp,
            winding_temperature: winding,
            housing_temperature: housing,
            drive_temperature: stage,
            current,
            voltage,
            bus_received: self.received,
            bus_sent: self.sent,
            bus_dropped: self.dropped,
            bus_errors: self.errors,
            ..JointTelemetry::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_was_never_heard_is_nan() {
        let mut telemetry = Telemetry::default();
        let entry = SlowEntry { value: Slow::Winding, place: 2, scale: 0.1 };
        telemetry.take(&[entry], &[0, 8, 412]);
        let message = telemetry.message(Stamp(7));
        assert!((message.winding_temperature - 41.2).abs() < 1e-9);
        assert!(message.housing_temperature.is_nan() && message.voltage.is_nan());
        telemetry.take(&[entry], &[0, 8, i16::MIN.into()]);
        assert!(telemetry.message(Stamp(8)).winding_temperature.is_nan());
    }
}
