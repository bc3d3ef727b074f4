//! The services, with rosbag2's types where it has them.
//!
//! The rule: an answer says what was begun; nothing waits for the disk.

use super::hands::Hands;
use crate::Recorder;
use crate::keeper::Order;
use node::services::Requests;
use node::{Shell, StartError, clock};
use r2r::armature_msgs::srv::Mark;
use r2r::rosbag2_interfaces::srv::{IsPaused, Pause, Resume, Snapshot, SplitBagfile};
use vocabulary::event::Event;
use vocabulary::health::LogLine;

/// All servers.
pub struct Services {
    pause: Requests<Pause::Service>,
    resume: Requests<Resume::Service>,
    is_paused: Requests<IsPaused::Service>,
    split: Requests<SplitBagfile::Service>,
    snapshot: Requests<Snapshot::Service>,
    mark: Requests<Mark::Service>,
}

impl Services {
    /// Creates them under the node's name.
    pub fn create(shell: &mut Shell) -> Result<Self, StartError> {
        Ok(Self {
            pause: shell.service("~/pause")?,
            resume: shell.service("~/resume")?,
            is_paused: shell.service("~/is_paused")?,
            split: shell.service("~/split_bagfile")?,
            snapshot: shell.service("~/snapshot")?,
            mark: shell.service("~/mark")?,
        })
    }

    /// Answers everybody; returns the marks that were made.
    pub fn serve(&mut self, recorder: &mut Recorder, hands: &Hands, shell: &Shell) -> Vec<Event> {
        self.pause.answer(|_| {
            if recorder.pause(true) {
                shell.log(&LogLine::warn("paused by ~/pause"));
            }
            Pause::Response {}
        });
        self.resume.answer(|_| {
            if recorder.pause(false) {
                shell.log(&LogLine::info("resumed by ~/resume"));
            }
            Resume::Response {}
        });
        self.is_paused.answer(|_| IsPaused::Response { paused: recorder.is_paused() });
        self.split.answer(|_| {
            hands.order(Order::Split);
            SplitBagfile::Response {}
        });
        self.snapshot.answer(|_| {
            hands.order(Order::Snapshot);
            Snapshot::Response { success: recorder.can_write() }
        });
        self.marks(recorder, hands)
    }

    fn marks(&mut self, recorder: &mut Recorder, hands: &Hands) -> Vec<Event> {
        let mut made = Vec::new();
        self.mark.answer(|asked| match recorder.mark(clock::now(), &asked.text) {
            Err(error) => Mark::Response { success: false, message: error.to_string(), id: 0 },
            Ok(_) if recorder.is_paused() => {
                let message = "recording is paused".to_owned();
                Mark::Response { success: false, message, id: 0 }
            }
            Ok(event) => {
                let (id, message) = (event.id, hands.shared.report().file);
                made.push(event);
                Mark::Response { success: true, message, id }
            }
        });
        made
    }
}
