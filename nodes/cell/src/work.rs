//! A step that takes time: its attempts, its deadline, and what is done when it does not succeed.
//!
//! The rule: whatever others do or leave undone, a step ends by its deadline.

use crate::cell::Cell;
use crate::config::seconds;
use crate::io::{Edit, Moved, News, Order, Outputs, Request, SceneAnswer, StationResult, What};
use crate::job::{Act, Action, Fallback};
use crate::state::{OpenOrder, State, Verdict};
use std::time::Duration;
use vocabulary::health::Level;
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

    fn next_number(&mut self) -> u64 {
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

    /// Asks whoever can be asked, or waits for somebody to come.
    fn ask(
        &mut self,
        now: Now,
        (capability, parameters, wait): (String, Vec<(String, String)>, f64),
        out: &mut Outputs,
    ) {
        let Some(doing) = &mut self.doing else { return };
        let without: &[String] = if doing.others { &doing.asked } else { &[] };
        let known = doing.prefer.take();
        let everybody_else: Vec<String> = match &known {
            Some(known) => self
                .registry
                .all()
                .map(|(name, _)| name.to_owned())
                .filter(|name| name != known)
                .collect(),
            None => without.to_vec(),
        };
        let in_grace = now.mono < self.grace_until;
        let chosen = self.registry.pick(&capability, &everybody_else);
        let chosen = match chosen {
            None if !(doing.again && in_grace) => self.registry.pick(&capability, without),
            chosen => chosen,
        };
        let Some(station) = chosen.map(str::to_owned) else {
            // Whoever was asked before this process began is given the time to be found.
            doing.prefer = known.filter(|_| in_grace);
            let mut patient = (doing.began + seconds(wait)).max(self.grace_until);
            if doing.others {
                patient = now.mono;
            }
            // Whoever is busy is free soon; his heartbeat may only not have said so yet.
            if self.registry.is_busy(&capability, without) {
                patient = patient.max(doing.until);
            }
            if now.mono < patient {
                doing.attempt = Attempt::Seek(patient);
                return;
            }
            let why = self.registry.why_nobody(&capability, without);
            return self.failed(now, &why, out);
        };
        let boot_id = self.registry.get(&station).map_or(0, |it| it.descriptor.boot_id);
        doing.allow(now.mono);
        let allowed_time = doing.until.since(now.mono).as_secs_f64();
        doing.asked.push(station.clone());
        let order = self.order_for(now, &station);
        let number = self.next_number();
        let request = Request {
            order: order.clone(),
            part: self.state.part.clone().unwrap_or_default(),
            capability,
            parameters,
            allowed_time,
        };
        out.orders.push(Order::Ask { number, station: station.clone(), request });
        if let Some(doing) = &mut self.doing {
            doing.attempt = Attempt::Ask { number, station, boot_id, order, sent: now.mono };
        }
        self.changed();
    }

    /// The order that this station has already, or a new one.
    fn order_for(&mut self, now: Now, station: &str) -> String {
        if let Some(open) = self.state.open.as_ref().filter(|open| open.station == station) {
            return open.order.clone();
        }
        if self.state.token.is_empty() {
            self.state.token = format!("{:x}", now.stamp.0);
        }
        self.state.orders += 1;
        let State { token, run, orders, .. } = &self.state;
        let order = format!("{}_{run}_{token}_{orders}", self.job_name());
        let station = station.to_owned();
        self.state.open = Some(OpenOrder { order: order.clone(), station });
        order
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

    /// A result that nobody waits for: late, or there for the second time.
    fn late(&mut self, now: Now, what: &What, out: &mut Outputs) {
        // An order that was withdrawn is answered too, by a station that gives it up.
        if let What::Result(result) = what
            && result.succeeded
        {
            self.state.counts.refused += 1;
            self.changed();
            let order = &result.order;
            let what = format!("a result for {order:?}, for which nobody waits, is ignored");
            self.event(now, Level::Warn, "", what, out);
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

    /// Believes a result, or says why not.
    fn judge(&mut self, now: Now, result: &StationResult, out: &mut Outputs) {
        let Some(Doing { attempt: Attempt::Ask { station, order, sent, .. }, .. }) = &self.doing
        else {
            return;
        };
        let (station, order) = (station.clone(), order.clone());
        let took = now.mono.since(*sent).as_secs_f64();
        if !result.succeeded {
            let why = format!("station {station} gave up: {}", result.reason);
            return self.attempt_failed(now, &why, out);
        }
        let part = self.state.part.clone().unwrap_or_default();
        match verdict(result, &order, &part) {
            Err(nonsense) => {
                self.state.counts.refused += 1;
                let why = format!("result of station {station} is refused: {nonsense}");
                self.attempt_failed(now, &why, out);
            }
            Ok(verdict) => {
                self.registry.succeeded(&station, took);
                self.stations_changed();
                if let Some(verdict) = verdict {
                    self.state.last = verdict;
                    if verdict >= self.state.verdict {
                        self.state.verdict = verdict;
                        result.reason.clone_into(&mut self.state.why);
                    }
                }
                self.done();
            }
        }
    }

    /// The step is finished.
    fn done(&mut self) {
        self.leave(self.state.place + 1);
    }

    fn leave(&mut self, place: usize) {
        self.doing = None;
        (self.state.begun, self.state.open) = (false, None);
        self.state.place = place;
        if self.state.single && self.state.phase.works() {
            self.pause("one step was done");
        }
        self.changed();
    }

    /// Whoever was asked in vain is remembered for it.
    fn blame(&mut self, now: Now, why: &str) {
        if let Some(Doing { attempt: Attempt::Ask { station, .. }, .. }) = &self.doing {
            let station = station.clone();
            self.registry.failed(now.mono, &station, why);
            self.stations_changed();
        }
    }

    fn attempt_failed(&mut self, now: Now, why: &str, out: &mut Outputs) {
        self.blame(now, why);
        self.withdraw(out);
        self.failed(now, why, out);
    }

    /// What comes next after an attempt in vain.
    fn failed(&mut self, now: Now, why: &str, out: &mut Outputs) {
        self.state.open = None;
        let Some(doing) = &mut self.doing else { return };
        let next = doing.act.care.then.get(doing.tries).copied();
        let station = doing.asked.last().cloned().unwrap_or_default();
        doing.tries += 1;
        doing.again = false;
        match next {
            Some(Fallback::OtherStation) => {
                doing.others = true;
                doing.attempt = Attempt::Rest(now.mono);
                self.again(now, (&station, format!("{why}; another station is asked")), out);
            }
            Some(_) => {
                doing.others = false;
                doing.prefer = doing.asked.last().cloned();
                doing.attempt = Attempt::Rest(now.mono + PAUSE);
                self.again(now, (&station, format!("{why}; it is tried again")), out);
            }
            None => self.give_up(now, why, out),
        }
    }

    fn again(&mut self, now: Now, (station, what): (&str, String), out: &mut Outputs) {
        self.state.counts.retries += 1;
        self.changed();
        self.event(now, Level::Warn, station, what, out);
    }

    /// The last fallback of the step.
    fn give_up(&mut self, now: Now, why: &str, out: &mut Outputs) {
        let Some(doing) = &self.doing else { return };
        let (last, calls) = (doing.act.care.last, matches!(doing.act.action, Action::Call { .. }));
        let station = doing.asked.last().cloned().unwrap_or_default();
        match last {
            Fallback::SetAside(place) => {
                let what = format!("{why}; the part is set aside");
                self.event(now, Level::Warn, &station, what, out);
                why.clone_into(&mut self.state.why);
                self.leave(place);
            }
            Fallback::Skip => {
                self.event(now, Level::Warn, &station, format!("{why}; the step is skipped"), out);
                self.state.counts.skipped += 1;
                if calls {
                    self.state.last = Verdict::Unchecked;
                    if self.state.verdict == Verdict::Unchecked {
                        why.clone_into(&mut self.state.why);
                    }
                }
                self.leave(self.state.place + 1);
            }
            Fallback::Stop | Fallback::Retry | Fallback::OtherStation => {
                let what = format!("{why}; the job is paused, cell/resume tries it again");
                self.event(now, Level::Error, &station, what, out);
                self.leave(self.state.place);
                self.pause(why);
            }
        }
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

/// The verdict of a result; none when there was nothing to judge.
fn verdict(result: &StationResult, order: &str, part: &str) -> Result<Option<Verdict>, String> {
    if result.order != order {
        return Err(format!("it is for order {:?}, asked was {order:?}", result.order));
    }
    if result.part != part {
        return Err(format!("it is about part {:?}, asked was {part:?}", result.part));
    }
    if let Some((name, value)) = result.measurements.iter().find(|(_, value)| !value.is_finite()) {
        return Err(format!("measurement {name:?} is {value}"));
    }
    if !result.took.is_finite() || result.took < 0.0 {
        return Err(format!("took is {} s", result.took));
    }
    match result.verdict {
        0 => Ok(None),
        1 => Ok(Some(Verdict::Pass)),
        2 => Ok(Some(Verdict::Fail)),
        3 => Ok(Some(Verdict::Unsure)),
        unknown => Err(format!("verdict {unknown} is none of 0, 1, 2, 3")),
    }
}
