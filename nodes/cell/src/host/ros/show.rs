//! What the cell publishes.

use crate::io::{Event, Outputs, StationView, Status};
use node::convert::time;
use node::{Shell, StartError};
use r2r::armature_msgs::msg::{CellEvent, CellStation, CellStations, CellStatus, PartInPlace};
use vocabulary::time::Now;
use vocabulary::topics::{CELL_EVENTS, CELL_PART, CELL_STATIONS, CELL_STATUS};

/// The publishers.
pub struct Show {
    status: r2r::Publisher<CellStatus>,
    stations: r2r::Publisher<CellStations>,
    events: r2r::Publisher<CellEvent>,
    part: r2r::Publisher<PartInPlace>,
}

impl Show {
    /// Creates all.
    pub fn create(shell: &mut Shell) -> Result<Self, StartError> {
        Ok(Self {
            status: shell.messages(CELL_STATUS.name, CELL_STATUS.qos)?,
            stations: shell.messages(CELL_STATIONS.name, CELL_STATIONS.qos)?,
            events: shell.messages(CELL_EVENTS.name, CELL_EVENTS.qos)?,
            part: shell.messages(CELL_PART.name, CELL_PART.qos)?,
        })
    }

    /// Publishes what is to be told.
    pub fn tell(&self, outputs: &Outputs, now: Now) {
        if let Some(part) = &outputs.part {
            let msg = PartInPlace { stamp: time(now.stamp), part: part.clone() };
            let _ending = self.part.publish(&msg);
        }
        for event in &outputs.events {
            let _ending = self.events.publish(&told(event));
        }
        if let Some(all) = &outputs.stations {
            let stations = all.iter().map(station).collect();
            let _ending = self.stations.publish(&CellStations { stamp: time(now.stamp), stations });
        }
        if let Some(far) = &outputs.status {
            let _ending = self.status.publish(&status(far, now));
        }
    }
}

fn told(event: &Event) -> CellEvent {
    CellEvent {
        stamp: time(event.stamp),
        run: event.run,
        level: event.level as u8,
        step: event.step.clone(),
        line: event.line,
        part: event.part.clone(),
        station: event.station.clone(),
        what: event.what.clone(),
    }
}

fn station(view: &StationView) -> CellStation {
    CellStation {
        name: view.name.clone(),
        id: view.id.clone(),
        kind: view.kind.clone(),
        capabilities: view.capabilities.clone(),
        version: format!("{}.{}", view.version.0, view.version.1),
        state: view.state,
        reason: view.reason.clone(),
        runs: view.runs,
        failures: view.failures,
        mean_time: view.mean_time,
    }
}

fn status(far: &Status, now: Now) -> CellStatus {
    let counts = far.counts;
    CellStatus {
        stamp: time(now.stamp),
        job: far.job.clone(),
        run: far.run,
        state: far.state,
        reason: far.reason.clone(),
        step: far.step.clone(),
        line: far.line,
        step_time: far.step_time,
        step_deadline: far.step_deadline,
        station: far.station.clone(),
        part: far.part.clone(),
        parts_planned: far.parts_planned,
        parts_done: counts.parts(),
        parts_passed: counts.passed,
        parts_failed: counts.failed,
        parts_unsure: counts.unsure,
        parts_unchecked: counts.unchecked,
        parts_set_aside: counts.aside,
        steps_skipped: counts.skipped,
        retries: counts.retries,
        refused_results: counts.refused,
        cycle_time: counts.last_time,
        mean_cycle_time: counts.mean_time(),
    }
}
