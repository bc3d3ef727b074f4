//! Which processes there are and how each is started.
//!
//! The one rule: a start is what the launch file does; nothing is handed from one life to the next
//! but what the supervisor stored.

use crate::clock::Clock;
use crate::config::{VirtualConfig, VirtualError};
use crate::invariants::{Facts, JointFacts};
use crate::message::Role;
use crate::nodes::{Bystander, ThermalNode};
use crate::nodes::{ControlNode, DriverNode, JointStateNode, MotionNode, Node, SupervisorNode};
use crate::process::Process;
use std::f64::consts::TAU;
use std::time::Duration;
use supervisor::PersistentState;
use vocabulary::joint::{JOINTS, JointLimits, JointOrder, PerJoint};

/// Period of motion's loop.
const MOTION_PERIOD: Duration = Duration::from_millis(10);
/// Between two steps of a process that nobody needs: often enough for its heartbeat.
const BYSTANDER_PERIOD: Duration = Duration::from_millis(50);
/// The machine is never restarted.
const MACHINE: &str = "virtual machine";

/// Starts nodes.
pub struct Factory {
    config: VirtualConfig,
    order: JointOrder,
    limits: PerJoint<JointLimits>,
}

fn refused(name: &str, error: &impl ToString) -> VirtualError {
    VirtualError::Node { node: name.to_owned(), text: error.to_string() }
}

impl Factory {
    /// Fills in what the hosts set: period, clocks, joints per driver.
    ///
    /// # Errors
    /// [`VirtualError`] when there is no such arm.
    pub fn new(config: &VirtualConfig) -> Result<Self, VirtualError> {
        let mut config = config.clone();
        let one_clock = config.host.one_clock;
        config.control.period = config.arm.period;
        config.control.shared_clock = one_clock;
        config.driver.period = config.arm.period;
        config.driver.shared_clock = one_clock;
        config.supervisor.joints_per_driver = config.joints_per_driver;
        config.supervisor.standby = config.standby;
        Ok(Self { order: config.order()?, limits: config.limits()?, config })
    }

    /// All processes, not started.
    pub fn processes(&self, clock: &mut impl FnMut() -> Clock) -> Vec<Process> {
        let seconds = Duration::from_secs_f64;
        let fixed = [
            ("supervisor", Role::Supervisor, seconds(self.config.supervisor.step_period)),
            ("control", Role::Control, self.config.period()),
            ("arm_controller", Role::Motion, MOTION_PERIOD),
            ("joint_state", Role::JointState, seconds(self.config.joint_state.step_period())),
            ("thermal", Role::Thermal, seconds(1.0 / self.config.thermal.rate_hz)),
        ];
        let runs = |role: Role| role != Role::Thermal || self.config.with_thermal;
        let mut all: Vec<_> = fixed
            .into_iter()
            .filter(|(_, role, _)| runs(*role))
            .map(|(name, role, period)| Process::new(name.to_owned(), role, clock(), Some(period)))
            .collect();
        if self.config.standby {
            let (name, period) = ("control_standby".to_owned(), self.config.period());
            all.push(Process::new(name, Role::Control, clock(), Some(period)));
        }
        let share = self.config.joints_per_driver.clamp(1, JOINTS);
        for (first, name) in self.order.names().iter().enumerate().step_by(share) {
            let mut process = Process::new(format!("driver_{name}"), Role::Driver, clock(), None);
            process.joints = first..(first + share).min(JOINTS);
            all.push(process);
        }
        let bystanders = self.config.bystanders.iter();
        all.extend(bystanders.map(|name| {
            Process::new(name.clone(), Role::Bystander, clock(), Some(BYSTANDER_PERIOD))
        }));
        all
    }

    /// Which processes are one, by their places in `processes`.
    ///
    /// # Errors
    /// [`VirtualError::NoProcess`].
    pub fn houses(&self, processes: &[Process]) -> Result<Vec<Vec<usize>>, VirtualError> {
        let known = || processes.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
        let place = |name: &String| {
            processes
                .iter()
                .position(|process| process.name == *name)
                .ok_or_else(|| VirtualError::NoProcess { name: name.clone(), known: known() })
        };
        self.config.houses.iter().map(|house| house.iter().map(place).collect()).collect()
    }

