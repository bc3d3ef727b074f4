//! The cell: the job, the stations, and what is under way.

use crate::config::{Config, ConfigError, seconds};
use crate::error::JobError;
use crate::io::{Event, Heard, Inputs, Outputs, Said};
use crate::job::{Branches, Job, Work};
use crate::registry::{Registry, Standing};
use crate::state::{Fate, PartRecord, Phase, State, Verdict};
use crate::store::{Restored, Save};
use crate::work::Doing;
use std::time::Duration;
use vocabulary::health::{Level, LogLine};
use vocabulary::time::{Monotonic, Now, Pace};

/// Instructions that take no time, per step: a job that has more of them in a row goes on in the next.
const MOST_INSTRUCTIONS: usize = 1_000;
/// Between two reports when nothing changes.
const STATUS_PERIOD: Duration = Duration::from_secs(1);

/// The cell.
#[derive(Debug)]
pub struct Cell {
    pub(crate) registry: Registry,
    pub(crate) job: Option<Job>,
    pub(crate) state: State,
    pub(crate) doing: Option<Doing>,
    /// Number of the last order.
    pub(crate) number: u64,
    /// Until when stations may still be on their way to be found.
    pub(crate) grace_until: Monotonic,
    /// When the part came; none after a start of the process.
    part_since: Option<Monotonic>,
    session: String,
    grace: Duration,
    started: bool,
    /// What is to be saved with the next step.
    pub(crate) unsaved: bool,
    new_text: Option<String>,
    finished: Vec<PartRecord>,
    pub(crate) pace: Pace,
    told_part: Option<String>,
    stations_changed: bool,
}

impl Cell {
    /// A cell that goes on where the state ends; `job` is the text of the file that is configured.
    ///
    /// # Errors
    /// [`ConfigError`]. A job that is wrong is no error here: the second value is what to say of it.
    pub fn new(
        config: &Config,
        job: Option<&str>,
        restored: Option<Restored>,
    ) -> Result<(Self, Vec<LogLine>), ConfigError> {
        config.validate()?;
        let mut cell = Self {
            registry: Registry::new(config.patience()),
            job: None,
            state: State::default(),
            doing: None,
            number: 0,
            grace_until: Monotonic::default(),
            part_since: None,
            session: config.session.clone(),
            grace: seconds(config.grace),
            started: false,
            unsaved: false,
            new_text: None,
            finished: Vec::new(),
            pace: Pace::new(STATUS_PERIOD),
            told_part: None,
            stations_changed: true,
        };
        let lines = cell.begin(config, job, restored);
        Ok((cell, lines))
    }

    /// Goes on with what was under way, or loads what is configured.
    fn begin(
        &mut self,
        config: &Config,
        job: Option<&str>,
        restored: Option<Restored>,
    ) -> Vec<LogLine> {
        let mut lines = Vec::new();
        let mut known = None;
        if let Some(Restored { state, job: text }) = restored {
            let same = !self.session.is_empty() && state.session == self.session;
            self.state.run = state.run;
            match Job::read(&text) {
                Ok(job) if fits(&job, &state) => {
                    if state.phase.is_open() || same {
                        known = Some((text, same));
                        lines.extend(self.go_on(job, state, same));
                    }
                }
                Ok(_) => {
                    lines.push(LogLine::warn("the stored state does not fit its job: dropped"))
                }
                Err(error) => lines.push(LogLine::warn(format!("the stored job: {error}"))),
            }
        }
        let Some(text) = job else { return lines };
        // In the same session the file was taken already, whatever became of its job.
        if known.is_some_and(|(known, same)| same || known == text) {
            return lines;
        }
        match self.load(text) {
            Ok(()) if config.run => {
                self.start();
                lines.push(LogLine::info(format!("the job {} begins", self.job_name())));
            }
            Ok(()) => lines.push(LogLine::info(format!("the job {} is loaded", self.job_name()))),
            Err(error) => lines.push(LogLine::error(format!("{}: {error}", config.job))),
        }
        lines
    }

    fn go_on(&mut self, job: Job, state: State, same_session: bool) -> Option<LogLine> {
        let name = job.name.clone();
        self.job = Some(job);
        self.state = state;
        self.state.session.clone_from(&self.session);
        self.unsaved = true;
        let part = self.state.part.clone().unwrap_or_default();
        if !self.state.phase.is_open() {
            return None;
        }
        if !same_session && self.state.phase.works() {
            self.state.phase = Phase::Paused;
            "the arm was started anew; cell/resume goes on".clone_into(&mut self.state.reason);
        }
        let (line, reason) = (self.here().line, &self.state.reason);
        Some(LogLine::info(match self.state.phase {
            Phase::Paused => format!("the job {name} is paused at line {line} {part}: {reason}"),
            _ => format!("the job {name} goes on at line {line} {part}"),
        }))
    }

