//! What is wrong with a joint, and whether it may move.
//!
//! The one rule: motion needs a permit younger than the last fault. A fault that is gone stays
//! latched until then; a permit given while a fault is present does not count.

use vocabulary::command::fault;

/// Every fault bit with what it means, for people.
const TEXTS: [(u32, &str); 11] = [
    (fault::DRIVE, "the drive reports a fault"),
    (fault::FEEDBACK_SILENT, "no feedback from the drive"),
    (fault::HEARTBEAT_LOST, "the drive's heartbeat is missing"),
    (fault::UNEXPECTED_BOOT, "the drive restarted by itself"),
    (fault::BUS, "the bus is down"),
    (fault::COMMAND_EXPIRED, "the commands stopped while the joint moved"),
    (fault::NOT_FOLLOWING, "the drive ignores its setpoints"),
    (fault::CONFIGURATION, "the drive does not accept its configuration"),
    (fault::DUPLICATE_NODE, "another device answers with this node id"),
    (fault::TEMPERATURE, "the drive reports over-temperature"),
    (fault::LIMIT, "the joint was about to leave its limits under torque control"),
];

/// A hot drive is a matter for the thermal policy until the drive itself gives up.
const HARMLESS: u32 = fault::TEMPERATURE;

/// What a set of fault bits means.
#[must_use]
pub fn describe(bits: u32) -> String {
    let texts: Vec<_> =
        TEXTS.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, text)| *text).collect();
    texts.join("; ")
}

/// Faults and permit of one joint.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    present: u32,
    latched: u32,
    permit: u64,
    blocked_at: Option<u64>,
}

impl Faults {
    /// A fault that lasts until [`Faults::clear`]; true when it is new.
    pub fn raise(&mut self, bit: u32) -> bool {
        let new = self.present & bit == 0;
        self.present |= bit;
        self.latch(bit);
        new
    }

    /// A fault that is past as soon as it happened; true when it was not latched before.
    pub fn latch(&mut self, bit: u32) -> bool {
        let new = self.latched & bit == 0;
        if bit & !HARMLESS != 0 {
            self.latched |= bit;
            self.blocked_at = Some(self.permit);
        }
        new
    }

    /// The cause is gone; true when it was there.
    pub fn clear(&mut self, bit: u32) -> bool {
        let was = self.present & bit != 0;
        self.present &= !bit;
        was
    }

    /// Takes the supervisor's permit; true when it releases a latched fault.
    pub fn permit(&mut self, permit: u64) -> bool {
        let fell = permit < self.permit;
        self.permit = permit;
        if fell || self.blocked_at.is_none() || self.is_present() {
            self.blocked_at = Some(permit);
        }
        let release = self.may_move() && self.latched != 0;
        if release {
            self.latched = 0;
        }
        release
    }

    /// Whether a fault that stops the joint is present now.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.present & !HARMLESS != 0
    }

    /// Whether the permit is younger than the last fault, and nothing is wrong now.
    #[must_use]
    pub fn may_move(&self) -> bool {
        !self.is_present() && self.blocked_at.is_some_and(|blocked| self.permit > blocked)
    }

    /// Present faults.
    #[must_use]
    pub fn present(&self) -> u32 {
        self.present
    }

    /// Present and latched faults, as published.
    #[must_use]
    pub fn bits(&self) -> u32 {
        self.present | self.latched
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_new_process_waits_for_the_next_permit() {
        let mut faults = Faults::default();
        assert!(!faults.may_move());
        faults.permit(5);
        faults.permit(5);
        assert!(!faults.may_move());
        faults.permit(6);
        assert!(faults.may_move());
    }

    #[test]
    fn a_permit_given_during_a_fault_does_not_count() {
        let mut faults = Faults::default();
        faults.permit(5);
        faults.raise(fault::BUS);
        assert!(!faults.permit(6));
        faults.clear(fault::BUS);
        assert!(!faults.may_move());
        assert_eq!(faults.bits(), fault::BUS);
        assert!(faults.permit(7));
        assert!(faults.may_move());
        assert_eq!(faults.bits(), 0);
    }

    #[test]
    fn a_hot_drive_does_not_stop_the_joint() {
        let mut faults = Faults::default();
        faults.permit(0);
        faults.permit(1);
        assert!(faults.raise(fault::TEMPERATURE));
        assert!(faults.may_move());
        assert_eq!(faults.bits(), fault::TEMPERATURE);
    }

    #[test]
    fn a_permit_that_fell_is_no_yes() {
        let mut faults = Faults::default();
        faults.permit(5);
        faults.permit(9);
        faults.permit(2);
        assert!(!faults.may_move());
    }

    #[test]
    fn every_bit_has_a_text() {
        assert!((0..11).all(|n| !describe(1 << n).is_empty()));
        assert_eq!(describe(0), "");
    }

    proptest! {
        #[test]
        fn after_a_fault_only_a_greater_permit_lets_move(steps in prop::collection::vec((0_u8..4, 0_u64..6), 1..40)) {
            let mut faults = Faults::default();
            let (mut permit, mut at_fault) = (0, None);
            for (what, value) in steps {
                match what {
                    0 => { faults.raise(fault::BUS); at_fault = Some(permit); }
                    1 => { faults.clear(fault::BUS); }
                    2 => { faults.latch(fault::COMMAND_EXPIRED); at_fault = Some(permit); }
                    _ => { permit = permit.max(value); faults.permit(permit); }
                }
                if faults.may_move() {
                    prop_assert!(at_fault.is_none_or(|old| permit > old));
                }
            }
        }
    }
}
