//! The cell as people see it, and the stations that they start beside it.
//!
//! The rule: nothing is asked of the cell that anybody else could not ask; what is judged is on its topics.

use crate::cli::root;
use crate::client::ArmClient;
use crate::single::Single;
use anyhow::{Context, Result, ensure};
use r2r::QosProfile;
use r2r::armature_msgs::msg::{CellEvent, CellStation, CellStations, CellStatus};
use r2r::armature_msgs::srv::LoadJob;
use std::cell::{Ref, RefCell};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

const ANSWER: Duration = Duration::from_secs(5);
/// What `cargo xtask` puts there for stations: where `armature_station` and OpenCV are.
const PACKAGES: &str = "ARMATURE_STATION_PACKAGES";

/// Everything that the cell tells.
#[derive(Debug)]
pub struct Line {
    status: Rc<RefCell<Option<CellStatus>>>,
    stations: Rc<RefCell<Option<CellStations>>>,
    events: Rc<RefCell<Vec<(Instant, CellEvent)>>>,
}

impl Line {
    /// Listens to the cell.
    ///
    /// # Errors
    /// When the subscriptions cannot be made.
    pub fn watch(arm: &mut ArmClient) -> Result<Self> {
        let latched = || QosProfile::default().reliable().transient_local().keep_last(1);
        let events = Rc::new(RefCell::new(Vec::new()));
        let heard = Rc::clone(&events);
        let line = Self {
            status: arm.listen("cell/status", latched())?,
            stations: arm.listen("cell/stations", latched())?,
            events,
        };
        arm.each("cell/events", QosProfile::default().keep_last(10), move |event| {
            heard.borrow_mut().push((Instant::now(), event));
        })?;
        Ok(line)
    }

    /// The newest status.
    #[must_use]
    pub fn status(&self) -> CellStatus {
        self.status.borrow().clone().unwrap_or_default()
    }

    /// A station as the cell sees it.
    #[must_use]
    pub fn station(&self, name: &str) -> Option<CellStation> {
        let all = self.stations.borrow();
        all.as_ref()?.stations.iter().find(|station| station.name == name).cloned()
    }

    /// All that happened, and when it was heard.
    #[must_use]
    pub fn events(&self) -> Ref<'_, Vec<(Instant, CellEvent)>> {
        self.events.borrow()
    }

    /// When something was said that contains `part`, after `since`.
    #[must_use]
    pub fn said(&self, part: &str, since: Instant) -> Option<Instant> {
        let events = self.events.borrow();
        events.iter().find(|(at, it)| *at >= since && it.what.contains(part)).map(|(at, _)| *at)
    }

    /// The parts that were told to be done, and how each ended: `good`, `bad` …, with the reason.
    #[must_use]
    pub fn finished(&self) -> Vec<(String, String)> {
        let events = self.events.borrow();
        let done = events.iter().filter_map(|(_, event)| {
            let (part, how) = event.what.strip_prefix("part ")?.split_once(" is done, ")?;
            Some((part.to_owned(), how.to_owned()))
        });
        done.collect()
    }

    /// Whether the cell may ask this station, now or when it has finished what it does.
    #[must_use]
    pub fn may_ask(&self, name: &str) -> bool {
        let may = [CellStation::USABLE as u8, CellStation::BUSY as u8];
        self.station(name).is_some_and(|station| may.contains(&station.state))
    }

    /// Waits until the cell may ask a station that was just started; `is_mark`
    /// knows the line that it prints when it begins to be there. When that was seen, if it was.
    ///
    /// # Errors
    /// After `limit`, with what the station and the cell said.
    pub fn join(
        &self,
        arm: &mut ArmClient,
        (name, station): (&str, &Single),
        is_mark: impl Fn(&str) -> bool,
        limit: Duration,
        mut meanwhile: impl FnMut(&Self),
    ) -> Result<Option<Instant>> {
        let (begin, mut there) = (Instant::now(), None);
        while !self.may_ask(name) {
            arm.pump();
            meanwhile(self);
            if there.is_none() && station.output().lines().any(&is_mark) {
                there = Some(Instant::now());
            }
            ensure!(
                begin.elapsed() < limit,
                "{name} never joined:\n{}\n{}",
                station.output(),
                self.told()
            );
        }
        Ok(there)
    }

    /// What happened, one line each, for errors.
    #[must_use]
    pub fn told(&self) -> String {
        let events = self.events.borrow();
        events
            .iter()
            .map(|(_, it)| format!("line {} {}: {}\n", it.line, it.step, it.what))
            .collect()
    }

    /// Pumps until `condition` holds; how long that took.
    ///
    /// # Errors
    /// After `limit`, naming `what`, with all that happened.
    pub fn wait(
        &self,
        arm: &mut ArmClient,
        what: &str,
        limit: Duration,
        mut condition: impl FnMut(&Self) -> bool,
    ) -> Result<Duration> {
        let waited = arm.wait_for(what, limit, |_| condition(self));
        waited.with_context(|| format!("{:?}\n{}", self.status(), self.told()))
    }

    /// Waits until a station is in this state of the cell's table.
    ///
    /// # Errors
    /// After `limit`.
    pub fn wait_for_station(
        &self,
        arm: &mut ArmClient,
        name: &str,
        state: u8,
        limit: Duration,
    ) -> Result<Duration> {
        let what = format!("station {name} in state {state}");
        self.wait(arm, &what, limit, |line| line.station(name).is_some_and(|it| it.state == state))
    }

    /// Gives the cell a job, and starts it.
    ///
    /// # Errors
    /// With its refusal.
    pub fn run(&self, arm: &mut ArmClient, job: &str) -> Result<()> {
        let answer = self.load(arm, job, false)?;
        ensure!(answer.success, "cell/load: {}", answer.message);
        arm.trigger("cell/start")?;
        Ok(())
    }

    /// Gives the cell a job, or only has it read.
    ///
    /// # Errors
    /// When the cell does not answer.
    pub fn load(&self, arm: &mut ArmClient, job: &str, check: bool) -> Result<LoadJob::Response> {
        let request = LoadJob::Request { text: job.to_owned(), check, ..Default::default() };
        arm.call::<LoadJob::Service>("cell/load", &request, ANSWER)
    }
}

/// A command that runs a station in Python; `script` from the root of the repository.
///
/// # Errors
/// When `cargo xtask` did not say where its packages are.
pub fn python_station(script: &str, words: &[&str]) -> Result<Command> {
    let more = std::env::var_os(PACKAGES)
        .with_context(|| format!("{PACKAGES} is not set: run this through `cargo xtask`"))?;
    let known = std::env::var_os("PYTHONPATH").unwrap_or_default();
    let all = std::env::split_paths(&known).chain(std::env::split_paths(&more));
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", std::env::join_paths(all)?);
    command.arg(root().join(script)).args(words);
    Ok(command)
}

/// Starts the inspection station.
///
/// # Errors
/// When it cannot be started.
pub fn inspection(name: &str) -> Result<Single> {
    Single::run(name, python_station("stations/inspection/inspection.py", &[name])?)
}
