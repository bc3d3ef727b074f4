use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use vocabulary::time::Monotonic;

use super::*;
use crate::canopen::od::Address;
use crate::canopen::{NodeId, cob};
use crate::frame::Frame;

const TIMEOUT: Duration = Duration::from_millis(100);
const AT: Address = Address::new(0x2000, 3);

#[derive(Default)]
struct Memory(HashMap<Address, Vec<u8>>);

impl ObjectDictionary for Memory {
    fn read(&mut self, address: Address) -> Result<Vec<u8>, AbortCode> {
        self.0.get(&address).cloned().ok_or(AbortCode::NoObject)
    }

    fn write(&mut self, address: Address, data: &[u8]) -> Result<(), AbortCode> {
        if address.index == 0x1000 {
            return Err(AbortCode::ReadOnly);
        }
        self.0.insert(address, data.to_vec());
        Ok(())
    }
}

fn node() -> NodeId {
    NodeId::new(1).unwrap()
}

fn client() -> SdoClient {
    SdoClient::new(node(), TIMEOUT)
}

fn reply(bytes: [u8; 8]) -> Frame {
    Frame::standard(cob::sdo_reply(node()), &bytes).unwrap()
}

fn run(operation: &Operation, od: &mut Memory) -> Result<Vec<u8>, SdoError> {
    let (mut client, mut server) = (client(), SdoServer::new(node()));
    let mut frame = client.start(operation, Monotonic(0))?;
    for _ in 0..2 * MAX_OBJECT {
        let answer = server.on_frame(&frame, od).expect("the server answers");
        let progress = client.on_frame(&answer, Monotonic(0));
        if let Some(done) = progress.done {
            return done;
        }
        frame = progress.send.expect("the client goes on");
    }
    panic!("transfer does not end")
}

#[test]
fn expedited_layout_is_the_one_of_the_standard() {
    let mut client = client();
    let frame = client.start(&Operation::Download(AT, vec![1, 2]), Monotonic(0)).unwrap();
    assert_eq!(frame.data(), [0x2B, 0x00, 0x20, 3, 1, 2, 0, 0]);
    let done = client.on_frame(&reply([0x60, 0, 0x20, 3, 0, 0, 0, 0]), Monotonic(0)).done;
    assert_eq!(done, Some(Ok(vec![])));
    assert!(!client.is_busy());
}

#[test]
fn reply_of_another_object_changes_nothing() {
    let mut client = client();
    client.start(&Operation::Upload(AT), Monotonic(0)).unwrap();
    let late = client.on_frame(&reply([0x4B, 0x01, 0x20, 3, 9, 9, 0, 0]), Monotonic(0));
    assert_eq!((late, client.stray_replies()), (Progress::default(), 1));
    let done = client.on_frame(&reply([0x4B, 0x00, 0x20, 3, 7, 0, 0, 0]), Monotonic(0)).done;
    assert_eq!(done, Some(Ok(vec![7, 0])));
}

#[test]
fn silence_ends_in_a_timeout_and_an_abort_to_the_drive() {
    let mut client = client();
    client.start(&Operation::Upload(AT), Monotonic(0)).unwrap();
    assert_eq!(client.poll(Monotonic(99_999_999)), Progress::default());
    let progress = client.poll(Monotonic(100_000_000));
    assert_eq!(progress.send.unwrap().data(), [0x80, 0, 0x20, 3, 0, 0, 4, 5]);
    assert!(matches!(progress.done, Some(Err(SdoError::Timeout { .. }))));
    assert!(!client.is_busy());
}

#[test]
fn second_transfer_is_refused_while_one_is_open() {
    let mut client = client();
    client.start(&Operation::Upload(AT), Monotonic(0)).unwrap();
    let again = client.start(&Operation::Upload(AT), Monotonic(0));
    assert_eq!(again, Err(SdoError::Busy { node: node() }));
}

#[test]
fn wrong_toggle_aborts_on_both_sides() {
    let mut client = client();
    client.start(&Operation::Upload(AT), Monotonic(0)).unwrap();
    client.on_frame(&reply([0x41, 0, 0x20, 3, 14, 0, 0, 0]), Monotonic(0));
    let progress = client.on_frame(&reply([0x10, 1, 2, 3, 4, 5, 6, 7]), Monotonic(0));
    assert!(matches!(
        progress.done,
        Some(Err(SdoError::Protocol { code: AbortCode::ToggleBit, .. }))
    ));

    let (mut server, mut od) = (SdoServer::new(node()), Memory::default());
    let mut ask = |bytes: [u8; 8]| {
        let frame = Frame::standard(cob::sdo_request(node()), &bytes).unwrap();
        server.on_frame(&frame, &mut od).map(|f| f.data()[0])
    };
    assert_eq!(ask([0x21, 0, 0x20, 3, 8, 0, 0, 0]), Some(0x60));
    assert_eq!(ask([0x10, 1, 2, 3, 4, 5, 6, 7]), Some(0x80));
}

#[test]
fn refusals_name_object_and_reason() {
    let mut od = Memory::default();
    let refused = run(&Operation::Download(Address::new(0x1000, 0), vec![1]), &mut od);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "node 1, object 0x1000:0: object is read-only (abort 0x06010002)"
    );
    assert!(run(&Operation::Upload(AT), &mut od).is_err());
    assert!(matches!(
        run(&Operation::Download(AT, vec![]), &mut od),
        Err(SdoError::Length { len: 0, .. })
    ));
}

#[test]
fn block_transfer_is_answered_with_unknown_command() {
    let (mut server, mut od) = (SdoServer::new(node()), Memory::default());
    let request = Frame::standard(0x601, &[0xC2, 0, 0x20, 0, 0, 0, 0, 0]).unwrap();
    let answer = server.on_frame(&request, &mut od).unwrap();
    assert_eq!(answer.data(), [0x80, 0, 0, 0, 0x01, 0, 0x04, 0x05]);
}

proptest! {
    #[test]
    fn any_length_is_written_and_read_back(data in prop::collection::vec(any::<u8>(), 1..300)) {
        let mut od = Memory::default();
        prop_assert_eq!(run(&Operation::Download(AT, data.clone()), &mut od), Ok(vec![]));
        prop_assert_eq!(run(&Operation::Upload(AT), &mut od), Ok(data));
    }

    #[test]
    fn decoded_messages_encode_to_the_same_message(bytes: [u8; 8]) {
        if let Some(request) = Request::decode(&bytes) {
            prop_assert_eq!(Request::decode(&request.encode()), Some(request));
        }
        if let Some(reply) = Reply::decode(&bytes) {
            prop_assert_eq!(Reply::decode(&reply.encode()), Some(reply));
        }
    }

    #[test]
    fn arbitrary_traffic_never_panics(
        traffic in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..=8), 1..60),
    ) {
        let (mut client, mut server, mut od) =
            (client(), SdoServer::new(node()), Memory::default());
        for (i, data) in traffic.iter().enumerate() {
            let _ = client.start(&Operation::Upload(AT), Monotonic(0));
            client.on_frame(&Frame::standard(0x581, data).unwrap(), Monotonic(i as u64));
            server.on_frame(&Frame::standard(0x601, data).unwrap(), &mut od);
        }
    }
}
