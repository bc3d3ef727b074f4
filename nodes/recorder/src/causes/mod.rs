//! The chain of causes of a fault: who noticed what, about whom, when, in which order.
//!
//! The one rule: a chain is told at once, because the next second may be missing, and again with every
//! link that is found; links stand in the order in which they were noticed, not in which they were
//! heard.
//!
//! Terms: a *notice* is one link; an *incident* is a fault whose chain is still growing.

pub mod watch;

use crate::config::CausesConfig;
use std::collections::VecDeque;
use vocabulary::event::{Event, EventKind, Notice};
use vocabulary::health::Level;
use vocabulary::time::{Monotonic, Now, Stamp};

/// More links say nothing new.
const MOST: usize = 200;
/// A sender's stamp is believed when it lies at most so far before its reception, s.
const BEFORE: f64 = 5.0;
/// And at most so far after it, s.
const AFTER: f64 = 0.5;

/// A fault whose chain grows.
#[derive(Debug, Clone)]
struct Incident {
    event: Event,
    opened: Monotonic,
    last: Monotonic,
    changed: bool,
}

/// The incident at hand, and what was noticed shortly before it.
#[derive(Debug, Clone)]
pub struct Causes {
    config: CausesConfig,
    boot_id: u64,
    events: u64,
    recent: VecDeque<(Monotonic, Notice)>,
    incident: Option<Incident>,
}

impl Causes {
    /// Nothing noticed yet.
    #[must_use]
    pub fn new(config: CausesConfig, boot_id: u64) -> Self {
        Self { config, boot_id, events: 0, recent: VecDeque::new(), incident: None }
    }

    /// An event of another kind, complete as it is.
    pub fn event(&mut self, kind: EventKind, stamp: Stamp, text: String) -> Event {
        self.events += 1;
        let (boot_id, id) = (self.boot_id, self.events);
        Event { stamp, boot_id, id, revision: 0, complete: true, kind, text, chain: Vec::new() }
    }

    /// Takes in what was noticed. An error opens an incident; the rest belongs to one that is open, or
    /// to the next one when that comes soon.
    pub fn note(&mut self, now: Now, notice: Notice) {
        match &mut self.incident {
            Some(incident) => incident.add(now.mono, notice),
            None if notice.level == Level::Error => self.open(now, notice),
            None => self.recent.push_back((now.mono, notice)),
        }
    }

    fn open(&mut self, now: Now, notice: Notice) {
        let mut event = self.event(EventKind::Fault, notice.stamp, String::new());
        event.complete = false;
        let mut incident = Incident { event, opened: now.mono, last: now.mono, changed: true };
        self.forget(now.mono);
        for (_, before) in self.recent.drain(..) {
            incident.add(now.mono, before);
        }
        incident.add(now.mono, notice);
        self.incident = Some(incident);
    }

    fn forget(&mut self, now: Monotonic) {
        let old = |at: Monotonic| now.since(at).as_secs_f64() > self.config.lookback;
        while self.recent.front().is_some_and(|(at, _)| old(*at)) || self.recent.len() > MOST {
            self.recent.pop_front();
        }
    }

    /// What is to be told now.
    pub fn step(&mut self, now: Monotonic) -> Option<Event> {
        self.forget(now);
        let incident = self.incident.as_mut()?;
        let quiet = now.since(incident.last).as_secs_f64() >= self.config.quiet;
        let long = now.since(incident.opened).as_secs_f64() >= self.config.longest;
        incident.event.complete = quiet || long;
        if !incident.changed && !incident.event.complete {
            return None;
        }
        incident.changed = false;
        let told = incident.event.clone();
        incident.event.revision += 1;
        if told.complete {
            self.incident = None;
        }
        Some(told)
    }
}

impl Incident {
    fn add(&mut self, now: Monotonic, notice: Notice) {
        if self.event.chain.len() >= MOST {
            return;
        }
        self.last = now;
        self.changed = true;
        self.event.chain.push(notice);
        self.event.chain.sort_by_key(when);
        if let Some(first) = self.event.chain.first() {
            self.event.stamp = when(first);
        }
        self.event.text = text(&self.event.chain);
    }
}

/// When something was noticed: by the clock of who noticed it, unless that clock is another one.
fn when(notice: &Notice) -> Stamp {
    let behind = notice.heard.seconds_from(notice.stamp);
    if (-AFTER..=BEFORE).contains(&behind) { notice.stamp } else { notice.heard }
}

