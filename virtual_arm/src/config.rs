//! What the virtual arm is made of: the parameters of every node, the hardware, the hosts and the
//! middleware.
//!
//! The one rule: nodes get the parameters they would get in life; what is added here (clocks, wake
//! latency, start-up) is what a host adds in life.

use crate::network::{Latency, NetworkFaults};
use arm_model::ArmModel;
use can_bus::in_process::CoreConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_norway::{Mapping, Value};
use std::time::Duration;
use thiserror::Error;
use vocabulary::config::{ArmConfig, ArmConfigError};
use vocabulary::joint::{JOINTS, JointLimits, JointOrder, JointOrderError, PerJoint};

/// The reference arm.
const DESCRIPTION: &str = include_str!("../../config/description/armature.urdf");

/// A parameter file of `config/`, read when this crate is built.
macro_rules! file {
    ($name:literal) => {
        read($name, include_str!(concat!("../../config/", $name)))
    };
}

/// A ROS parameter file.
#[derive(Deserialize)]
struct File<C> {
    #[serde(rename = "/**")]
    nodes: Parameters<C>,
}

#[derive(Deserialize)]
struct Parameters<C> {
    #[serde(rename = "ros__parameters")]
    parameters: C,
}

#[derive(Deserialize)]
struct Shared {
    arm: ArmConfig,
}

fn read<C: DeserializeOwned>(file: &'static str, text: &str) -> Result<C, VirtualError> {
    let parsed = serde_norway::from_str::<File<C>>(text);
    Ok(parsed.map_err(|source| VirtualError::File { file, source })?.nodes.parameters)
}

