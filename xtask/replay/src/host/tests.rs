use super::*;
use crate::keep::{File, Lines};
use crate::nodes::{Setup, Which, create};
use proptest::prelude::*;
use recording::journal::Memory;
use recording::{Entry, Message, Reader, Segment, Topic, encode, schema};
use std::sync::LazyLock;
use vocabulary::command::{JointFeedback, JointTelemetry};
use vocabulary::health::Heartbeat;

const ALL: [Which; 3] = [Which::Thermal, Which::JointState, Which::Recorder];

/// Writes a recording message by message.
struct Tape {
    segment: Segment<Memory>,
    memory: Memory,
    setup: Setup,
}

impl Tape {
    fn new() -> Self {
        let memory = Memory::default();
        let segment = Segment::create(memory.clone(), 0).unwrap();
        Self { segment, memory, setup: Setup::reference().unwrap() }
    }

    fn write<M: Message>(&mut self, topic: &str, at: f64, message: &M) {
        let schema = schema::assemble(M::NAME, &schema::built_in).unwrap();
        let (name, kind) = (topic.to_owned(), M::NAME.to_owned());
        let topic = Topic { name, kind, schema, ..Topic::default() };
        let channel = self.segment.channel(&topic).unwrap();
        let log_time = 1_000_000_000_000 + (at * 1e9) as u64;
        let data = encode(message, &self.setup.order);
        let entry = Entry { channel, sequence: 0, log_time, publish_time: log_time, data: &data };
        self.segment.write(&entry).unwrap();
    }

    fn finish(self) -> Vec<u8> {
        self.segment.close("test.mcap").unwrap();
        self.memory.bytes()
    }
}

fn stamp(at: f64) -> Stamp {
    Stamp(1_000_000_000_000).shifted(at)
}

/// A few seconds of an arm whose last joint gets warm and one of whose nodes dies.
fn recording(seconds: f64, warmer: f64) -> Vec<u8> {
    let mut tape = Tape::new();
    for tick in 0..(seconds * 100.0) as u64 {
        let at = tick as f64 * 0.01;
        for joint in 0..6 {
            let stamp = stamp(at);
            let topic = format!("/joints/joint_{}/feedback", joint + 1);
            let (sequence, position) = (tick, (at + joint as f64).sin());
            let feedback = JointFeedback {
                stamp,
                joint,
                sequence,
                position,
                boot_id: 5,
                ..Default::default()
            };
            tape.write(&topic, at, &feedback);
            if tick % 10 == joint as u64 {
                let heat = if joint == 5 { warmer } else { 0.0 };
                let telemetry = JointTelemetry {
                    stamp,
                    joint,
                    boot_id: 5,
                    winding_temperature: 40.0 + heat * at,
                    housing_temperature: 35.0,
                    drive_temperature: 30.0,
                    current: 1.0 + heat,
                    voltage: 48.0,
                    ..Default::default()
                };
                tape.write(&format!("/joints/joint_{}/telemetry", joint + 1), at, &telemetry);
            }
        }
        if tick % 5 == 0 && at < 2.0 {
            let node = "motion".to_owned();
            let beat = Heartbeat { stamp: stamp(at), node, boot_id: 9, ..Default::default() };
            tape.write("/heartbeat", at, &beat);
        }
    }
    tape.finish()
}

static RECORDING: LazyLock<Vec<u8>> = LazyLock::new(|| recording(5.0, 2.0));

/// The outputs as lines and as a recording.
fn run(which: Which, bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>, Summary)> {
    let setup = Setup::reference()?;
    let mut lines = Lines(Vec::new());
    let mut node = create(which, &setup, None)?;
    let summary = replay(node.as_mut(), Reader::of_bytes(bytes), &mut lines)?;
    let memory = Memory::default();
    let mut file = File::create(memory.clone(), Vec::new())?;
    let mut node = create(which, &setup, None)?;
    replay(node.as_mut(), Reader::of_bytes(bytes), &mut file)?;
    file.close("out.mcap")?;
    let file = memory.bytes();
    Ok((lines.0, file, summary))
}

