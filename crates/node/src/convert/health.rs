//! Heartbeats.

use super::{FromMsg, Refused, ToMsg, code_of, finite, one_of, stamp, time};
use r2r::armature_msgs::msg;
use vocabulary::codes::{HEALTH, LIFECYCLE};
use vocabulary::health::{CycleStatistics, Heartbeat, Histogram};
use vocabulary::joint::JointOrder;

impl FromMsg for Heartbeat {
    type Msg = msg::Heartbeat;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        Ok(Self {
            stamp: stamp(&msg.stamp),
            node: msg.node.clone(),
            boot_id: msg.boot_id,
            pid: msg.pid,
            sequence: msg.sequence,
            lifecycle: one_of("lifecycle", msg.lifecycle, &LIFECYCLE)?,
            health: one_of("health", msg.health, &HEALTH)?,
            message: msg.message.clone(),
            resume_required: msg.resume_required,
            cycles: CycleStatistics {
                period: finite("period", msg.period)?,
                count: msg.cycles,
                late: msg.late_cycles,
                worst_lateness: finite("worst_lateness", msg.worst_lateness)?,
                refused: msg.refused,
            },
            cpu_time: finite("cpu_time", msg.cpu_time)?,
            version: msg.version.clone(),
            histograms: msg.histograms.iter().map(histogram).collect(),
        })
    }
}

impl ToMsg for Heartbeat {
    type Msg = msg::Heartbeat;

    fn to_msg(&self, _order: &JointOrder) -> Self::Msg {
        msg::Heartbeat {
            stamp: time(self.stamp),
            node: self.node.clone(),
            boot_id: self.boot_id,
            pid: self.pid,
            sequence: self.sequence,
            lifecycle: code_of(self.lifecycle, &LIFECYCLE),
            health: code_of(self.health, &HEALTH),
            message: self.message.clone(),
            resume_required: self.resume_required,
            period: self.cycles.period,
            cycles: self.cycles.count,
            late_cycles: self.cycles.late,
            worst_lateness: self.cycles.worst_lateness,
            refused: self.cycles.refused,
            cpu_time: self.cpu_time,
            version: self.version.clone(),
            histograms: self.histograms.iter().map(histogram_message).collect(),
        }
    }
}

fn histogram(msg: &msg::Histogram) -> Histogram {
    let msg::Histogram { name, bounds, counts, worst } = msg.clone();
    Histogram { name, bounds, counts, worst }
}

fn histogram_message(of: &Histogram) -> msg::Histogram {
    let Histogram { name, bounds, counts, worst } = of.clone();
    msg::Histogram { name, bounds, counts, worst }
}
