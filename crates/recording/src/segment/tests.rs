use super::*;
use crate::journal::tests::Snapshots;
use crate::read::Reader;
use crate::recover::{END, is_finished};

fn topic(name: &str) -> Topic {
    Topic {
        name: name.to_owned(),
        kind: "armature_msgs/msg/Lease".to_owned(),
        schema: crate::schema::assemble("armature_msgs/msg/Lease", &crate::schema::built_in)
            .unwrap(),
        offered: vec![Offered::default()],
        hash: "RIHS01_00".to_owned(),
    }
}

/// Writes `count` messages of `length` bytes, committed one by one.
fn write(segment: &mut Segment<Snapshots>, count: u64, length: usize) -> Result<(), Error> {
    let channel = segment.channel(&topic("/lease"))?;
    for index in 0..count {
        let data = vec![index as u8; length];
        segment.write(&Entry {
            channel,
            sequence: index as u32,
            log_time: index,
            publish_time: 0,
            data: &data,
        })?;
        segment.commit(true)?;
    }
    Ok(())
}

fn messages(file: &[u8]) -> (usize, Option<String>) {
    let mut reader = Reader::of_bytes(file);
    let count = reader.by_ref().count();
    (count, reader.damage().map(ToString::to_string))
}

/// Would catch: an instant at which a killed writer leaves a file without an end, or with a torn
/// record. The journal keeps the file after each of its writes.
#[test]
fn the_file_is_whole_after_every_single_write() {
    let mut segment = Segment::create(Snapshots::default(), 0).unwrap();
    write(&mut segment, 60, 700).unwrap();
    let taken = segment.with_store(|store| std::mem::take(&mut store.taken));
    let mut most = 0;
    // The file has a name only when `create` has returned: after its first three writes.
    for file in &taken[2..] {
        assert!(file.ends_with(mcap::MAGIC), "{} bytes", file.len());
        let (count, damage) = messages(file);
        assert_eq!(damage, None);
        assert!(count >= most, "{count} after {most}");
        most = count;
    }
    assert_eq!(most, 60);
}

#[test]
fn a_header_that_would_cross_a_page_is_moved() {
    // All lengths around a page: some commits end right in front of a page's end.
    let mut segment = Segment::create(Snapshots::default(), 0).unwrap();
    for length in 3_900..4_200 {
        write(&mut segment, 1, length).unwrap();
        assert!(segment.size() % 4096 <= 4096 - 9, "{}", segment.size());
    }
    let file = segment.with_store(|store| store.file.clone());
    assert_eq!(messages(&file), (300, None));
}

#[test]
fn a_full_disk_leaves_what_was_committed() {
    let store = Snapshots { full_at: Some(30_000), ..Snapshots::default() };
    let mut segment = Segment::create(store, 0).unwrap();
    let error = write(&mut segment, 60, 700).unwrap_err();
    assert!(error.is_full(), "{error}");
    let file = segment.with_store(|store| store.file.clone());
    assert!(file.ends_with(mcap::MAGIC));
    let (count, damage) = messages(&file);
    assert!(count > 10 && damage.is_none(), "{count} {damage:?}");
    let before = segment.with_store(|store| store.taken.len());
    assert!(segment.commit(true).is_err());
    assert_eq!(segment.with_store(|store| store.taken.len()), before);
}

#[test]
fn a_closed_file_has_index_and_metadata_and_no_room_left() {
    let mut segment = Segment::create(Snapshots::default(), 0).unwrap();
    write(&mut segment, 20, 700).unwrap();
    let journal = Shared(Arc::clone(&segment.journal.0));
    let closed = segment.close("a.mcap").unwrap();
    assert_eq!((closed.messages, closed.begin, closed.end), (20, 0, 19));
    let file = journal.lock().store().file.clone();
    assert!(is_finished(&file[file.len() - END..]));
    let summary = mcap::Summary::read(&file).unwrap().unwrap();
    assert_eq!(summary.stats.as_ref().unwrap().message_count, 20);
    assert_eq!(summary.chunk_indexes.len(), 20);
    let mut found = 0;
    for chunk in &summary.chunk_indexes {
        found += summary.stream_chunk(&file, chunk).unwrap().filter(Result::is_ok).count();
    }
    assert_eq!(found, 20);
    let record = mcap::read::metadata(&file, &summary.metadata_indexes[0]).unwrap();
    assert!(record.metadata["serialized_metadata"].contains("message_count: 20"));
    let channel = summary.channels.values().next().unwrap();
    assert!(channel.metadata["offered_qos_profiles"].contains("reliability: reliable"));
}

#[test]
fn log_times_never_fall_within_a_file() {
    let mut segment = Segment::create(Snapshots::default(), 0).unwrap();
    let channel = segment.channel(&topic("/lease")).unwrap();
    for log_time in [5, 9, 7, 12] {
        let entry = Entry { channel, sequence: 0, log_time, publish_time: 0, data: &[0, 1, 0, 0] };
        segment.write(&entry).unwrap();
    }
    segment.commit(false).unwrap();
    let file = segment.with_store(|store| store.file.clone());
    let times: Vec<_> = Reader::of_bytes(&file).map(|message| message.log_time).collect();
    assert_eq!(times, [5, 9, 9, 12]);
}

#[test]
fn a_topic_without_definition_is_recorded_without_schema_text() {
    let mut segment = Segment::create(Snapshots::default(), 0).unwrap();
    let topic = Topic { schema: String::new(), ..topic("/odd") };
    let channel = segment.channel(&topic).unwrap();
    let entry = Entry { channel, sequence: 0, log_time: 1, publish_time: 0, data: &[0, 1, 0, 0] };
    segment.write(&entry).unwrap();
    segment.commit(false).unwrap();
    let file = segment.with_store(|store| store.file.clone());
    assert_eq!(Reader::of_bytes(&file).next().unwrap().kind(), "armature_msgs/msg/Lease");
}

#[test]
fn an_unfinished_file_is_told_from_a_finished_one() {
    let mut segment = Segment::create(Snapshots::default(), 0).unwrap();
    write(&mut segment, 3, 50).unwrap();
    let file = segment.with_store(|store| store.file.clone());
    assert!(!is_finished(&file[file.len() - END..]));
    assert!(!is_finished(&[]));
}
