//! What is done after an attempt in vain.

use super::{Attempt, Doing, PAUSE};
use crate::cell::Cell;
use crate::io::Outputs;
use crate::job::{Action, Fallback};
use crate::state::Verdict;
use vocabulary::health::Level;
use vocabulary::time::Now;

impl Cell {
    /// Whoever was asked in vain is remembered for it.
    pub(super) fn blame(&mut self, now: Now, why: &str) {
        if let Some(Doing { attempt: Attempt::Ask { station, .. }, .. }) = &self.doing {
            let station = station.clone();
            self.registry.failed(now.mono, &station, why);
            self.stations_changed();
        }
    }

    pub(super) fn attempt_failed(&mut self, now: Now, why: &str, out: &mut Outputs) {
        self.blame(now, why);
        self.withdraw(out);
        self.failed(now, why, out);
    }

    /// What comes next after an attempt in vain.
    pub(super) fn failed(&mut self, now: Now, why: &str, out: &mut Outputs) {
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
    pub(super) fn give_up(&mut self, now: Now, why: &str, out: &mut Outputs) {
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
}
