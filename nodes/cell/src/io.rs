//! What goes in and out of a step of the cell.

use crate::job::{Pose, Shape, Target};
use crate::registry::{Beat, Descriptor};
use crate::state::Counts;
use crate::store::Save;
use vocabulary::health::{Level, LogLine};
use vocabulary::time::{Monotonic, Stamp};

/// Everything that happened since the last step.
#[derive(Debug, Default)]
pub struct Inputs {
    /// From stations.
    pub heard: Vec<Heard>,
    /// From people; the number tells whom to answer.
    pub commands: Vec<(u64, Command)>,
    /// Of the orders that were given.
    pub news: Vec<News>,
}

/// Something a station said unasked.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// When.
    pub at: Monotonic,
    /// Name in the topic.
    pub topic: String,
    /// What.
    pub said: Said,
}

/// What a station says unasked.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// Who it is.
    Descriptor(Descriptor),
    /// That it is alive.
    Beat(Beat),
}

/// What people want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Another job; its text.
    Load(String),
    /// Only read it.
    Check(String),
    /// A new run, from the beginning.
    Start,
    /// A pause after the step under way.
    Pause,
    /// On after a pause.
    Resume,
    /// One step, then a pause.
    Step,
    /// Give the run up at once.
    Abort,
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Whether it was done.
    pub success: bool,
    /// What was done, or why not.
    pub message: String,
    /// Of the job, where a job is wrong; otherwise 0.
    pub line: u32,
}

/// What became of something ordered.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// Number of the order.
    pub number: u64,
    /// What became of it.
    pub what: What,
}

/// What becomes of orders.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Somebody works on it.
    Accepted,
    /// How a motion ended.
    Moved(Moved),
    /// What planning said to a change of the scene.
    Scene(SceneAnswer),
    /// What a station found.
    Result(Box<StationResult>),
    /// Nobody will answer.
    Lost(String),
}

/// How a motion ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// The arm is there.
    Reached,
    /// Somebody else moves the arm.
    Busy(String),
    /// It is not there.
    Failed(String),
}

/// What planning said to a change of the scene.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SceneAnswer {
    /// Whether it was done.
    pub success: bool,
    /// Why not.
    pub message: String,
    /// What is around the arm now.
    pub objects: Vec<String>,
    /// What is in its hand now.
    pub attached: Vec<String>,
}

/// What a station found, as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct StationResult {
    /// Whether the action succeeded; otherwise the reason counts.
    pub succeeded: bool,
    /// Number of the verdict, as in RunStation.action.
    pub verdict: u8,
    /// Why.
    pub reason: String,
    /// The order, as the station says.
    pub order: String,
    /// The part, as the station says.
    pub part: String,
    /// Name and value.
    pub measurements: Vec<(String, f64)>,
    /// s
    pub took: f64,
}

/// What the cell wants.
#[derive(Debug, Default)]
pub struct Outputs {
    /// To be durable before anything else of this step leaves the process.
    pub save: Option<Save>,
    /// To be given, in this order.
    pub orders: Vec<Order>,
    /// To people.
    pub replies: Vec<(u64, Reply)>,
    /// How far the job is, when it is time to tell.
    pub status: Option<Status>,
    /// The stations, when one of them changed.
    pub stations: Option<Vec<StationView>>,
    /// The part that is worked on, when it is another one; empty for none.
    pub part: Option<String>,
    /// What happened.
    pub events: Vec<Event>,
    /// For the console.
    pub log: Vec<LogLine>,
}

/// Something to be done by somebody else.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Drive the arm.
    Move {
        /// Number of the order.
        number: u64,
        /// Where.
        target: Target,
        /// On a straight line.
        line: bool,
        /// Share of the limits.
        speed: f64,
    },
    /// Stop driving.
    StopMove,
    /// Change the scene.
    Scene {
        /// Number of the order.
        number: u64,
        /// What to change.
        edit: Edit,
    },
    /// Ask a station.
    Ask {
        /// Number of the order.
        number: u64,
        /// Whom.
        station: String,
        /// For what.
        request: Request,
    },
    /// Tell a station that nobody waits any more.
    Withdraw {
        /// Whom.
        station: String,
    },
}

/// A change of the scene.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A new object around the arm, in its base.
    Add(String, Shape, Pose),
    /// A new object in the hand, in the tip.
    Attach(String, Shape, Pose),
    /// One that is around the arm goes into the hand as it lies.
    Take(String),
    /// Leaves it where it is.
    Detach(String),
    /// Takes it out of the scene.
    Remove(String),
}

/// A request to a station.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Name of the order.
    pub order: String,
    /// The part.
    pub part: String,
    /// What to do.
    pub capability: String,
    /// Settings.
    pub parameters: Vec<(String, String)>,
    /// s
    pub allowed_time: f64,
}

/// How far the job is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    /// Name of the job.
    pub job: String,
    /// Number of the run.
    pub run: u64,
    /// As in CellStatus.msg.
    pub state: u8,
    /// Why.
    pub reason: String,
    /// The step under way.
    pub step: String,
    /// Its line.
    pub line: u32,
    /// s
    pub step_time: f64,
    /// s
    pub step_deadline: f64,
    /// That works.
    pub station: String,
    /// That is worked on.
    pub part: String,
    /// 0: until somebody says stop.
    pub parts_planned: u32,
    /// Counts of the run.
    pub counts: Counts,
}

/// A station as the cell sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct StationView {
    /// Of its topics.
    pub name: String,
    /// Of the device.
    pub id: String,
    /// What it is.
    pub kind: String,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Of the interface.
    pub version: (u16, u16),
    /// As in CellStation.msg.
    pub state: u8,
    /// Why.
    pub reason: String,
    /// Orders carried out.
    pub runs: u32,
    /// Orders in vain.
    pub failures: u32,
    /// Mean time of those carried out, s.
    pub mean_time: f64,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub stamp: Stamp,
    /// How bad.
    pub level: Level,
    /// Number of the run.
    pub run: u64,
    /// In which step.
    pub step: String,
    /// Its line; 0 for none.
    pub line: u32,
    /// About which part.
    pub part: String,
    /// About which station.
    pub station: String,
    /// One line.
    pub what: String,
}
