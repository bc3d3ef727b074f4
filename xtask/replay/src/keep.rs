//! Where the outputs of a replay go: lines for people, or a recording of its own.

use crate::host::{Output, Sink};
use anyhow::{Context, Result};
use recording::journal::Store;
use recording::{Entry, Segment, Topic, schema};
use std::collections::BTreeMap;
use std::io::Write;
use vocabulary::health::LogLine;
use vocabulary::time::Now;

/// Definitions of other packages that outputs need.
const OTHERS: [(&str, &str, &str); 2] = [
    (
        "sensor_msgs",
        "JointState.msg",
        "std_msgs/Header header\nstring[] name\nfloat64[] position\nfloat64[] velocity\n\
         float64[] effort\n",
    ),
    ("std_msgs", "Header.msg", "builtin_interfaces/Time stamp\nstring frame_id\n"),
];

fn definition(package: &str, folder: &str, file: &str) -> Option<String> {
    let ours = schema::built_in(package, folder, file);
    let known = OTHERS.iter().find(|(of, name, _)| (*of, *name) == (package, file));
    ours.or_else(|| known.map(|(_, _, text)| (*text).to_owned()))
}

/// One line per output and per line of the node's log.
pub struct Lines<W>(pub W);

impl<W: Write> Sink for Lines<W> {
    fn output(&mut self, now: Now, output: &Output) -> Result<()> {
        Ok(writeln!(self.0, "{} {} {}", time(now), output.topic, output.text)?)
    }

    fn log(&mut self, now: Now, line: &LogLine) -> Result<()> {
        let level = format!("{:?}", line.level).to_lowercase();
        Ok(writeln!(self.0, "{} [{level}] {}", time(now), line.text)?)
    }
}

fn time(now: Now) -> String {
    let (seconds, nanoseconds) = now.stamp.parts();
    format!("{seconds}.{nanoseconds:09}")
}

/// A recording of the outputs; the log goes to `lines`.
pub struct File<S: Store, W> {
    segment: Segment<S>,
    channels: BTreeMap<&'static str, u16>,
    sequence: u32,
    lines: Lines<W>,
}

impl<S: Store, W: Write> File<S, W> {
    /// Into `store`.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn create(store: S, lines: W) -> Result<Self> {
        let segment = Segment::create(store, 0)?;
        Ok(Self { segment, channels: BTreeMap::new(), sequence: 0, lines: Lines(lines) })
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn close(self, name: &str) -> Result<()> {
        self.segment.close(name)?;
        Ok(())
    }

    fn channel(&mut self, output: &Output) -> Result<u16> {
        if let Some(known) = self.channels.get(output.topic) {
            return Ok(*known);
        }
        let schema = schema::assemble(output.kind, &definition)?;
        let (name, kind) = (format!("/{}", output.topic), output.kind.to_owned());
        let topic = Topic { name, kind, schema, ..Topic::default() };
        let channel = self.segment.channel(&topic)?;
        self.channels.insert(output.topic, channel);
        Ok(channel)
    }
}

impl<S: Store, W: Write> Sink for File<S, W> {
    fn output(&mut self, now: Now, output: &Output) -> Result<()> {
        let channel = self.channel(output)?;
        self.sequence += 1;
        let entry = Entry {
            channel,
            sequence: self.sequence,
            log_time: now.mono.0,
            publish_time: now.mono.0,
            data: &output.data,
        };
        self.segment.write(&entry).context("cannot write the outputs")
    }

    fn log(&mut self, now: Now, line: &LogLine) -> Result<()> {
        self.lines.log(now, line)
    }
}