/// Why there is no virtual arm.
#[derive(Debug, Error)]
pub enum VirtualError {
    /// The robot description.
    #[error("robot description: {0}")]
    Model(#[from] arm_model::ModelError),
    /// A parameter file.
    #[error("config/{file}: {source}")]
    File {
        /// The file.
        file: &'static str,
        /// What is wrong with it, and where.
        source: serde_norway::Error,
    },
    /// Keys under `arm.`.
    #[error(transparent)]
    Arm(#[from] ArmConfigError),
    /// The joint names.
    #[error(transparent)]
    Joints(#[from] JointOrderError),
    /// The simulated hardware.
    #[error("servo_sim: {0}")]
    Hardware(#[from] servo_sim::StartError),
    /// Parameters of a node.
    #[error("{node}: {text}")]
    Node {
        /// The node.
        node: String,
        /// Its own words.
        text: String,
    },
    /// Nobody has that name.
    #[error("no process is called {name:?}: use one of {known}")]
    NoProcess {
        /// The name given.
        name: String,
        /// All names.
        known: String,
    },
    /// Something wants to run again and again at one instant.
    #[error("time stands still at {time:.6} s: {who} always wants to run at once")]
    Standstill {
        /// World time, s.
        time: f64,
        /// The process, the network or the hardware.
        who: String,
    },
    /// A fault that cannot be injected.
    #[error(transparent)]
    Fault(#[from] servo_sim::FaultError),
}

/// The parameters of `servo_sim` but for the bus, which the host keeps for itself.
fn hardware() -> Result<servo_sim::Config, VirtualError> {
    let mut parameters: Mapping = file!("servo_sim.yaml")?;
    parameters.remove("bus");
    let parsed = serde_norway::from_value(Value::Mapping(parameters));
    parsed.map_err(|source| VirtualError::File { file: "servo_sim.yaml", source })
}

/// How a host lets its processes run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HostConfig {
    /// All processes share one steady clock; otherwise each has an origin of its own, as on hosts of
    /// their own.
    pub one_clock: bool,
    /// From the instant a process should run to the instant it does.
    pub wake: Latency,
    /// Probability that a process is held up at a wake, 0 to 1.
    pub stall: f64,
    /// Longest such hold-up.
    pub longest_stall: Duration,
    /// Time from the start of a process to its first step, at least and at most.
    pub start_up: (Duration, Duration),
    /// Time from the end of a process to its next start.
    pub respawn_delay: Duration,
}

/// Everything.
#[derive(Debug, Clone)]
pub struct VirtualConfig {
    /// Keys under `arm.`.
    pub arm: ArmConfig,
    /// The robot description.
    pub model: ArmModel<JOINTS>,
    /// Parameters of the supervisor.
    pub supervisor: supervisor::Config,
    /// Parameters of the servo loop.
    pub control: control::Config,
    /// Parameters of the trajectory API.
    pub motion: motion::Config,
    /// Parameters of the position feedback.
    pub joint_state: joint_state::Config,
    /// Whether the thermal node runs.
    pub with_thermal: bool,
    /// Parameters of the thermal node.
    pub thermal: thermal::Config,
    /// Parameters of the drivers.
    pub driver: joint_driver::Config,
    /// The simulated drives and mechanics.
    pub hardware: servo_sim::Config,
    /// The wire.
    pub bus: CoreConfig,
    /// A second controller, `control_standby`.
    pub standby: bool,
    /// Joints per driver process: 1, 2, 3 or 6.
    pub joints_per_driver: usize,
    /// Processes that are one: nodes that live in one process die with each other, and what they say
    /// to each other goes through memory. Who is in no list is alone.
    pub houses: Vec<Vec<String>>,
    /// Processes that no other needs, as a recorder: they live, and can die.
    pub bystanders: Vec<String>,
    /// The hosts.
    pub host: HostConfig,
    /// How long messages travel.
    pub latency: Latency,
    /// How long they travel within one process.
    pub latency_inside: Latency,
    /// What goes wrong with them from the beginning.
    pub network: NetworkFaults,
    /// Keep the bytes of the recording, not just their hash.
    pub keep_bytes: bool,
}

impl VirtualConfig {
    /// The reference arm with the parameters in `config/`, on hosts with clocks of their own.
    ///
    /// # Errors
    /// [`VirtualError`] when a file in `config/` cannot be used.
    pub fn reference() -> Result<Self, VirtualError> {
        let Shared { arm } = file!("arm.yaml")?;
        let model = ArmModel::from_urdf(DESCRIPTION, &arm.base_link, &arm.tip_link)?;
        let micros = Duration::from_micros;
        let config = Self {
            arm,
            model,
            supervisor: file!("supervisor.yaml")?,
            control: file!("control.yaml")?,
            motion: file!("motion.yaml")?,
            joint_state: file!("joint_state.yaml")?,
            with_thermal: false,
            thermal: file!("thermal.yaml")?,
            driver: file!("joint_driver.yaml")?,
            hardware: hardware()?,
            bus: CoreConfig { model_time: true, tx_queue: 64, ..CoreConfig::default() },
            standby: false,
            joints_per_driver: 1,
            houses: Vec::new(),
            bystanders: Vec::new(),
            host: HostConfig {
                one_clock: false,
                wake: Latency { shortest: micros(10), mean_extra: micros(40) },
                stall: 0.0,
                longest_stall: Duration::from_millis(5),
                start_up: (Duration::from_millis(100), Duration::from_millis(300)),
                respawn_delay: Duration::from_millis(300),
            },
            latency: Latency { shortest: micros(60), mean_extra: micros(60) },
            latency_inside: Latency { shortest: micros(2), mean_extra: micros(2) },
            network: NetworkFaults::default(),
            keep_bytes: false,
        };
        Ok(config)
    }

    /// The joint names.
    pub(crate) fn order(&self) -> Result<JointOrder, VirtualError> {
        Ok(self.arm.joint_order()?)
    }

    /// Limits of the joints.
    pub(crate) fn limits(&self) -> Result<PerJoint<JointLimits>, VirtualError> {
        let described = self.model.limits();
        let described = described.each_ref().map(|l| (l.lower, l.upper, l.velocity, l.effort));
        Ok(self.arm.limits(&described)?)
    }

    /// Period of SYNC and of control.
    #[must_use]
    pub fn period(&self) -> Duration {
        Duration::from_secs_f64(self.arm.period)
    }
}
