//! Heartbeats.

use super::Message;
use crate::cdr::{CdrError, Reader, Writer};
use vocabulary::codes::{HEALTH, LIFECYCLE, code_of};
use vocabulary::health::{CycleStatistics, Heartbeat, Histogram};
use vocabulary::joint::JointOrder;

fn read_cycles(from: &mut Reader<'_>) -> Result<CycleStatistics, CdrError> {
    Ok(CycleStatistics {
        period: from.finite("period")?,
        count: from.u64()?,
        late: from.u64()?,
        worst_lateness: from.finite("worst_lateness")?,
        refused: from.u64()?,
    })
}

fn read_histogram(from: &mut Reader<'_>) -> Result<Histogram, CdrError> {
    Ok(Histogram {
        name: from.text()?,
        bounds: from.sequence(Reader::f64)?,
        counts: from.sequence(Reader::u64)?,
        worst: from.f64()?,
    })
}

fn write_histogram(to: &mut Writer, of: &Histogram) {
    to.text(&of.name);
    to.length(of.bounds.len());
    to.f64s(&of.bounds);
    to.length(of.counts.len());
    of.counts.iter().for_each(|count| to.u64(*count));
    to.f64(of.worst);
}

impl Message for Heartbeat {
    const NAME: &'static str = "armature_msgs/msg/Heartbeat";

    fn read(from: &mut Reader<'_>, _order: &JointOrder) -> Result<Self, CdrError> {
        Ok(Self {
            stamp: from.stamp()?,
            node: from.text()?,
            boot_id: from.u64()?,
            pid: from.u32()?,
            sequence: from.u64()?,
            lifecycle: from.one_of("lifecycle", &LIFECYCLE)?,
            health: from.one_of("health", &HEALTH)?,
            message: from.text()?,
            resume_required: from.flag()?,
            cycles: read_cycles(from)?,
            cpu_time: from.finite("cpu_time")?,
            version: from.text()?,
            histograms: from.sequence(read_histogram)?,
        })
    }

    fn write(&self, to: &mut Writer, _order: &JointOrder) {
        to.stamp(self.stamp);
        to.text(&self.node);
        to.u64(self.boot_id);
        to.u32(self.pid);
        to.u64(self.sequence);
        to.byte(code_of(self.lifecycle, &LIFECYCLE));
        to.byte(code_of(self.health, &HEALTH));
        to.text(&self.message);
        to.byte(self.resume_required);
        let cycles = &self.cycles;
        to.f64(cycles.period);
        to.u64(cycles.count);
        to.u64(cycles.late);
        to.f64(cycles.worst_lateness);
        to.u64(cycles.refused);
        to.f64(self.cpu_time);
        to.text(&self.version);
        to.length(self.histograms.len());
        self.histograms.iter().for_each(|histogram| write_histogram(to, histogram));
    }
}
