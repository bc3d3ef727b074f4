//! A step that takes time: its attempts, its deadline, and what is done when it does not succeed.
//!
//! The rule: whatever others do or leave undone, a step ends by its deadline.

mod asking;
mod fallback;

use crate::cell::Cell;
use crate::config::seconds;
use crate::io::{Edit, Moved, News, Order, Outputs, SceneAnswer, What};
use crate::job::{Act, Action};
use std::time::Duration;
use vocabulary::time::{Monotonic, Now};

/// Before the same is tried again.
const PAUSE: Duration = Duration::from_millis(200);
/// Whoever has not said yes within this time is asked again: nobody may have heard it.
const ANSWER: Duration = Duration::from_secs(1);

/// The step under way.
#[derive(Debug, Clone)]
pub struct Doing {
    /// What.
    pub act: Act,
    /// Its line.
    pub line: u32,
    /// When it began.
    pub began: Monotonic,
    /// The attempt under way.
    pub attempt: Attempt,
    /// When that ends in any case.
    until: Monotonic,
    /// Fallbacks used.
    tries: usize,
    /// Stations asked.
    asked: Vec<String>,
    /// Whom to ask, if he can be.
    prefer: Option<String>,
    /// Only those that were not asked.
    others: bool,
    /// Begun by an earlier start of the process: its effect may be there already.
    again: bool,
}

/// How it is tried.
#[derive(Debug, Clone, PartialEq)]
pub enum Attempt {
    /// Begins when it is time.
    Rest(Monotonic),
    /// The arm moves.
    Move {
        /// Of the order.
        number: u64,
        /// When it was given.
        sent: Monotonic,
        /// Whether somebody has it.
        accepted: bool,
    },
    /// The scene changes.
    Scene {
        /// Of the order.
        number: u64,
        /// When it was given.
        sent: Monotonic,
    },
    /// A station works.
    Ask {
        /// Of the order.
        number: u64,
        /// Who.
        station: String,
        /// Its process.
        boot_id: u64,
        /// Name of the order.
        order: String,
        /// When it was given.
        sent: Monotonic,
    },
    /// Nobody can be asked yet.
    Seek(Monotonic),
    /// Time passes.
    Dwell(Monotonic),
}

impl Doing {
    fn deadline(&self) -> Monotonic {
        self.began + seconds(self.act.care.deadline)
    }

    /// An attempt begins now.
    fn allow(&mut self, now: Monotonic) {
        self.until = (now + seconds(self.act.care.attempt)).min(self.deadline());
    }
}

