//! What is in the files of a recording, and what is missing by the senders' own numbers.

use crate::images;
use anyhow::Result;
use recording::cdr::Reader as Cdr;
use recording::{Message, Reader, decode};
use std::collections::BTreeMap;
use std::path::PathBuf;
use vocabulary::command::JointFeedback;
use vocabulary::config::ArmConfig;
use vocabulary::health::Heartbeat;

const COMMAND: &str = "armature_msgs/msg/JointCommand";

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Count {
    /// Messages of all topics.
    pub messages: u64,
    /// Bytes of all messages.
    pub bytes: u64,
    /// Messages whose numbers can be checked.
    pub numbered: u64,
    /// Numbers that are missing, by topic.
    pub missing: BTreeMap<String, u64>,
    /// Images.
    pub images: u64,
    /// Log times of the first and the last image, ns.
    pub image_times: Option<(u64, u64)>,
    /// From the oldest message to the first image, s: the camera may begin later than the recorder.
    pub until_images: f64,
    /// Time from the oldest to the newest message, s.
    pub span: f64,
    /// Topics.
    pub topics: usize,
    /// What is wrong with a file.
    pub damage: Option<String>,
}

impl Count {
    /// Images per second between the first and the last one, Hz; 0 with fewer than two.
    #[must_use]
    pub fn image_rate(&self) -> f64 {
        let Some((first, last)) = self.image_times.filter(|(first, last)| last > first) else {
            return 0.0;
        };
        (self.images - 1) as f64 / ((last - first) as f64 * 1e-9)
    }

    /// All that is missing.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.missing.values().sum()
    }
}

/// Reads all files.
pub fn count(files: &[PathBuf]) -> Result<Count> {
    let order = ArmConfig::default().joint_order()?;
    let mut count = Count::default();
    let mut last: BTreeMap<(String, u64), u64> = BTreeMap::new();
    let mut topics: BTreeMap<String, ()> = BTreeMap::new();
    let (mut begin, mut end) = (u64::MAX, 0);
    for path in files {
        let mut reader = Reader::open(path)?;
        for message in reader.by_ref() {
            count.messages += 1;
            count.bytes += message.data.len() as u64;
            (begin, end) = (begin.min(message.log_time), end.max(message.log_time));
            topics.entry(message.topic().to_owned()).or_default();
            if message.topic() == images::TOPIC {
                count.images += 1;
                let first = count.image_times.map_or(message.log_time, |(first, _)| first);
                count.image_times = Some((first, message.log_time));
            }
            let Some((source, number)) =
                number(message.kind(), message.topic(), &message.data, &order)?
            else {
                continue;
            };
            count.numbered += 1;
            let key = (message.topic().to_owned(), source);
            if let Some(before) = last.insert(key.clone(), number) {
                let missing = number.saturating_sub(before + 1);
                if missing > 0 {
                    *count.missing.entry(key.0).or_default() += missing;
                }
            }
        }
        count.damage = count.damage.or_else(|| reader.damage().map(ToString::to_string));
    }
    count.span = end.saturating_sub(begin) as f64 * 1e-9;
    count.until_images =
        count.image_times.map_or(0.0, |(first, _)| first.saturating_sub(begin) as f64 * 1e-9);
    count.topics = topics.len();
    Ok(count)
}

/// Who numbered a message, and its number.
fn number(
    kind: &str,
    topic: &str,
    data: &[u8],
    order: &vocabulary::joint::JointOrder,
) -> Result<Option<(u64, u64)>> {
    Ok(match kind {
        JointFeedback::NAME => {
            let sample: JointFeedback = decode(data, order)?;
            Some((sample.boot_id, sample.sequence))
        }
        Heartbeat::NAME => {
            let beat: Heartbeat = decode(data, order)?;
            Some((beat.boot_id, beat.sequence))
        }
        COMMAND => {
            let mut from = Cdr::new(data)?;
            from.stamp()?;
            let (boot_id, epoch, sequence) = (from.u64()?, from.u64()?, from.u64()?);
            Some((boot_id ^ epoch, sequence))
        }
        _ if topic == images::TOPIC => {
            let mut from = Cdr::new(data)?;
            from.stamp()?;
            Some((0, from.text()?.parse()?))
        }
        _ => None,
    })
}
