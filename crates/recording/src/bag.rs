//! rosbag2's metadata: what is in which file, as `ros2 bag` wants it told.
//!
//! The one rule: it is only a copy of what the files say themselves, and may be made again from them.

use crate::qos;
use crate::segment::{Closed, Topic};
use std::fmt::Write as _;

/// A topic and how many of its messages there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    /// The topic.
    pub topic: Topic,
    /// Its messages.
    pub messages: u64,
}

/// The metadata of some files, oldest first: rosbag2's version 9, without its outermost key.
#[must_use]
pub fn metadata(files: &[Closed]) -> String {
    let begin = files.iter().filter(|file| file.messages > 0).map(|file| file.begin).min();
    let end = files.iter().map(|file| file.end).max();
    let (begin, end) = (begin.unwrap_or(0), end.unwrap_or(0));
    let mut text = format!(
        "version: 9\nstorage_identifier: mcap\nduration: {{nanoseconds: {}}}\n\
         starting_time: {{nanoseconds_since_epoch: {begin}}}\nmessage_count: {}\n\
         topics_with_message_count:{}\n",
        end - begin.min(end),
        files.iter().map(|file| file.messages).sum::<u64>(),
        if files.iter().all(|file| file.topics.is_empty()) { " []" } else { "" },
    );
    topics(files).iter().for_each(|topic| text += &topic_lines(topic));
    text += "compression_format: \"\"\ncompression_mode: \"\"\nrelative_file_paths:\n";
    let _to_memory = files.iter().try_for_each(|file| writeln!(text, "  - {}", file.name));
    text += "files:\n";
    files.iter().for_each(|file| text += &file_lines(file));
    text + "custom_data: ~\nros_distro: jazzy\n"
}

/// The metadata of a folder, as the content of its `metadata.yaml`.
#[must_use]
pub fn metadata_file(files: &[Closed]) -> String {
    let inner = metadata(files);
    let indented = inner.lines().map(|line| format!("  {line}\n")).collect::<String>();
    format!("rosbag2_bagfile_information:\n{indented}")
}

/// The topics of all files, each once.
fn topics(files: &[Closed]) -> Vec<Counted> {
    let mut all: Vec<Counted> = Vec::new();
    for counted in files.iter().flat_map(|file| &file.topics) {
        match all.iter_mut().find(|known| known.topic.name == counted.topic.name) {
            Some(known) => known.messages += counted.messages,
            None => all.push(counted.clone()),
        }
    }
    all
}

fn topic_lines(of: &Counted) -> String {
    let Topic { name, kind, offered, hash, .. } = &of.topic;
    let profiles = if offered.is_empty() {
        " []\n".to_owned()
    } else {
        format!("\n{}", qos::yaml(offered, 8))
    };
    format!(
        "  - topic_metadata:\n      name: {name}\n      type: {kind}\n      \
         serialization_format: cdr\n      offered_qos_profiles:{profiles}      \
         type_description_hash: \"{hash}\"\n    message_count: {}\n",
        of.messages
    )
}

fn file_lines(of: &Closed) -> String {
    format!(
        "  - path: {}\n    starting_time: {{nanoseconds_since_epoch: {}}}\n    duration: \
         {{nanoseconds: {}}}\n    message_count: {}\n",
        of.name,
        of.begin,
        of.end.saturating_sub(of.begin),
        of.messages
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_added_up_by_topic() {
        let topic = Topic { name: "/a".into(), kind: "p/msg/A".into(), ..Topic::default() };
        let counted = |messages| vec![Counted { topic: topic.clone(), messages }];
        let file = |name: &str, begin, end, messages| Closed {
            name: name.into(),
            begin,
            end,
            messages,
            topics: counted(messages),
        };
        let text = metadata_file(&[file("1.mcap", 10, 20, 3), file("2.mcap", 20, 50, 4)]);
        assert!(text.starts_with("rosbag2_bagfile_information:\n  version: 9\n"), "{text}");
        assert_eq!(text.matches("name: /a").count(), 1, "{text}");
        assert!(text.contains("    message_count: 7\n"), "{text}");
        assert!(text.contains("duration: {nanoseconds: 40}"), "{text}");
        assert!(text.contains("  - 1.mcap\n") && text.contains("path: 2.mcap"), "{text}");
    }
}