    /// Takes another job.
    pub(crate) fn load(&mut self, text: &str) -> Result<(), JobError> {
        let job = Job::read(text)?;
        let run = self.state.run;
        let session = self.session.clone();
        let counters = vec![0; job.counters];
        let phase = Phase::Loaded;
        self.state = State { session, run, phase, counters, ..State::default() };
        self.job = Some(job);
        self.doing = None;
        self.new_text = Some(text.to_owned());
        self.changed();
        Ok(())
    }

    /// A new run of the job that is there.
    pub(crate) fn start(&mut self) {
        let counters = vec![0; self.job.as_ref().map_or(0, |job| job.counters)];
        let (session, run) = (self.session.clone(), self.state.run + 1);
        self.state = State { session, run, phase: Phase::Running, counters, ..State::default() };
        self.doing = None;
        self.part_since = None;
        self.changed();
    }

    pub(crate) fn changed(&mut self) {
        self.unsaved = true;
        self.pace.hurry();
    }

    pub(crate) fn job_name(&self) -> &str {
        self.job.as_ref().map_or("", |job| &job.name)
    }

    pub(crate) fn here(&self) -> crate::job::Instruction {
        let end = crate::job::Instruction { line: 0, work: Work::End };
        self.job.as_ref().map_or(end, |job| job.at(self.state.place).clone())
    }

    /// One step: takes in what happened, goes on with the job, tells.
    pub fn step(&mut self, now: Now, inputs: Inputs) -> Outputs {
        if !self.started {
            self.started = true;
            self.grace_until = now.mono + self.grace;
        }
        let mut out = Outputs::default();
        self.hear(now, inputs.heard, &mut out);
        for (asker, command) in inputs.commands {
            let reply = self.command(now, command, &mut out);
            out.replies.push((asker, reply));
        }
        for news in inputs.news {
            self.take(now, news, &mut out);
        }
        self.advance(now, &mut out);
        self.tell(now, &mut out);
        out
    }

    fn hear(&mut self, now: Now, heard: Vec<Heard>, out: &mut Outputs) {
        for Heard { at, topic, said } in heard {
            match said {
                Said::Descriptor(descriptor) => self.registry.describe(at, &topic, descriptor),
                Said::Beat(beat) => self.registry.beat(at, &topic, beat),
            }
        }
        for (name, before) in self.registry.look(now.mono) {
            self.stations_changed = true;
            self.station_event(now, &name, &before, out);
        }
    }

    fn station_event(&self, now: Now, name: &str, before: &Standing, out: &mut Outputs) {
        let Some(station) = self.registry.get(name) else { return };
        let can = station.descriptor.capabilities.join(", ");
        let (level, what) = match (&station.standing, before) {
            // Every order makes it busy and ready again.
            (Standing::Usable, Standing::Busy) | (Standing::Busy, Standing::Usable) => return,
            (Standing::Usable | Standing::Busy, _) => {
                (Level::Info, format!("station {name} is there: {can}"))
            }
            (Standing::NotReady(why), _) => {
                (Level::Warn, format!("station {name} is not ready: {why}"))
            }
            (Standing::Silent(_), _) => {
                (Level::Warn, format!("station {name} is gone: it says nothing any more"))
            }
            (Standing::Resting { .. }, _) => {
                (Level::Warn, format!("station {name} {}", station.standing.reason()))
            }
            (Standing::Refused(refusal), _) => {
                (Level::Error, format!("station {name} is refused: {refusal}"))
            }
        };
        self.event(now, level, name, what, out);
    }

    /// Tells people, and writes it to the console.
    pub(crate) fn event(
        &self,
        now: Now,
        level: Level,
        station: &str,
        what: String,
        out: &mut Outputs,
    ) {
        let (step, line) = self.step_name();
        let place = if line == 0 { String::new() } else { format!("line {line}, {step}: ") };
        out.log.push(LogLine { level, text: format!("{place}{what}") });
        out.events.push(Event {
            stamp: now.stamp,
            level,
            run: self.state.run,
            step,
            line,
            part: self.state.part.clone().unwrap_or_default(),
            station: station.to_owned(),
            what,
        });
    }

    /// Goes on until something takes time.
    fn advance(&mut self, now: Now, out: &mut Outputs) {
        for _ in 0..MOST_INSTRUCTIONS {
            if self.doing.is_some() && !self.watch(now, out) {
                return;
            }
            if self.doing.is_some() {
                continue;
            }
            if self.state.phase == Phase::Pausing {
                self.pause("somebody said pause");
            }
            if self.state.phase != Phase::Running {
                return;
            }
            self.instruction(now, out);
        }
    }

