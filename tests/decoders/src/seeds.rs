//! Valid inputs.

use can_bus::canopen::od::Address;
use can_bus::canopen::sdo::Request;
use recording::journal::Memory;
use recording::{Entry, Message, Segment, Topic, encode, schema};
use vocabulary::command::{JointFeedback, JointTelemetry, Lease};
use vocabulary::config::ArmConfig;
use vocabulary::joint::JointOrder;

/// The joints of the reference arm.
pub(crate) fn order() -> JointOrder {
    ArmConfig::default().joint_order().expect("the default arm has joints")
}

/// Frames of every service with two bytes of identifier in front, and SDO bodies.
pub(crate) fn frames() -> Vec<Vec<u8>> {
    let services: [(u16, &[u8]); 6] = [
        (0x000, &[1, 3]),
        (0x080, &[]),
        (0x083, &[0x10, 0x43, 0x09, 0, 0, 0, 0, 0]),
        (0x183, &[0x37, 0x12, 1, 2, 3, 4, 5, 6]),
        (0x583, &[0x43, 0x41, 0x60, 0, 1, 2, 3, 4]),
        (0x703, &[5]),
    ];
    let framed = services.iter().map(|(id, data)| [&id.to_le_bytes(), *data].concat());
    let upload = Request::Upload { address: Address::new(0x6041, 0) }.encode();
    framed.chain([upload.to_vec()]).collect()
}

/// A talk with the bus server, in both directions.
pub(crate) fn socketcand() -> Vec<Vec<u8>> {
    let talks = [
        "< hi >< open vcan0 >< rawmode >< echo >< ok >",
        "< send 183 3 01 02 03 >< frame 183 23.424242 01 02 03 >",
        "< frame 12345678 0.000001 DEADBEEF >< error 004 12.000007 >",
        "< filter 080 7FF 583 7FF >< error no such bus >",
    ];
    talks.iter().map(|talk| talk.as_bytes().to_vec()).collect()
}

/// Messages of ours as they are recorded.
pub(crate) fn messages() -> Vec<Vec<u8>> {
    let order = order();
    vec![
        encode(&JointFeedback::default(), &order),
        encode(&JointTelemetry::default(), &order),
        encode(&Lease::default(), &order),
    ]
}

/// Small files as the recorder writes them: open, and closed with an index.
pub(crate) fn recordings() -> Vec<Vec<u8>> {
    let memory = Memory::default();
    let mut segment = Segment::create(memory.clone(), 0).expect("memory takes everything");
    for joint in ["a", "b"] {
        let text = schema::assemble(JointFeedback::NAME, &schema::built_in).expect("built in");
        let (name, kind) = (format!("/joints/{joint}/feedback"), JointFeedback::NAME.to_owned());
        let topic = Topic { name, kind, schema: text, ..Topic::default() };
        let channel = segment.channel(&topic).expect("memory takes everything");
        let data = encode(&JointFeedback::default(), &order());
        for time in 1..5 {
            let entry =
                Entry { channel, sequence: 0, log_time: time, publish_time: time, data: &data };
            segment.write(&entry).expect("memory takes everything");
        }
    }
    segment.commit(true).expect("memory takes everything");
    let open = memory.bytes();
    segment.close("seed.mcap").expect("memory takes everything");
    vec![open, memory.bytes()]
}

/// The recorder's parameters as they are shipped.
pub(crate) fn parameters() -> Vec<Vec<u8>> {
    vec![include_bytes!("../../../config/recorder.yaml").to_vec()]
}

/// The arm as it is shipped.
pub(crate) fn urdf() -> Vec<Vec<u8>> {
    vec![include_bytes!("../../../config/description/armature.urdf").to_vec()]
}

/// A tetrahedron as text and in binary form, and a file of spheres.
pub(crate) fn meshes() -> Vec<Vec<u8>> {
    const CORNERS: [[f32; 3]; 4] = [[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    const FACES: [[usize; 3]; 4] = [[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]];
    let corner = |index: usize| CORNERS.get(index).copied().unwrap_or_default();
    let (mut text, mut binary) = (String::from("solid t\n"), vec![b' '; 80]);
    binary.extend((FACES.len() as u32).to_le_bytes());
    for face in FACES {
        text.push_str("facet normal 0 0 1\nouter loop\n");
        binary.extend([0; 12]);
        for [x, y, z] in face.map(corner) {
            text.push_str(&format!("vertex {x} {y} {z}\n"));
            binary.extend([x, y, z].iter().flat_map(|value| value.to_le_bytes()));
        }
        text.push_str("endloop\nendfacet\n");
        binary.extend([0; 2]);
    }
    text.push_str("endsolid t\n");
    let spheres = br#"{"link_1": [{"center": [0.0, 0.1, -0.2], "radius": 0.05}]}"#;
    vec![text.into_bytes(), binary, spheres.to_vec()]
}