/// Would catch: a library that reads a clock, draws a number or depends on the order in memory.
#[test]
fn the_same_recording_gives_the_same_outputs_byte_for_byte() {
    for which in ALL {
        let (lines, file, summary) = run(which, &RECORDING).unwrap();
        assert_eq!(
            (&lines, &file),
            (&run(which, &RECORDING).unwrap().0, &run(which, &RECORDING).unwrap().1)
        );
        assert!(lines.len() > 300 && summary.refused == 0, "{which:?}: {summary:?}");
        let mut reader = Reader::of_bytes(&file);
        assert!(reader.by_ref().count() > 0 && reader.damage().is_none());
    }
}

#[test]
fn another_recording_gives_other_outputs() {
    for which in [Which::Thermal, Which::JointState] {
        let other = recording(5.0, 2.5);
        let differs = run(which, &RECORDING).unwrap().0 != run(which, &other).unwrap().0;
        assert!(differs, "{which:?}");
    }
}

#[test]
fn a_longer_recording_begins_as_a_shorter_one() {
    let (short, _, _) = run(Which::Thermal, &recording(3.0, 2.0)).unwrap();
    let (long, _, _) = run(Which::Thermal, &RECORDING).unwrap();
    let (short, long) = (String::from_utf8(short).unwrap(), String::from_utf8(long).unwrap());
    // The last step comes when the recording ends, and knows less.
    let same = short.lines().zip(long.lines()).take_while(|(a, b)| a == b).count();
    assert!(same + 3 >= short.lines().count() && same > 20, "{same} of {}", short.lines().count());
}

#[test]
fn a_dead_node_in_a_recording_is_found_with_its_time() {
    let (lines, _, _) = run(Which::Recorder, &RECORDING).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    assert!(
        lines.contains("no heartbeat for 0.3") && lines.contains("subject: \"motion\""),
        "{lines}"
    );
    let first = lines.lines().next().unwrap();
    let at: f64 = first.split(' ').next().unwrap().parse().unwrap();
    assert!((1002.2..1002.4).contains(&at), "{first}");
}

#[test]
fn a_recording_without_anything_for_the_node_says_so() {
    let mut tape = Tape::new();
    tape.write("/heartbeat", 0.0, &Heartbeat::default());
    let error = run(Which::Thermal, &tape.finish()).unwrap_err().to_string();
    assert_eq!(error, "none of 1 messages is for this node");
}

#[test]
fn a_hole_of_years_is_jumped_over() {
    let mut tape = Tape::new();
    for at in [0.0, 1.0, 1e8, 1e8 + 1.0] {
        tape.write("/joints/joint_1/telemetry", at, &JointTelemetry::default());
    }
    let (_, _, summary) = run(Which::Thermal, &tape.finish()).unwrap();
    assert_eq!(summary.holes, 1);
    assert!(summary.steps < 100, "{}", summary.steps);
}

#[test]
fn a_message_that_the_door_refuses_is_named_and_the_rest_goes_on() {
    let mut tape = Tape::new();
    let bad = JointFeedback { position: f64::NAN, ..Default::default() };
    tape.write("/joints/joint_1/feedback", 0.0, &bad);
    tape.write("/joints/joint_1/feedback", 0.1, &JointFeedback::default());
    let (_, _, summary) = run(Which::JointState, &tape.finish()).unwrap();
    assert_eq!((summary.delivered, summary.refused), (1, 1));
    let text = summary.refusal.unwrap();
    assert!(text.starts_with("message 0 on /joints/joint_1/feedback"), "{text}");
    assert!(text.ends_with("position = NaN is not allowed"), "{text}");
}

static SHORT: LazyLock<Vec<u8>> = LazyLock::new(|| recording(0.3, 2.0));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_damaged_recording_never_panics(
        place: prop::sample::Index,
        value: u8,
        length: prop::sample::Index,
    ) {
        let mut bytes = SHORT.clone();
        let at = place.index(bytes.len());
        bytes[at] ^= value;
        bytes.truncate(length.index(bytes.len()).max(bytes.len() / 2));
        for which in ALL {
            let _either_way = run(which, &bytes);
        }
    }
}
