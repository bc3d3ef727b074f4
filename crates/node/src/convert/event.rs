//! Events of the recorder.

use super::{ToMsg, code_of, time};
use r2r::armature_msgs::msg;
use vocabulary::codes::{EVENT, NOTICE};
use vocabulary::event::{Event, Notice};
use vocabulary::joint::JointOrder;

impl ToMsg for Event {
    type Msg = msg::Event;

    fn to_msg(&self, _order: &JointOrder) -> Self::Msg {
        msg::Event {
            stamp: time(self.stamp),
            boot_id: self.boot_id,
            id: self.id,
            revision: self.revision,
            complete: self.complete,
            kind: code_of(self.kind, &EVENT),
            text: self.text.clone(),
            chain: self.chain.iter().map(notice).collect(),
        }
    }
}

fn notice(of: &Notice) -> msg::Notice {
    msg::Notice {
        stamp: time(of.stamp),
        heard: time(of.heard),
        level: code_of(of.level, &NOTICE),
        by: of.by.clone(),
        subject: of.subject.clone(),
        what: of.what.clone(),
        topic: of.topic.clone(),
    }
}
