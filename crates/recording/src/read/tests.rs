use super::*;
use crate::journal::tests::Snapshots;
use crate::recover::recover;
use crate::segment::{Entry, Segment, Topic};
use proptest::prelude::*;
use std::sync::LazyLock;

fn segment() -> Segment<Snapshots> {
    let mut segment = Segment::create(Snapshots::default(), 0).unwrap();
    for index in 0..12_u64 {
        let name = format!("/topic_{}", index % 3);
        let topic =
            Topic { name, kind: "p/msg/A".into(), schema: "uint8 a\n".into(), ..Topic::default() };
        let channel = segment.channel(&topic).unwrap();
        let data = vec![index as u8; 40 + index as usize];
        let (sequence, publish_time) = (index as u32, index);
        segment
            .write(&Entry { channel, sequence, log_time: index, publish_time, data: &data })
            .unwrap();
        segment.commit(false).unwrap();
    }
    segment
}

/// A small recording, cut off in the middle of its life.
static CUT: LazyLock<Vec<u8>> = LazyLock::new(|| segment().with_store(|store| store.file.clone()));

/// The same, finished.
static FINISHED: LazyLock<Vec<u8>> = LazyLock::new(|| finished(&CUT));

fn finished(file: &[u8]) -> Vec<u8> {
    let target = Segment::create(Snapshots::default(), 0).unwrap();
    let kept = target.keep_store();
    recover(Reader::of_bytes(file), target, "b.mcap").unwrap();
    kept()
}

/// Everything that is done with a file from outside.
fn read_all(file: &[u8]) -> usize {
    let mut reader = Reader::of_bytes(file);
    let mut count = 0;
    for message in reader.by_ref() {
        let _names = (message.topic(), message.kind());
        count += 1;
    }
    let _damage = reader.damage().map(ToString::to_string);
    finished(file);
    count
}

#[test]
fn a_cut_file_is_recovered_completely() {
    assert_eq!(read_all(&CUT), 12);
    assert_eq!(read_all(&FINISHED), 12);
    let (a, b) = (Reader::of_bytes(&CUT), Reader::of_bytes(&FINISHED));
    for (a, b) in a.zip(b) {
        assert_eq!(
            (a.topic(), &a.data, a.log_time, a.sequence),
            (b.topic(), &b.data, b.log_time, b.sequence)
        );
    }
}

#[test]
fn a_file_cut_at_any_byte_gives_its_front_and_never_panics() {
    for file in [&CUT[..], &FINISHED[..]] {
        let mut last = 0;
        for length in 0..file.len() {
            let count = Reader::of_bytes(&file[..length]).count();
            assert!(count >= last, "{count} messages of {length} bytes, {last} before");
            last = count;
        }
        assert_eq!(last, 12);
    }
}

#[test]
fn what_is_no_mcap_says_so() {
    let mut reader = Reader::of_bytes(b"#ROSBAG V2.0\nnothing");
    assert!(reader.next().is_none());
    assert_eq!(reader.damage().unwrap().to_string(), "this is no MCAP file");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn flipped_bytes_never_panic(flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), whole: bool) {
        let mut file = if whole { FINISHED.clone() } else { CUT.clone() };
        for (place, value) in flips {
            let place = place.index(file.len());
            file[place] ^= value;
        }
        read_all(&file);
    }

    #[test]
    fn random_bytes_behind_the_magic_never_panic(tail in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(&[mcap::MAGIC, tail.as_slice()].concat());
    }
}
