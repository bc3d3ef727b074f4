//! What changes among the nodes, and the one log line each change gets.

use std::time::Duration;
use vocabulary::health::LogLine;

use crate::watch::{Node, Registry};

/// A change worth acting upon or logging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// First seen, or seen again after having been lost.
    Live(String),
    /// Another process took its place.
    Restarted(String),
    /// Its heartbeats stopped.
    Lost(String, Duration),
    /// Expected, but never heard.
    Missing(String),
    /// Two processes of this name live side by side.
    Double(String, u32, u32),
}

/// The log line of an event.
#[must_use]
pub fn describe(event: &Event, registry: &Registry) -> LogLine {
    let joints = |name: &str| match registry.get(name).map(Node::joints) {
        Some(joints) if !joints.is_empty() => format!(" ({joints})"),
        _ => String::new(),
    };
    let expected = |name: &str| registry.get(name).is_some_and(|node| node.expected);
    match event {
        Event::Live(name) => LogLine::info(format!("{name}{} is live", joints(name))),
        Event::Restarted(name) => LogLine::warn(format!("{name}{} was restarted", joints(name))),
        Event::Lost(name, silence) => {
            let silence = silence.as_secs_f64();
            let text = format!("{name}{} is silent for {silence:.2} s", joints(name));
            if expected(name) { LogLine::error(text) } else { LogLine::warn(text) }
        }
        Event::Missing(name) => LogLine::error(format!(
            "{name}{} was never heard: is it started, in this namespace and ROS domain?",
            joints(name)
        )),
        Event::Double(name, first, second) => LogLine::error(format!(
            "two processes are called {name} (pid {first} and {second}): stop one of them"
        )),
    }
}