impl Cell {
    /// Begins the step at the current place.
    pub(crate) fn begin_act(&mut self, now: Now, act: Act, out: &mut Outputs) {
        let until = now.mono + seconds(act.care.attempt);
        let open = self.state.open.clone();
        let again = std::mem::replace(&mut self.state.begun, true);
        self.doing = Some(Doing {
            line: self.here().line,
            began: now.mono,
            attempt: Attempt::Rest(now.mono),
            until,
            tries: 0,
            asked: Vec::new(),
            prefer: open.map(|open| open.station),
            others: false,
            again,
            act,
        });
        self.changed();
        self.try_it(now, out);
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// One attempt begins.
    fn try_it(&mut self, now: Now, out: &mut Outputs) {
        let Some(doing) = &mut self.doing else { return };
        if !matches!(doing.attempt, Attempt::Seek(_)) {
            doing.allow(now.mono);
        }
        let part = self.state.part.clone().unwrap_or_default();
        let attempt = match doing.act.action.clone() {
            Action::MoveTo { target, line, speed } => {
                let number = self.next_number();
                out.orders.push(Order::Move { number, target, line, speed });
                Attempt::Move { number, sent: now.mono, accepted: false }
            }
            Action::Place(name, shape, pose) => self.edit(now, Edit::Add(name, shape, pose), out),
            Action::Grip(None, shape, pose) => self.edit(now, Edit::Attach(part, shape, pose), out),
            Action::Grip(Some(name), ..) => self.edit(now, Edit::Take(name), out),
            Action::Release(name, keep) => {
                let name = name.unwrap_or(part);
                let edit = if keep { Edit::Detach(name) } else { Edit::Remove(name) };
                self.edit(now, edit, out)
            }
            Action::Call { capability, parameters, wait } => {
                let parameters = parameters.into_iter().collect();
                return self.ask(now, (capability, parameters, wait), out);
            }
            Action::Wait(time) => Attempt::Dwell(now.mono + seconds(time)),
        };
        if let Some(doing) = &mut self.doing {
            doing.attempt = attempt;
        }
    }

    fn edit(&mut self, now: Now, edit: Edit, out: &mut Outputs) -> Attempt {
        let number = self.next_number();
        out.orders.push(Order::Scene { number, edit });
        Attempt::Scene { number, sent: now.mono }
    }

    /// Looks after the step under way; true when something changed.
    pub(crate) fn watch(&mut self, now: Now, out: &mut Outputs) -> bool {
        let Some(doing) = &self.doing else { return false };
        let (number, place) = (self.number, self.state.place);
        if now.mono >= doing.deadline() && !matches!(doing.attempt, Attempt::Dwell(_)) {
            let why = match &doing.attempt {
                Attempt::Ask { station, .. } => format!("station {station} gave no result"),
                Attempt::Move { .. } => "the arm did not arrive".to_owned(),
                Attempt::Scene { .. } => "planning gave no answer".to_owned(),
                Attempt::Rest(_) | Attempt::Seek(_) | Attempt::Dwell(_) => "in vain".to_owned(),
            };
            let deadline = doing.act.care.deadline;
            self.blame(now, &why);
            self.withdraw(out);
            self.give_up(now, &format!("{why} within the deadline of {deadline} s"), out);
            return true;
        }
        let until = doing.until;
        match doing.attempt.clone() {
            Attempt::Dwell(end) if now.mono >= end => self.done(),
            Attempt::Rest(end) if now.mono >= end => self.try_it(now, out),
            Attempt::Seek(_) => self.try_it(now, out),
            Attempt::Ask { station, boot_id, .. } if !self.registry.is_alive(&station, boot_id) => {
                let why = self.registry.get(&station).map_or_else(String::new, |it| {
                    match it.descriptor.boot_id == boot_id {
                        true => it.standing.reason(),
                        false => "it was started anew".to_owned(),
                    }
                });
                self.attempt_failed(now, &format!("station {station} is gone: {why}"), out);
            }
            Attempt::Ask { station, sent, .. } if now.mono >= until => {
                let after = now.mono.since(sent).as_secs_f64();
                let why = format!("station {station} gave no result within {after:.1} s");
                self.attempt_failed(now, &why, out);
            }
            Attempt::Move { .. } | Attempt::Scene { .. } if now.mono >= until => {
                let attempt = self.doing.as_ref().map_or(0.0, |it| it.act.care.attempt);
                self.attempt_failed(now, &format!("not done within {attempt} s"), out);
            }
            Attempt::Move { sent, accepted: false, .. } | Attempt::Scene { sent, .. }
                if now.mono.since(sent) >= ANSWER =>
            {
                self.try_it(now, out);
            }
            _ => {}
        }
        // Another attempt, another step or none at all.
        self.doing.is_none() || self.number != number || self.state.place != place
    }

    /// Takes in what became of an order; what is about another one than the one under way is old.
    pub(crate) fn take(&mut self, now: Now, News { number, what }: News, out: &mut Outputs) {
        let Some(doing) = &mut self.doing else { return self.late(now, &what, out) };
        match (&mut doing.attempt, what) {
            (Attempt::Move { number: mine, accepted, .. }, What::Accepted) if *mine == number => {
                *accepted = true;
            }
            (Attempt::Move { number: mine, .. }, What::Moved(moved)) if *mine == number => {
                self.moved(now, moved, out);
            }
            (Attempt::Scene { number: mine, .. }, What::Scene(answer)) if *mine == number => {
                self.answered(now, &answer, out);
            }
            (Attempt::Ask { number: mine, .. }, What::Result(result)) if *mine == number => {
                self.judge(now, &result, out);
            }
            (
                Attempt::Move { number: mine, .. }
                | Attempt::Scene { number: mine, .. }
                | Attempt::Ask { number: mine, .. },
                What::Lost(why),
            ) if *mine == number => self.attempt_failed(now, &why, out),
            (_, what) => self.late(now, &what, out),
        }
    }

    fn moved(&mut self, now: Now, moved: Moved, out: &mut Outputs) {
        match moved {
            Moved::Reached => self.done(),
            // Not an attempt of ours: somebody else's motion, or one of ours that comes to its stop.
            Moved::Busy(_) => {
                if let Some(doing) = &mut self.doing {
                    doing.attempt = Attempt::Rest(now.mono + PAUSE);
                }
            }
            Moved::Failed(why) => self.attempt_failed(now, &why, out),
        }
    }

    fn answered(&mut self, now: Now, answer: &SceneAnswer, out: &mut Outputs) {
        let part = self.state.part.clone().unwrap_or_default();
        let Some(doing) = &self.doing else { return };
        // Asked before, by an earlier start of this process or when the answer was lost.
        let there = match &doing.act.action {
            Action::Place(name, ..) => answer.objects.contains(name),
            Action::Grip(name, ..) => answer.attached.contains(name.as_ref().unwrap_or(&part)),
            Action::Release(name, keep) => {
                let name = name.as_ref().unwrap_or(&part);
                !answer.attached.contains(name) && (*keep || !answer.objects.contains(name))
            }
            _ => false,
        };
        if answer.success || there {
            self.done();
        } else {
            self.attempt_failed(now, &answer.message, out);
        }
    }

    /// The step is finished.
    pub(super) fn done(&mut self) {
        self.leave(self.state.place + 1);
    }

    pub(super) fn leave(&mut self, place: usize) {
        self.doing = None;
        (self.state.begun, self.state.open) = (false, None);
        self.state.place = place;
        if self.state.single && self.state.phase.works() {
            self.pause("one step was done");
        }
        self.changed();
    }

    /// Tells whoever works on it that nobody waits any more.
    pub(crate) fn withdraw(&mut self, out: &mut Outputs) {
        match self.doing.as_ref().map(|doing| &doing.attempt) {
            Some(Attempt::Move { .. }) => out.orders.push(Order::StopMove),
            Some(Attempt::Ask { station, .. }) => {
                out.orders.push(Order::Withdraw { station: station.clone() });
            }
            _ => {}
        }
    }
}
