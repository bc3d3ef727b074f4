//! Whatever stands on the bus, no codec panics, and what one encodes it decodes again.

use can_bus::bus::from_error_frame;
use can_bus::canopen::emcy::{Emcy, ErrorRegister};
use can_bus::canopen::nmt::{Heartbeat, NmtCommand};
use can_bus::canopen::{NodeId, cob};
use can_bus::cia402::{Controlword, Goal, Statusword, Target, error_code, plan};
use can_bus::frame::Frame;
use proptest::prelude::*;

proptest! {
    #[test]
    fn arbitrary_frames_never_panic_and_what_is_understood_is_said_the_same(
        id in 0_u16..0x800, data in prop::collection::vec(any::<u8>(), 0..=8),
    ) {
        let frame = Frame::standard(id, &data).unwrap();
        let _ = cob::Service::of(id);
        if let Some((node, emcy)) = Emcy::decode(&frame) {
            prop_assert_eq!(emcy.frame(node), frame);
        }
        if let Some((command, node)) = NmtCommand::decode(&frame) {
            prop_assert_eq!(command.frame(node), frame);
        }
        if let Some((node, beat)) = Heartbeat::decode(&frame) {
            prop_assert_eq!(Heartbeat::decode(&beat.frame(node)), Some((node, beat)));
        }
    }

    #[test]
    fn emergencies_survive_a_round_trip(id in 1_u8..=127, code: u16, register: u8, vendor: [u8; 5]) {
        let node = NodeId::new(id).unwrap();
        let emcy = Emcy { code, register: ErrorRegister(register), vendor };
        prop_assert_eq!(Emcy::decode(&emcy.frame(node)), Some((node, emcy)));
        prop_assert!(!error_code::text(code).is_empty());
    }

    #[test]
    fn arbitrary_words_and_error_frames_never_panic(
        status: u16, last: u16, class: u32, data in prop::collection::vec(any::<u8>(), 0..=8),
    ) {
        let goal = Goal { reset_fault: true, ..Goal::to(Target::OperationEnabled) };
        let _ = plan(Statusword(status), Controlword(last), goal);
        let _ = from_error_frame(class, &data);
    }
}
