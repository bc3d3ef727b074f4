//! What can be wrong with a job.

use thiserror::Error;

/// What is wrong with a job, and where in its YAML.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("line {line}: {wrong}")]
pub struct JobError {
    /// From 1; 0 for the file as a whole.
    pub line: u32,
    /// What is wrong.
    pub wrong: Wrong,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Wrong {
    /// No YAML.
    #[error("no YAML: {0}")]
    Yaml(String),
    /// Nothing in the file.
    #[error("there is nothing in the file")]
    Empty,
    /// Larger than anybody could mean.
    #[error("the job is longer than {limit} bytes")]
    TooLong {
        /// Bytes.
        limit: usize,
    },
    /// Larger than anybody could mean.
    #[error("the job has more than {limit} parts of YAML")]
    TooManyNodes {
        /// Nodes.
        limit: usize,
    },
    /// Deeper than anybody could mean.
    #[error("more than {limit} levels of lists and mappings")]
    TooDeep {
        /// Levels.
        limit: usize,
    },
    /// Routines that contain each other multiply.
    #[error("the job has more than {limit} steps, those of routines counted wherever they are run")]
    TooManySteps {
        /// Steps.
        limit: usize,
    },
    /// Anchors can make circles and hide what stands where.
    #[error("anchors and aliases (& and *) are not allowed; use routines")]
    Alias,
    /// Tags change what a text means.
    #[error("tags (!) are not allowed")]
    Tag,
    /// More than one document.
    #[error("a second document begins; one file is one job")]
    SecondDocument,
    /// A key twice.
    #[error("{key:?} stands here again, first on line {first}")]
    Twice {
        /// The key.
        key: String,
        /// Its first line.
        first: u32,
    },
    /// Something else was expected.
    #[error("expected {wanted}, found {found}")]
    NotA {
        /// What should stand there.
        wanted: &'static str,
        /// What does.
        found: String,
    },
    /// Wrong number of elements.
    #[error("{got} numbers, expected {want}")]
    Length {
        /// How many there are.
        got: usize,
        /// How many there should be.
        want: usize,
    },
    /// A number outside its bounds.
    #[error("{value} is not from {lowest} to {highest}")]
    Range {
        /// The number.
        value: f64,
        /// Lowest allowed.
        lowest: f64,
        /// Highest allowed.
        highest: f64,
    },
    /// A key that means nothing.
    #[error("{key:?} means nothing here; known are {known:?}")]
    UnknownKey {
        /// The key.
        key: String,
        /// What would mean something.
        known: Vec<String>,
    },
    /// A key that must be there.
    #[error("{key:?} is missing")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// No name.
    #[error("{text:?} is no name: a to z, 0 to 9 and _, at most 64, first a letter")]
    Name {
        /// What stands there.
        text: String,
    },
    /// A pose that is not in `poses`.
    #[error("pose {name:?} is not among {known:?}")]
    UnknownPose {
        /// The name.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// An object that is not in `objects`.
    #[error("object {name:?} is not among {known:?}")]
    UnknownObject {
        /// The name.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// A routine that is not in `routines`.
    #[error("routine {name:?} is not among {known:?}")]
    UnknownRoutine {
        /// The name.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// A routine that runs itself.
    #[error("routines run each other in a circle: {}", .chain.join(" -> "))]
    Circle {
        /// From the first to itself.
        chain: Vec<String>,
    },
    /// A step that does nothing, or more than one thing.
    #[error("a step does exactly one of {known:?}, this one has {found:?}")]
    OneAction {
        /// The keys found.
        found: Vec<String>,
        /// What a step can do.
        known: Vec<String>,
    },
    /// A key that this kind of step does not know.
    #[error("{key:?} means nothing beside {action:?}")]
    Beside {
        /// The key.
        key: String,
        /// What the step does.
        action: String,
    },
    /// A loop in which no time passes.
    #[error("nothing in this loop takes time")]
    EmptyLoop,
    /// Parts within parts.
    #[error("a part cannot be worked on within another one")]
    NestedParts,
    /// No part that could be set aside.
    #[error("set_aside needs a part: the step must be below `parts`, and not below its set_aside")]
    NothingToSetAside,
    /// No part to grip.
    #[error("there is no part to {action} outside of `parts`: give `object`")]
    NoPart {
        /// What should be done with it.
        action: &'static str,
    },
    /// Words after the one that ends it.
    #[error("{word:?} comes after {last:?}, which always ends the step")]
    AfterTheEnd {
        /// What is never reached.
        word: String,
        /// What comes before.
        last: String,
    },
    /// Another word than the known ones.
    #[error("{word:?} is none of {known:?}")]
    Word {
        /// The word.
        word: String,
        /// The known ones.
        known: Vec<String>,
    },
    /// Only calls have stations.
    #[error("other_station needs a step that calls one")]
    NoOtherStation,
    /// An attempt longer than the step.
    #[error("an attempt of {attempt} s does not end within the deadline of {deadline} s")]
    AttemptTooLong {
        /// s
        attempt: f64,
        /// s
        deadline: f64,
    },
}
