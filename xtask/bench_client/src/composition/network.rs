//! What the split arm says per topic: how often, how large, to whom it promises what.
//!
//! The one rule: the bytes are those that the black box heard while the arm moved, not those that a
//! definition promises.

use crate::motion::Moving;
use anyhow::{Context, Result};
use recording::Reader;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a message costs on Ethernet besides itself, bytes: preamble and gap 20, frame 18, IP and UDP 28,
/// RTPS header 20, time 12, data header 24. One datagram carries up to 64 kB; larger ones cost it again.
const OVERHEAD: f64 = 122.0;

/// One topic.
#[derive(Debug, Default)]
struct Row {
    kind: String,
    messages: u64,
    bytes: u64,
    largest: usize,
    first: u64,
    last: u64,
}

/// Lets the split arm work for a while beside the recorder; a row per topic.
pub fn measure(time: Duration) -> Result<Value> {
    let folder =
        std::path::absolute(rig::launch::target().join("log/bench-composition.recordings"))?;
    let _not_there = std::fs::remove_dir_all(&folder);
    let recordings = format!("recordings:={}", folder.display());
    let arguments = ["record:=true", &recordings, "standby:=true"];
    let mut moving = Moving::start("bench-composition-network", &arguments)?;
    moving.keep_moving(time)?;
    moving.scenario.launch.stop();
    let mut rows = BTreeMap::<String, Row>::new();
    for file in recording::files(&folder).context("nothing was recorded")? {
        for message in Reader::open(&file)?.by_ref() {
            let row = rows.entry(message.topic().to_owned()).or_default();
            if row.messages == 0 {
                (row.kind, row.first) = (message.kind().to_owned(), message.log_time);
            }
            row.messages += 1;
            row.bytes += message.data.len() as u64;
            row.largest = row.largest.max(message.data.len());
            row.last = message.log_time;
        }
    }
    let all = rows.iter().map(|(topic, row)| row.detail(topic));
    Ok(Value::Array(all.collect()))
}

impl Row {
    fn detail(&self, topic: &str) -> Value {
        let time = self.last.saturating_sub(self.first) as f64 * 1e-9;
        let rate = if self.messages > 1 { (self.messages - 1) as f64 / time } else { 0.0 };
        let size = self.bytes as f64 / self.messages.max(1) as f64;
        json!({
            "topic": topic, "type": self.kind, "messages": self.messages, "rate_hz": rate,
            "mean_bytes": size, "largest_bytes": self.largest,
            "kbit_per_s_on_ethernet": rate * (size + OVERHEAD) * 8e-3,
        })
    }
}
