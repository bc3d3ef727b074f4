//! Events of the recorder.

use super::Message;
use crate::cdr::{CdrError, Reader, Writer};
use vocabulary::codes::{EVENT, NOTICE, code_of};
use vocabulary::event::{Event, Notice};
use vocabulary::joint::JointOrder;

fn read_notice(from: &mut Reader<'_>) -> Result<Notice, CdrError> {
    Ok(Notice {
        stamp: from.stamp()?,
        heard: from.stamp()?,
        level: from.one_of("level", &NOTICE)?,
        by: from.text()?,
        subject: from.text()?,
        what: from.text()?,
        topic: from.text()?,
    })
}

fn write_notice(to: &mut Writer, notice: &Notice) {
    to.stamp(notice.stamp);
    to.stamp(notice.heard);
    to.byte(code_of(notice.level, &NOTICE));
    let texts = [&notice.by, &notice.subject, &notice.what, &notice.topic];
    texts.into_iter().for_each(|text| to.text(text));
}

impl Message for Event {
    const NAME: &'static str = "armature_msgs/msg/Event";

    fn read(from: &mut Reader<'_>, _order: &JointOrder) -> Result<Self, CdrError> {
        Ok(Self {
            stamp: from.stamp()?,
            boot_id: from.u64()?,
            id: from.u64()?,
            revision: from.u32()?,
            complete: from.flag()?,
            kind: from.one_of("kind", &EVENT)?,
            text: from.text()?,
            chain: from.sequence(read_notice)?,
        })
    }

    fn write(&self, to: &mut Writer, _order: &JointOrder) {
        to.stamp(self.stamp);
        to.u64(self.boot_id);
        to.u64(self.id);
        to.u32(self.revision);
        to.byte(self.complete);
        to.byte(code_of(self.kind, &EVENT));
        to.text(&self.text);
        to.length(self.chain.len());
        self.chain.iter().for_each(|notice| write_notice(to, notice));
    }
}