    /// Starts the node of a process.
    ///
    /// # Errors
    /// [`VirtualError`] when it refuses its parameters.
    pub fn node(
        &self,
        process: &Process,
        boot_id: u64,
        stored: Option<&PersistentState>,
    ) -> Result<Box<dyn Node>, VirtualError> {
        let name = &process.name;
        match process.role {
            Role::Supervisor => self.supervisor(name, boot_id, stored),
            Role::Control => self.control(name, boot_id),
            Role::Motion => self.motion(name, boot_id),
            Role::JointState => self.joint_state(name, boot_id),
            Role::Thermal => self.thermal(name, boot_id),
            Role::Driver => self.driver(process, boot_id),
            Role::Bystander => Ok(Box::new(Bystander)),
            Role::Client => Err(refused(name, &"the client is no node")),
        }
    }

    /// The stored state goes through its text, as it does in life.
    fn supervisor(
        &self,
        name: &str,
        boot_id: u64,
        stored: Option<&PersistentState>,
    ) -> Result<Box<dyn Node>, VirtualError> {
        let reread = |state: &PersistentState| PersistentState::from_json(&state.to_json()?);
        let stored = stored.map(reread).transpose().map_err(|e| refused(name, &e))?;
        let config = self.config.supervisor.clone();
        let node =
            supervisor::Supervisor::new(config, self.order.clone(), boot_id, MACHINE, stored);
        Ok(Box::new(SupervisorNode::new(node.map_err(|e| refused(name, &e))?)))
    }

    fn control(&self, name: &str, boot_id: u64) -> Result<Box<dyn Node>, VirtualError> {
        let arm = control::Arm {
            order: self.order.clone(),
            limits: self.limits,
            model: Some(self.config.model.clone()),
        };
        let node = control::Control::new(self.config.control.clone(), arm, boot_id);
        Ok(Box::new(ControlNode::new(node.map_err(|e| refused(name, &e))?)))
    }

    fn motion(&self, name: &str, boot_id: u64) -> Result<Box<dyn Node>, VirtualError> {
        let (config, order) = (self.config.motion.clone(), self.order.clone());
        let node = motion::Motion::new(config, order, self.limits, boot_id);
        Ok(Box::new(MotionNode::new(node.map_err(|e| refused(name, &e))?)))
    }

    fn joint_state(&self, name: &str, boot_id: u64) -> Result<Box<dyn Node>, VirtualError> {
        let arm = joint_state::Arm {
            order: self.order.clone(),
            period: self.config.arm.period,
            model: self.config.model.clone(),
        };
        let node = joint_state::JointState::new(self.config.joint_state.clone(), arm, boot_id);
        Ok(Box::new(JointStateNode::new(node.map_err(|e| refused(name, &e))?)))
    }

    fn thermal(&self, name: &str, boot_id: u64) -> Result<Box<dyn Node>, VirtualError> {
        let (order, model) = (self.order.clone(), self.config.model.clone());
        let arm = thermal::Arm { order, limits: self.limits, model };
        let node = thermal::Thermal::new(self.config.thermal.clone(), arm, boot_id);
        Ok(Box::new(ThermalNode::new(node.map_err(|e| refused(name, &e))?)))
    }

    fn driver(&self, process: &Process, boot_id: u64) -> Result<Box<dyn Node>, VirtualError> {
        let joints = self.order.names().get(process.joints.clone()).unwrap_or_default();
        let config = joint_driver::Config { joints: joints.to_vec(), ..self.config.driver.clone() };
        let arm = joint_driver::Arm { order: self.order.clone(), limits: self.limits };
        let node = joint_driver::Driver::new(config, &arm, boot_id);
        Ok(Box::new(DriverNode::new(node.map_err(|e| refused(&process.name, &e))?)))
    }

    /// What the checker has to know.
    ///
    /// # Errors
    /// [`VirtualError`] when a joint has no drive.
    pub fn facts(&self, config: &VirtualConfig) -> Result<Facts, VirtualError> {
        let mut joints = Vec::with_capacity(JOINTS);
        for (name, limits) in self.order.names().iter().zip(self.limits) {
            let drive = config.driver.drives.get(name);
            let drive =
                drive.ok_or_else(|| refused("joint_driver", &format!("no drive {name}")))?;
            let counts = f64::from(drive.counts_per_revolution) / TAU;
            joints.push(JointFacts {
                name: name.clone(),
                limits,
                node_id: drive.node_id,
                counts_per_radian: counts * f64::from(drive.direction),
            });
        }
        let joints = joints.try_into().map_err(|_| refused("joint_driver", &"not six drives"))?;
        let valid_for = Duration::from_secs_f64(config.control.valid_for_ms * 1e-3);
        Ok(Facts { joints, period: config.period(), valid_for })
    }
}
