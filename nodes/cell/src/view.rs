//! What the cell shows.

use crate::cell::Cell;
use crate::io::{StationView, Status};
use crate::job::Work;
use crate::registry::{Standing, Station};
use crate::state::Phase;
use crate::work::Attempt;
use vocabulary::health::{Health, NodeHealth};
use vocabulary::time::Now;

impl Cell {
    /// The step under way, or the one that comes next, and its line.
    pub(crate) fn step_name(&self) -> (String, u32) {
        if let Some(doing) = &self.doing {
            return (doing.act.name.clone(), doing.line);
        }
        let next = self.here();
        match next.work {
            Work::Act(act) if self.state.phase.is_open() => (act.name, next.line),
            _ => (String::new(), 0),
        }
    }

    pub(crate) fn status(&self, now: Now) -> Status {
        let (step, line) = self.step_name();
        let doing = self.doing.as_ref();
        let station = match doing.map(|doing| &doing.attempt) {
            Some(Attempt::Ask { station, .. }) => station.clone(),
            _ => String::new(),
        };
        Status {
            job: self.job_name().to_owned(),
            run: self.state.run,
            state: match self.state.phase {
                Phase::NoJob => 0,
                Phase::Loaded => 1,
                Phase::Running => 2,
                Phase::Pausing => 3,
                Phase::Paused => 4,
                Phase::Done => 5,
                Phase::Aborted => 6,
            },
            reason: self.state.reason.clone(),
            step,
            line,
            step_time: doing.map_or(0.0, |doing| now.mono.since(doing.began).as_secs_f64()),
            step_deadline: doing.map_or(0.0, |doing| doing.act.care.deadline),
            station,
            part: self.state.part.clone().unwrap_or_default(),
            parts_planned: self.job.as_ref().map_or(0, |job| job.parts_planned),
            counts: self.state.counts,
        }
    }

    pub(crate) fn stations(&self) -> Vec<StationView> {
        self.registry.all().map(|(name, station)| view(name, station)).collect()
    }

    /// For the heartbeat.
    #[must_use]
    pub fn health(&self) -> NodeHealth {
        let mut health = NodeHealth::default();
        if self.state.phase == Phase::Paused && !self.state.reason.is_empty() {
            health.health = Health::Warn;
            health.message = format!("the job is paused: {}", self.state.reason);
        }
        health
    }

    /// For diagnostics.
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let usable =
            |station: &Station| matches!(station.standing, Standing::Usable | Standing::Busy);
        let stations = self.registry.all().filter(|(_, station)| usable(station)).count();
        vec![
            ("job", self.job_name().to_owned()),
            ("run", self.state.run.to_string()),
            ("parts", self.state.counts.parts().to_string()),
            ("stations", stations.to_string()),
        ]
    }
}

fn view(name: &str, station: &Station) -> StationView {
    let descriptor = &station.descriptor;
    let mean_time = if station.runs == 0 { 0.0 } else { station.worked / f64::from(station.runs) };
    StationView {
        name: name.to_owned(),
        id: descriptor.id.clone(),
        kind: descriptor.kind.clone(),
        capabilities: descriptor.capabilities.clone(),
        version: descriptor.version,
        state: match station.standing {
            Standing::Usable => 0,
            Standing::Busy => 1,
            Standing::NotReady(_) => 2,
            Standing::Silent(_) => 3,
            Standing::Resting { .. } => 4,
            Standing::Refused(_) => 5,
        },
        reason: station.standing.reason(),
        runs: station.runs,
        failures: station.failures,
        mean_time,
    }
}
