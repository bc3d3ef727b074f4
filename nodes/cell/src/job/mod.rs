//! A job: what its YAML says, checked, as a program of small instructions.
//!
//! The rule: whatever can be known to be wrong before the arm moves is refused here, with its line: names
//! that nobody knows, routines that run each other in a circle, loops in which no time passes.
//!
//! Terms: an *action* is a step that takes time; *care* is what becomes of it when it does not succeed.

mod build;
mod care;
mod parse;
#[cfg(test)]
mod tests;

pub use care::{Care, Fallback};
pub use parse::ACTIONS;

use crate::error::JobError;
use std::collections::BTreeMap;

/// A checked job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// What to do.
    pub program: Vec<Instruction>,
    /// How many counters its loops need.
    pub counters: usize,
    /// Parts that it works on; 0 until somebody says stop, or when it has none.
    pub parts_planned: u32,
}

/// One instruction and where it stands in the YAML.
#[derive(Debug, Clone, PartialEq)]
pub struct Instruction {
    /// From 1.
    pub line: u32,
    /// What to do.
    pub work: Work,
}

/// What an instruction does.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Something that takes time.
    Act(Box<Act>),
    /// Goes on elsewhere.
    Jump(usize),
    /// Goes on by the verdict about the part.
    Branch(Branches),
    /// The head of a loop: goes on behind it so many times (0 for ever), then at `end`.
    Repeat {
        /// Its counter.
        counter: usize,
        /// How often.
        times: u32,
        /// Behind the loop.
        end: usize,
    },
    /// The head of a loop over parts: takes the next one.
    NextPart {
        /// Its counter.
        counter: usize,
        /// How many.
        times: u32,
        /// Behind the loop.
        end: usize,
    },
    /// The part is finished; goes on at the head.
    PartDone(usize),
    /// The part was set aside; goes on at the head.
    PartAside(usize),
    /// The job is done.
    End,
}

/// Where to go on after which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branches {
    /// Judged good.
    pub pass: usize,
    /// Judged bad.
    pub fail: usize,
    /// Looked at, and not judged.
    pub unsure: usize,
    /// Nobody looked.
    pub unchecked: usize,
}

/// A step that takes time.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// For people.
    pub name: String,
    /// What to do.
    pub action: Action,
    /// And when it does not succeed.
    pub care: Care,
}

/// What a step can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Drives the arm.
    MoveTo {
        /// Where.
        target: Target,
        /// The tool on a straight line.
        line: bool,
        /// Share of the limits, above 0 to 1.
        speed: f64,
    },
    /// Puts an object of the job into the scene.
    Place(String, Shape, Pose),
    /// Takes an object into the hand: the part when there is no name.
    Grip(Option<String>, Shape, Pose),
    /// Lets it go; `keep` leaves it in the scene, otherwise it is gone.
    Release(Option<String>, bool),
    /// Asks a station.
    Call {
        /// What it must be able to do.
        capability: String,
        /// Settings of the order.
        parameters: BTreeMap<String, String>,
        /// How long to wait for a station that can do it, s.
        wait: f64,
    },
    /// Lets time pass, s.
    Wait(f64),
}

/// Where to drive.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// Joint positions, rad, in the order of the arm.
    Joints(Vec<f64>),
    /// A pose of the tip.
    Pose(Pose),
}

/// A place and a way of standing there.
#[derive(Debug, Clone, PartialEq)]
pub struct Pose {
    /// A link of the arm; empty for its base.
    pub frame: String,
    /// m.
    pub position: [f64; 3],
    /// x, y, z, w; of length 1.
    pub quaternion: [f64; 4],
}

/// A box, edges in m.
pub type Shape = [f64; 3];

impl Job {
    /// Reads a job.
    ///
    /// # Errors
    /// [`JobError`] with the line and what is wrong there.
    pub fn read(text: &str) -> Result<Self, JobError> {
        build::job(&crate::yaml::read(text)?)
    }

    /// The instruction at a place; the end where there is none.
    #[must_use]
    pub fn at(&self, place: usize) -> &Instruction {
        static END: Instruction = Instruction { line: 0, work: Work::End };
        self.program.get(place).unwrap_or(&END)
    }
}

impl Pose {
    /// The tool pointing down.
    #[must_use]
    pub fn down(position: [f64; 3]) -> Self {
        Self { frame: String::new(), position, quaternion: vocabulary::arm::TOOL_DOWN }
    }

    /// Not turned.
    #[must_use]
    pub fn upright(position: [f64; 3]) -> Self {
        Self { frame: String::new(), position, quaternion: [0.0, 0.0, 0.0, 1.0] }
    }
}
