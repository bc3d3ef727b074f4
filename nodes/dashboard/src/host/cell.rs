//! The job and its stations: whatever is published below `cell/` and `stations/`.
//!
//! The rule: nothing of them is known here. Topics are found as they come, their messages passed on
//! field by field; a new station needs no new dashboard.

use crate::view::CellTopic;
use node::Shell;
use node::topics::Untyped;
use std::collections::BTreeMap;
use std::time::Duration;
use vocabulary::time::Monotonic;
use vocabulary::topics::Qos;

/// Between two looks at which topics there are.
const LOOK: Duration = Duration::from_secs(1);
/// Between two updates for browsers.
const SHOW: Duration = Duration::from_millis(200);
/// Topics watched at a time.
const MOST: usize = 48;
/// A message with a longer text is not for a table, bytes.
const LARGEST: usize = 16 * 1024;
/// Hidden parts of actions have this in their name.
const HIDDEN: &str = "/_";
/// Messages of these types are pictures, not tables.
const PICTURES: [&str; 3] = ["Image", "CompressedImage", "PointCloud2"];

struct Watched {
    message_type: String,
    inbox: Option<Untyped>,
    message: Option<serde_json::Value>,
    present: bool,
}

/// The topics of the cell.
#[derive(Default)]
pub struct Cell {
    topics: BTreeMap<String, Watched>,
    looked: Monotonic,
    shown: Monotonic,
    changed: bool,
}

impl Cell {
    /// All topics that have spoken, when one of them has news.
    pub fn look(&mut self, shell: &mut Shell, now: Monotonic) -> Option<Vec<CellTopic>> {
        if now.since(self.looked) >= LOOK {
            self.looked = now;
            self.find(shell);
        }
        for topic in self.topics.values_mut() {
            let Some(message) = topic.inbox.as_ref().and_then(Untyped::take) else { continue };
            if message.to_string().len() <= LARGEST {
                topic.message = Some(message);
                self.changed = true;
            }
        }
        if !self.changed || now.since(self.shown) < SHOW {
            return None;
        }
        (self.shown, self.changed) = (now, false);
        Some(self.topics.iter().filter_map(|(name, topic)| topic.shown(name)).collect())
    }

    fn find(&mut self, shell: &mut Shell) {
        let space = format!("{}/", shell.namespace().trim_end_matches('/'));
        let graph = shell.graph();
        let relative = |name: &str| Some(name.strip_prefix(&space)?.to_owned());
        let found: BTreeMap<String, String> = graph
            .into_iter()
            .filter_map(|(name, of)| Some((relative(&name)?, of)))
            .filter(|(name, of)| is_ours(name, of))
            .collect();
        for (name, topic) in &mut self.topics {
            let present = found.contains_key(name);
            self.changed |= present != topic.present;
            topic.present = present;
        }
        for (name, message_type) in found {
            if self.topics.len() < MOST && !self.topics.contains_key(&name) {
                let full = format!("{space}{name}");
                let qos = if shell.is_latched(&full) { Qos::Latched } else { Qos::Latest };
                // A type that this program was not built with is not shown, and not tried again.
                let inbox = shell.untyped(&name, &message_type, qos).ok();
                self.topics
                    .insert(name, Watched { message_type, inbox, message: None, present: true });
            }
        }
    }
}

impl Watched {
    fn shown(&self, name: &str) -> Option<CellTopic> {
        let message = self.message.clone().filter(|_| self.present)?;
        Some(CellTopic { topic: name.to_owned(), message_type: self.message_type.clone(), message })
    }
}

fn is_ours(name: &str, message_type: &str) -> bool {
    let last = message_type.rsplit('/').next().unwrap_or_default();
    (name.starts_with("cell/") || name.starts_with("stations/"))
        && !name.contains(HIDDEN)
        && !PICTURES.contains(&last)
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn pictures_hidden_topics_and_those_of_others_are_left_out() {
        assert!(is_ours("cell/status", "armature_msgs/msg/CellStatus"));
        assert!(is_ours("stations/camera/descriptor", "armature_msgs/msg/Station"));
        assert!(!is_ours("stations/camera/image", "sensor_msgs/msg/Image"));
        assert!(!is_ours("stations/camera/run/_action/status", "action_msgs/msg/GoalStatusArray"));
        assert!(!is_ours("arm_state", "armature_msgs/msg/ArmState"));
    }
}
