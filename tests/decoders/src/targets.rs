//! One function per decoder.

use arm_model::ArmModel;
use can_bus::bus::from_error_frame;
use can_bus::canopen::cob;
use can_bus::canopen::emcy::Emcy;
use can_bus::canopen::nmt::{Heartbeat, NmtCommand};
use can_bus::canopen::sdo::{Reply, Request};
use can_bus::frame::Frame;
use can_bus::socketcand::{Message, Splitter};
use collision::{Mesh, Robot};
use recording::Reader;
use recording::messages;
use std::collections::BTreeMap;
use vocabulary::command::{JointFeedback, JointTelemetry, Lease};
use vocabulary::joint::JointOrder;
use vocabulary::plan::ControlState;
use vocabulary::thermal::ThermalState;

/// Two bytes of identifier, then data.
pub(crate) fn can_frame(bytes: &[u8]) {
    let Some((id, data)) = bytes.split_first_chunk::<2>() else { return };
    let Ok(frame) = Frame::standard(u16::from_le_bytes(*id), data) else { return };
    let _ = cob::Service::of(u16::from_le_bytes(*id));
    let _ = from_error_frame(u32::from(u16::from_le_bytes(*id)), data);
    if let Some((node, emcy)) = Emcy::decode(&frame) {
        assert_eq!(emcy.frame(node), frame);
    }
    if let Some((command, node)) = NmtCommand::decode(&frame) {
        assert_eq!(command.frame(node), frame);
    }
    if let Some((node, beat)) = Heartbeat::decode(&frame) {
        assert_eq!(Heartbeat::decode(&beat.frame(node)), Some((node, beat)));
    }
}

/// What clients and servers of object dictionaries say.
pub(crate) fn sdo(bytes: &[u8]) {
    if let Some(request) = Request::decode(bytes) {
        assert_eq!(Request::decode(&request.encode()), Some(request));
    }
    if let Some(reply) = Reply::decode(bytes) {
        assert_eq!(Reply::decode(&reply.encode()), Some(reply));
    }
}

/// A TCP stream from a bus server; its pieces arrive as they like.
pub(crate) fn socketcand(bytes: &[u8]) {
    let mut splitter = Splitter::default();
    for piece in bytes.chunks(7) {
        splitter.push(piece);
        while let Some(text) = splitter.next_message() {
            let Ok(message) = Message::decode(text) else { continue };
            let mut said = Vec::new();
            message.encode(&mut said);
            let inner = said.strip_prefix(b"<").and_then(|s| s.strip_suffix(b">"));
            let again = Message::decode(inner.expect("brackets").trim_ascii());
            assert_eq!(again.as_ref(), Ok(&message), "{}", String::from_utf8_lossy(&said));
        }
    }
}

/// Our own messages as they stand in recordings.
pub(crate) fn message(bytes: &[u8]) {
    fn check<M: messages::Message>(bytes: &[u8], order: &JointOrder) {
        let Ok(message) = recording::decode::<M>(bytes, order) else { return };
        let said = recording::encode(&message, order);
        let again = recording::decode::<M>(&said, order).map(|m| recording::encode(&m, order));
        assert_eq!(again.expect("what we write we read"), said);
    }
    let order = crate::seeds::order();
    check::<JointFeedback>(bytes, &order);
    check::<JointTelemetry>(bytes, &order);
    check::<Lease>(bytes, &order);
    check::<ControlState>(bytes, &order);
    check::<ThermalState>(bytes, &order);
}

/// An MCAP file of any origin.
pub(crate) fn recording(bytes: &[u8]) {
    let read = |bytes: &[u8]| {
        let mut reader = Reader::of_bytes(bytes);
        let messages = reader.by_ref().fold(0_usize, |n, message| n + 1 + message.data.len());
        (messages, reader.into_damage().map(|damage| damage.to_string()))
    };
    assert_eq!(read(bytes), read(bytes));
}

/// A parameter file of the recorder, with its rules.
pub(crate) fn parameters(bytes: &[u8]) {
    type File = BTreeMap<String, BTreeMap<String, recorder::Config>>;
    let Ok(file) = serde_norway::from_slice::<File>(bytes) else { return };
    for config in file.into_values().flat_map(BTreeMap::into_values) {
        let _ = config.validate();
    }
}

/// A description of a robot.
pub(crate) fn urdf(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(model) = ArmModel::<6>::from_urdf(text, "base_link", "tool0") else { return };
    let pose = model.forward_kinematics(&nalgebra::SVector::zeros());
    assert!(pose.to_homogeneous().iter().all(|x| x.is_finite()), "{pose}");
}

/// A mesh, and a file of spheres.
pub(crate) fn mesh(bytes: &[u8]) {
    let _ = Mesh::from_stl_bytes("link", bytes, [1.0; 3]);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Robot::read_spheres(text);
    }
}
