//! Jogging: the arm follows commands that come in a stream, and stops when they cease.
//!
//! The one rule: the arm is always on its way along a course that ends at rest, was looked at to its
//! end and found free. A new command makes a new course, which takes over from the one under way at
//! an instant that both know; when none can be found, the old one goes on to its stop.
//!
//! Terms: a *wish* is a command that counts; a *course* is what the arm does for it, as a trajectory
//! for `arm_controller/joint_trajectory`; a course is *taken* when control reports it.

mod command;
mod course;
mod ramp;
mod run;
mod search;
mod settings;
mod slow;
mod status;
#[cfg(test)]
mod tests;

pub use command::{Ask, Command, JogError};
pub use settings::Settings;
pub use status::{State as JogState, Status};

use trajectory::State;
use vocabulary::joint::JOINTS;
use vocabulary::plan::ControlState;
use vocabulary::time::{Monotonic, Now, Received, Stamp};

use crate::error::PlanningError;
use crate::planning::Planning;
use command::Wish;
use course::Course;
use run::{Run, Standing};
use status::Teller;

/// A course that goes on as it is needs no other one for so long, s.
const GOES_ON: f64 = 0.1;
/// Something near, or a singularity, is looked at more often, s.
const LOOKS: f64 = 0.03;
/// A stamp may lie so far ahead of our clock, s.
const EARLY: f64 = 0.1;

/// A trajectory to be published: from `start` on, points at times [s] from there.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// ROS time of its start.
    pub start: Stamp,
    /// Times, s, and states.
    pub points: Vec<(f64, State)>,
}

/// What a step works with.
pub struct Desk<'a> {
    /// The arm and its surroundings.
    pub planning: &'a Planning,
    /// The present.
    pub now: Now,
    /// Control's period, s.
    pub period: f64,
    /// Why nothing may be jogged now: another job runs, or the node is not active.
    pub obstacle: Option<PlanningError>,
}

/// The newest command that counts.
#[derive(Debug)]
struct Wished {
    wish: Wish,
    until: Monotonic,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Jog {
    wished: Option<Wished>,
    run: Option<Run>,
    /// Why commands move nothing until they have ceased for the time-out.
    locked: Option<String>,
    /// Newest valid command, counted or not, and until when it would have counted.
    streaming: Option<Monotonic>,
    /// What was looked for last, and when.
    looked: Option<(Wish, Monotonic)>,
    courses: u64,
    teller: Teller,
}

impl Jog {
    /// Takes commands in; a trajectory, when there is one to be published.
    pub fn step(&mut self, desk: &Desk, commands: &[Received<Command>]) -> Option<Sent> {
        for command in commands {
            self.take(command, desk);
        }
        self.expire(desk.now.mono);
        self.watch(desk);
        let sent = self.go(desk);
        if self.run.is_none() && self.wished.is_none() && self.locked.is_none() {
            self.teller.idle();
        }
        sent
    }

    /// What to tell, when it is news.
    pub fn status(&mut self, now: Monotonic) -> Option<Status> {
        self.teller.news(now)
    }

    /// Whether a course is under way: nobody else may move the arm, and someone should look often.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.run.is_some()
    }

