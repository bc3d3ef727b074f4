//! The node libraries that can be replayed.

mod joint_state;
mod recorder;
mod thermal;

use crate::host::{Node, Output};
use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;
use recording::{Message, encode};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use virtual_arm::VirtualConfig;
use vocabulary::joint::JointOrder;

/// Process start of a replayed node: the same in every replay.
const BOOT_ID: u64 = 1;

/// What can be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Temperature model, alarms, derating.
    Thermal,
    /// Position feedback for everybody else.
    #[value(name = "joint_state")]
    JointState,
    /// The chain of causes of faults.
    Recorder,
}

/// The arm and the parameters of the nodes.
pub struct Setup {
    /// As in `config/`.
    pub config: VirtualConfig,
    /// Joint names.
    pub order: JointOrder,
}

impl Setup {
    /// The reference arm.
    ///
    /// # Errors
    /// When a file of `config/` cannot be used.
    pub fn reference() -> Result<Self> {
        let config = VirtualConfig::reference()?;
        let order = config.arm.joint_order()?;
        Ok(Self { config, order })
    }
}

/// Creates the library of a node; with the parameters in a file, or those of `config/`.
///
/// # Errors
/// When the parameters cannot be used.
pub fn create(which: Which, setup: &Setup, file: Option<&Path>) -> Result<Box<dyn Node>> {
    Ok(match which {
        Which::Thermal => Box::new(thermal::Thermal::new(setup, parameters(file)?)?),
        Which::JointState => Box::new(joint_state::JointState::new(setup, parameters(file)?)?),
        Which::Recorder => Box::new(recorder::Recorder::new(setup, parameters(file)?)?),
    })
}

/// The parameters of the only node in a ROS parameter file.
fn parameters<C: DeserializeOwned>(file: Option<&Path>) -> Result<Option<C>> {
    let Some(path) = file else { return Ok(None) };
    type File<C> = BTreeMap<String, BTreeMap<String, C>>;
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let parsed: File<C> =
        serde_norway::from_str(&text).with_context(|| path.display().to_string())?;
    let config = parsed.into_values().flat_map(BTreeMap::into_values).next();
    config.map(Some).ok_or_else(|| anyhow!("{} holds no parameters", path.display()))
}

/// An output of one of our own messages.
fn output<M: Message + Debug>(topic: &'static str, message: &M, order: &JointOrder) -> Output {
    Output { topic, kind: M::NAME, data: encode(message, order), text: format!("{message:?}") }
}

/// Whether a recorded topic is `name` in any namespace.
fn is(topic: &str, name: &str) -> bool {
    topic.strip_suffix(name).is_some_and(|front| front.ends_with('/'))
}