/// One line out of a chain: its first error, and how far it went.
fn text(chain: &[Notice]) -> String {
    let first = chain.iter().find(|notice| notice.level == Level::Error).or(chain.first());
    let Some(Notice { by, subject, what, .. }) = first else { return String::new() };
    let begin = format!("{subject}: {what} (noticed by {by})");
    match chain.last() {
        Some(last) if chain.len() > 1 => {
            let more = chain.len() - 1;
            format!("{begin}; {more} more, last {}: {}", last.subject, last.what)
        }
        _ => begin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(stamp: f64, heard: f64, level: Level, what: &str) -> Notice {
        Notice {
            stamp: Stamp(0).shifted(stamp),
            heard: Stamp(0).shifted(heard),
            level,
            by: "supervisor".to_owned(),
            subject: "control".to_owned(),
            what: what.to_owned(),
            topic: String::new(),
        }
    }

    fn at(seconds: f64) -> Now {
        Now { mono: Monotonic(0).shifted(seconds), stamp: Stamp(0).shifted(seconds) }
    }

    fn causes() -> Causes {
        Causes::new(CausesConfig::default(), 7)
    }

    fn whats(event: &Event) -> Vec<&str> {
        event.chain.iter().map(|notice| notice.what.as_str()).collect()
    }

    #[test]
    fn a_chain_stands_in_the_order_of_noticing() {
        let mut causes = causes();
        causes.note(at(10.0), notice(9.9, 10.0, Level::Error, "second"));
        causes.note(at(10.1), notice(9.8, 10.1, Level::Warn, "first"));
        let event = causes.step(at(10.1).mono).unwrap();
        assert_eq!(whats(&event), ["first", "second"]);
        assert_eq!(event.stamp, Stamp(0).shifted(9.8));
        assert!(
            event.text.starts_with("control: second (noticed by supervisor); 1 more"),
            "{}",
            event.text
        );
    }

    #[test]
    fn a_fault_is_told_at_once_and_again_until_it_is_complete() {
        let mut causes = causes();
        causes.note(at(1.0), notice(1.0, 1.0, Level::Error, "silent"));
        let first = causes.step(at(1.0).mono).unwrap();
        assert_eq!((first.id, first.revision, first.complete), (1, 0, false));
        assert_eq!(causes.step(at(1.02).mono), None);
        causes.note(at(1.5), notice(1.5, 1.5, Level::Info, "another took over"));
        let second = causes.step(at(1.5).mono).unwrap();
        assert_eq!((second.id, second.revision, second.complete), (1, 1, false));
        assert_eq!(causes.step(at(2.4).mono), None);
        let last = causes.step(at(2.5).mono).unwrap();
        assert_eq!((last.revision, last.complete, last.chain.len()), (2, true, 2));
        assert_eq!(causes.step(at(9.0).mono), None);
        causes.note(at(9.0), notice(9.0, 9.0, Level::Error, "again"));
        assert_eq!(causes.step(at(9.0).mono).unwrap().id, 2);
    }

    #[test]
    fn a_warning_shortly_before_belongs_to_the_causes_an_old_one_does_not() {
        let mut causes = causes();
        causes.note(at(1.0), notice(1.0, 1.0, Level::Warn, "old"));
        causes.step(at(4.0).mono);
        causes.note(at(4.0), notice(4.0, 4.0, Level::Warn, "late"));
        causes.note(at(5.0), notice(5.0, 5.0, Level::Error, "hold"));
        assert_eq!(whats(&causes.step(at(5.0).mono).unwrap()), ["late", "hold"]);
    }

    #[test]
    fn warnings_alone_are_no_fault() {
        let mut causes = causes();
        causes.note(at(1.0), notice(1.0, 1.0, Level::Warn, "warm"));
        assert_eq!(causes.step(at(1.0).mono), None);
    }

    #[test]
    fn an_endless_fault_is_told_in_pieces() {
        let mut causes = causes();
        let mut complete = 0;
        for step in 0..3_000 {
            let seconds = f64::from(step) * 0.01;
            causes.note(at(seconds), notice(seconds, seconds, Level::Error, "flaps"));
            let told = causes.step(at(seconds).mono);
            assert!(told.as_ref().is_none_or(|event| event.chain.len() <= MOST));
            complete += usize::from(told.is_some_and(|event| event.complete));
        }
        assert!((2..=30).contains(&complete), "{complete}");
    }

    #[test]
    fn a_foreign_clock_does_not_order_anything() {
        let mut causes = causes();
        causes.note(at(10.0), notice(10.0, 10.0, Level::Error, "first"));
        causes.note(at(10.1), notice(-3_600.0, 10.1, Level::Error, "second"));
        assert_eq!(whats(&causes.step(at(10.1).mono).unwrap()), ["first", "second"]);
    }
}