    /// Commands refused since the start.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.teller.refused()
    }

    fn take(&mut self, command: &Received<Command>, desk: &Desk) {
        match self.sensible(command, desk) {
            Ok(wish) => {
                let timeout = desk.planning.config.jog.timeout;
                let until = command.at.shifted(timeout);
                self.streaming = Some(until);
                if self.locked.is_none() {
                    self.wished = Some(Wished { wish, until });
                }
            }
            Err(error) => self.teller.refuse(&error),
        }
    }

    fn sensible(&self, command: &Received<Command>, desk: &Desk) -> Result<Wish, JogError> {
        let Command { stamp, ask } = &command.value;
        let timeout = desk.planning.config.jog.timeout;
        let age = desk.now.stamp.seconds_from(*stamp);
        if *stamp != Stamp(0) && !(-EARLY..=timeout).contains(&age) {
            return Err(JogError::Old { age, timeout });
        }
        let wish = Wish::of(ask, desk.planning)?;
        match &desk.obstacle {
            Some(PlanningError::Busy) => return Err(PlanningError::Busy.into()),
            Some(_) => return Err(PlanningError::Inactive.into()),
            None => {}
        }
        desk.planning.surroundings()?;
        if self.run.is_none() && self.locked.is_none() {
            desk.planning.standing(desk.now.mono)?;
            desk.planning.at_rest(desk.now.mono)?;
        }
        Ok(wish)
    }

    /// Commands that are too old do not count; what locked them is over when they have ceased.
    fn expire(&mut self, now: Monotonic) {
        if self.wished.as_ref().is_some_and(|wished| wished.until < now) {
            self.wished = None;
        }
        if self.streaming.is_none_or(|until| until < now) {
            self.streaming = None;
            self.locked = None;
        }
    }

    /// What has become of the course under way.
    fn watch(&mut self, desk: &Desk) {
        let Some(run) = &mut self.run else { return };
        match run.stands(desk) {
            Standing::Waiting | Standing::Taken => {}
            Standing::Arrived => self.run = None,
            Standing::Lost(reason) => {
                self.run = None;
                self.lock(reason);
            }
        }
        if desk.obstacle.is_some() && self.run.is_some() && self.wished.is_some() {
            self.lock("planning was given something else to do".to_owned());
        }
    }

    /// Nothing moves any more until commands have ceased.
    fn lock(&mut self, reason: String) {
        self.wished = None;
        self.teller.stopped(&format!("{reason}; release and begin anew"));
        self.locked = Some(reason);
    }

    /// The next course, when one is due.
    fn go(&mut self, desk: &Desk) -> Option<Sent> {
        let now = desk.now;
        let (wish, until) = self.wish(now.mono)?;
        let control = desk.planning.control(now.mono).ok()?;
        let (start, from) = match &self.run {
            Some(run) if !run.is_due(&wish, desk) => return None,
            Some(run) => run.handover(control, desk),
            None if self.has_just_looked(&wish, now.mono) => return None,
            None => {
                desk.planning.at_rest(now.mono).ok()?;
                desk.planning.standing(now.mono).ok()?;
                run::from_rest(control, desk)
            }
        };
        let hold = until.seconds_from(now.mono) - start.seconds_from(now.stamp);
        self.looked = Some((wish.clone(), now.mono));
        let found = search::search(desk.planning, (&wish, hold.max(0.0)), &from);
        if self.locked.is_none() {
            self.teller.found(&found, wish.is_rest());
        }
        let (stops, slowed) = (found.stops, found.share < 1.0);
        let mut course = self.chosen(found.course, control, desk)?;
        self.courses += 1;
        course.wait_until(tagged(course.duration(), self.courses));
        self.run = Some(Run::new(course.path()?, wish, start, run::Kind { now, stops, slowed }));
        Some(Sent { start, points: course.knots.into_iter().skip(1).collect() })
    }

    /// Whether there was no way for the same wish a moment ago.
    fn has_just_looked(&self, wish: &Wish, now: Monotonic) -> bool {
        let same = self.looked.as_ref().filter(|(looked, _)| looked == wish);
        same.is_some_and(|(_, at)| now.seconds_from(*at) < LOOKS)
    }

    /// What the arm shall do, and until when. A course that goes on though nothing counts any more
    /// is stopped; one whose commands have just ceased stops by itself.
    fn wish(&self, now: Monotonic) -> Option<(Wish, Monotonic)> {
        match (&self.wished, &self.run) {
            (Some(wished), _) => Some((wished.wish.clone(), wished.until)),
            (None, Some(run)) if self.locked.is_some() && !run.is_stopping() => {
                Some((Wish::Joints([0.0; JOINTS]), now))
            }
            _ => None,
        }
    }

    /// What of a search is driven. A stop that is not free is, when what is under way is not either:
    /// the scene changed.
    fn chosen(
        &self,
        found: Result<Course, Course>,
        control: &ControlState,
        desk: &Desk,
    ) -> Option<Course> {
        match (found, &self.run) {
            (Ok(course), Some(_)) => Some(course),
            (Ok(course), None) => Some(course).filter(|course| !course.is_rest()),
            (Err(stop), Some(run)) if !run.is_stopping() => {
                run.objection(control, desk).map(|_| stop)
            }
            (Err(_), _) => None,
        }
    }
}

/// A duration, s, by which a course is known again in the reports of control: whole milliseconds, and
/// its number in microseconds.
fn tagged(duration: f64, number: u64) -> f64 {
    ((duration * 1e3).ceil() + 1.0) * 1e-3 + (number % 999 + 1) as f64 * 1e-6
}