    pub(crate) fn pause(&mut self, reason: &str) {
        self.state.phase = Phase::Paused;
        self.state.single = false;
        reason.clone_into(&mut self.state.reason);
        self.changed();
    }

    fn instruction(&mut self, now: Now, out: &mut Outputs) {
        match self.here().work {
            Work::Act(act) => self.begin_act(now, *act, out),
            Work::Jump(place) => self.go(place),
            Work::Branch(branches) => self.go(branch(&branches, self.state.last)),
            Work::Repeat { counter, times, end } => {
                let place = if self.count(counter, times) { self.state.place + 1 } else { end };
                self.go(place);
            }
            Work::NextPart { counter, times, end } => {
                if self.count(counter, times) {
                    self.next_part(now);
                    self.go(self.state.place + 1);
                } else {
                    self.go(end);
                }
            }
            Work::PartDone(head) => {
                let (verdict, why) = (self.state.verdict, self.state.why.clone());
                self.finish_part(now, Fate::Judged(verdict), why, out);
                self.go(head);
            }
            Work::PartAside(head) => {
                let why = self.state.why.clone();
                self.finish_part(now, Fate::Aside, why, out);
                self.go(head);
            }
            Work::End => {
                self.state.phase = Phase::Done;
                self.state.reason.clear();
                self.changed();
                let parts = self.state.counts.parts();
                let what = format!("the job {} is done, {parts} parts", self.job_name());
                self.event(now, Level::Info, "", what, out);
            }
        }
    }

    fn go(&mut self, place: usize) {
        self.state.place = place;
        self.unsaved = true;
    }

    /// Counts a loop up; false, and back to 0, when it is over.
    fn count(&mut self, counter: usize, times: u32) -> bool {
        let Some(count) = self.state.counters.get_mut(counter) else { return false };
        if times != 0 && *count >= times {
            *count = 0;
            return false;
        }
        *count = count.saturating_add(1);
        true
    }

    fn next_part(&mut self, now: Now) {
        let number = self.state.counts.parts() + 1;
        let part = format!("{}_{}_{number:05}", self.job_name(), self.state.run);
        self.state.part = Some(part);
        (self.state.verdict, self.state.last) = (Verdict::Unchecked, Verdict::Unchecked);
        self.state.why.clear();
        self.part_since = Some(now.mono);
        self.changed();
    }

    fn finish_part(&mut self, now: Now, fate: Fate, reason: String, out: &mut Outputs) {
        let Some(part) = self.state.part.clone() else { return };
        let since = self.part_since.take();
        let cycle_time = since.map(|since| now.mono.since(since).as_secs_f64());
        let record = PartRecord { part, fate, reason, cycle_time };
        self.state.counts.add(&record);
        let (level, how) = match fate {
            Fate::Judged(Verdict::Pass) => (Level::Info, "good"),
            Fate::Judged(Verdict::Fail) => (Level::Info, "bad"),
            Fate::Judged(Verdict::Unsure) => (Level::Warn, "not sure"),
            Fate::Judged(Verdict::Unchecked) => (Level::Warn, "not looked at"),
            Fate::Aside => (Level::Warn, "set aside"),
        };
        let because = if record.reason.is_empty() { "" } else { ": " };
        let what = format!("part {} is done, {how}{because}{}", record.part, record.reason);
        self.event(now, level, "", what, out);
        self.state.part = None;
        self.finished.push(record);
        self.changed();
    }

    fn tell(&mut self, now: Now, out: &mut Outputs) {
        if self.unsaved {
            self.unsaved = false;
            let job = self.new_text.take();
            let parts = std::mem::take(&mut self.finished);
            out.save = Some(Save { state: self.state.clone(), job, parts });
        }
        let part = self.state.part.clone().unwrap_or_default();
        if self.told_part.as_ref() != Some(&part) {
            self.told_part = Some(part.clone());
            out.part = Some(part);
        }
        if self.pace.due(now.mono) {
            out.status = Some(self.status(now));
        }
        if std::mem::take(&mut self.stations_changed) {
            out.stations = Some(self.stations());
        }
    }

    pub(crate) fn stations_changed(&mut self) {
        self.stations_changed = true;
    }
}

/// Whether a stored state can be one of this job.
fn fits(job: &Job, state: &State) -> bool {
    state.place < job.program.len() && state.counters.len() == job.counters
}

fn branch(branches: &Branches, verdict: Verdict) -> usize {
    match verdict {
        Verdict::Pass => branches.pass,
        Verdict::Fail => branches.fail,
        Verdict::Unsure => branches.unsure,
        Verdict::Unchecked => branches.unchecked,
    }
}
