//! The process of position feedback: poll, step, publish in the standard forms.
//!
//! The rule: conversions only; every number and every stamp comes from the library.

mod ros;

use crate::{Arm, Config, Inputs, JointState, Outputs};
use node::realtime::{self, CycleTimer, Realtime};
use node::topics::{Latest, Publisher};
use node::{Shell, StartError, signal};
use r2r::control_msgs::msg::DynamicJointState;
use r2r::sensor_msgs::msg::JointState as JointStateMsg;
use r2r::tf2_msgs::msg::TFMessage;
use std::time::Duration;
use vocabulary::arm::ArmState;
use vocabulary::command::{JointFeedback, JointTelemetry};
use vocabulary::joint::JointOrder;
use vocabulary::topics::{self, Qos};

/// Its name unless launch gives it another one.
pub const NAME: &str = "joint_state";

/// Below everything that moves the arm.
const PRIORITY: i32 = 25;

struct Wiring {
    feedback: Vec<Latest<JointFeedback>>,
    telemetry: Vec<Latest<JointTelemetry>>,
    arm_state: Publisher<ArmState>,
    joint_states: r2r::Publisher<JointStateMsg>,
    dynamic: r2r::Publisher<DynamicJointState>,
    tf: r2r::Publisher<TFMessage>,
    tf_static: r2r::Publisher<TFMessage>,
    description: r2r::Publisher<r2r::std_msgs::msg::String>,
}

impl Wiring {
    fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let (mut feedback, mut telemetry) = (Vec::new(), Vec::new());
        for name in shell.order().names().clone() {
            feedback.push(shell.latest_named(&topics::feedback(&name), Qos::Latest)?);
            telemetry.push(shell.latest_named(&topics::telemetry(&name), Qos::Reliable)?);
        }
        let (states, dynamic) = (topics::JOINT_STATES, topics::DYNAMIC_JOINT_STATES);
        let description = topics::ROBOT_DESCRIPTION;
        Ok(Self {
            feedback,
            telemetry,
            arm_state: shell.publisher(topics::ARM_STATE)?,
            joint_states: shell.messages(states.name, states.qos)?,
            dynamic: shell.messages(dynamic.name, dynamic.qos)?,
            tf: shell.messages("tf", Qos::Reliable)?,
            tf_static: shell.messages("tf_static", Qos::Latched)?,
            description: shell.messages(description.name, description.qos)?,
        })
    }

    fn fill(&self, inputs: &mut Inputs) {
        for (slot, topic) in inputs.feedback.iter_mut().zip(&self.feedback) {
            *slot = topic.take_received();
        }
        for (slot, topic) in inputs.telemetry.iter_mut().zip(&self.telemetry) {
            *slot = topic.take_received();
        }
    }

    fn send(&self, outputs: &Outputs, order: &JointOrder) {
        self.arm_state.send_all(&outputs.arm_state);
        if let Some(states) = &outputs.joint_states {
            let _ending = self.joint_states.publish(&ros::joint_states(states, order));
        }
        if let Some(states) = &outputs.dynamic_joint_states {
            let _ending = self.dynamic.publish(&ros::dynamic(states, order));
        }
        for (publisher, list) in
            [(&self.tf, &outputs.transforms), (&self.tf_static, &outputs.static_transforms)]
        {
            if !list.is_empty() {
                let transforms = list.iter().map(ros::transform).collect();
                let _ending = publisher.publish(&TFMessage { transforms });
            }
        }
    }
}

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(mut shell: Shell) -> anyhow::Result<()> {
    let config: Config = shell.parameters().config().map_err(StartError::from)?;
    let model = node::arm::described(shell.parameters()).map_err(StartError::from)?.model;
    let period = Duration::from_secs_f64(config.step_period());
    let arm = Arm { order: shell.order().clone(), period: shell.arm().period, model };
    let mut states = JointState::new(config, arm, shell.boot_id()).map_err(StartError::config)?;
    let wiring = Wiring::create(&mut shell)?;
    let data = shell.parameters().robot_description().unwrap_or_default().to_owned();
    wiring.description.publish(&r2r::std_msgs::msg::String { data })?;
    let mut timer = CycleTimer::new(period);
    let mut inputs = Inputs::default();
    shell.start();
    shell.log_all(&realtime::request(Realtime::of(shell.config(), PRIORITY)));
    while !signal::stop_requested() {
        timer.wait();
        let now = shell.poll();
        wiring.fill(&mut inputs);
        if shell.is_active() {
            let outputs = states.step(now, &inputs);
            wiring.send(&outputs, shell.order());
            shell.log_all(&outputs.log);
        }
        shell.beat(now, || timer.annotate(states.health()));
    }
    Ok(())
}
