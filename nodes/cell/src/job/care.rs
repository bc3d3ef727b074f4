//! How long a step may take, and what is done when it does not succeed.

use super::parse::Step;
use crate::error::{JobError, Wrong};
use crate::yaml::Node;

/// Words of `fallback`.
const WORDS: [&str; 5] = ["retry", "other_station", "skip", "set_aside", "stop"];
/// Most words of one.
const MOST: usize = 16;
/// Longest deadline, s.
const LONGEST: f64 = 86_400.0;

/// What to do when an attempt did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// The same again.
    Retry,
    /// The same, but at a station that was not asked in this step.
    OtherStation,
    /// Goes on with the next step, as if the part had not been looked at.
    Skip,
    /// Gives the part up: goes on at this place of the program.
    SetAside(usize),
    /// Pauses the job until somebody says resume.
    Stop,
}

/// The care for one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Care {
    /// Everything together, s.
    pub deadline: f64,
    /// One attempt, s.
    pub attempt: f64,
    /// What to try, in this order; [`Care::last`] when all is in vain.
    pub then: Vec<Fallback>,
    /// What ends the step in any case.
    pub last: Fallback,
}

impl Care {
    /// Of a step, whose default deadline this is; `aside` is where a part that is set aside goes on.
    pub(super) fn of(
        step: &Step<'_>,
        default: f64,
        aside: Option<usize>,
    ) -> Result<Self, JobError> {
        let deadline = step.option("deadline", |node| node.within(0.01, LONGEST))?;
        let deadline = deadline.unwrap_or(default);
        let (then, last) = match step.node.get("fallback") {
            None => (Vec::new(), Fallback::Stop),
            Some(node) => words(node, step.action == "call", aside)?,
        };
        let even = deadline / (then.len() + 1) as f64;
        let attempt = step.option("attempt", |node| {
            let attempt = node.within(0.01, LONGEST)?;
            if attempt > deadline {
                return Err(node.wrong(Wrong::AttemptTooLong { attempt, deadline }));
            }
            Ok(attempt)
        })?;
        Ok(Self { deadline, attempt: attempt.unwrap_or(even), then, last })
    }
}

/// One word, or a list of them.
fn words(
    node: &Node,
    calls: bool,
    aside: Option<usize>,
) -> Result<(Vec<Fallback>, Fallback), JobError> {
    let single = [node.clone()];
    let all = node.list().unwrap_or(&single);
    if all.len() > MOST {
        let (value, highest) = (all.len() as f64, MOST as f64);
        return Err(node.wrong(Wrong::Range { value, lowest: 1.0, highest }));
    }
    let mut then = Vec::new();
    let mut last: Option<(Fallback, String)> = None;
    for word in all {
        let text = word.text()?;
        if let Some((_, last)) = last {
            return Err(word.wrong(Wrong::AfterTheEnd { word: text.to_owned(), last }));
        }
        let fallback = match text {
            "retry" => Fallback::Retry,
            "other_station" if calls => Fallback::OtherStation,
            "other_station" => return Err(word.wrong(Wrong::NoOtherStation)),
            "skip" => Fallback::Skip,
            "set_aside" => {
                Fallback::SetAside(aside.ok_or_else(|| word.wrong(Wrong::NothingToSetAside))?)
            }
            "stop" => Fallback::Stop,
            _ => {
                let known = WORDS.map(str::to_owned).to_vec();
                return Err(word.wrong(Wrong::Word { word: text.to_owned(), known }));
            }
        };
        match fallback {
            Fallback::Retry | Fallback::OtherStation => then.push(fallback),
            _ => last = Some((fallback, text.to_owned())),
        }
    }
    Ok((then, last.map_or(Fallback::Stop, |(fallback, _)| fallback)))
}
