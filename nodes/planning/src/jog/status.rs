//! What is told of jogging, in words.
//!
//! The rule: a change of the state is told at once, other words at most five times a second.

use vocabulary::time::Monotonic;

use super::JogError;
use super::search::Found;

/// Between two words of the same state, s.
const QUIET: f64 = 0.2;

/// As the constants of `armature_msgs/JogStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)] // the message says it
pub enum State {
    #[default]
    Idle = 0,
    Jogging = 1,
    Slowed = 2,
    Stopped = 3,
    Refused = 4,
}

/// What jogging does, and why.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    /// What it does.
    pub state: State,
    /// Share of the commanded speed.
    pub scale: f64,
    /// In words.
    pub reason: String,
    /// Commands refused since the start.
    pub refused: u64,
}

/// Knows what was told.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    status: Status,
    told: Option<(Status, Monotonic)>,
}

impl Teller {
    pub(crate) fn refused(&self) -> u64 {
        self.status.refused
    }

    pub(crate) fn idle(&mut self) {
        if self.status.state != State::Refused {
            self.set(State::Idle, 0.0, "");
        }
    }

    pub(crate) fn refuse(&mut self, error: &JogError) {
        self.status.refused += 1;
        self.set(State::Refused, 0.0, &error.to_string());
    }

    pub(crate) fn stopped(&mut self, reason: &str) {
        self.set(State::Stopped, 0.0, reason);
    }

    /// What a search found for a command, one that asks for no motion or another one.
    pub(crate) fn found(&mut self, found: &Found, rest: bool) {
        let state = match found.share {
            _ if rest => return self.set(State::Idle, 0.0, ""),
            _ if found.stops => State::Stopped,
            share if share < 1.0 => State::Slowed,
            _ => State::Jogging,
        };
        self.set(state, found.share, &found.reason);
    }

    /// What to tell, when it is news.
    pub(crate) fn news(&mut self, now: Monotonic) -> Option<Status> {
        let due = match &self.told {
            None => true,
            Some((told, at)) => {
                told.state != self.status.state
                    || (*told != self.status && now.seconds_from(*at) >= QUIET)
            }
        };
        due.then(|| {
            self.told = Some((self.status.clone(), now));
            self.status.clone()
        })
    }

    fn set(&mut self, state: State, scale: f64, reason: &str) {
        (self.status.state, self.status.scale) = (state, scale);
        reason.clone_into(&mut self.status.reason);
    }
}
