//! Everything that passes between two processes, and who gets it.
//!
//! The one rule: the table [`Message::route`] is the only place that says who hears what; names and
//! quality of service are those of `vocabulary::topics`.

use joint_state::{DynamicJointStates, JointStates};
use motion::{GoalEvent, GoalId, GoalRequest};
use supervisor::{HandOverRequest, HandOverResponse, Request, Response};
use vocabulary::arm::{ArmState, ArmStatus, Derating};
use vocabulary::command::{JointCommand, JointFeedback, JointTelemetry, Lease};
use vocabulary::handover::HandOver;
use vocabulary::health::Heartbeat;
use vocabulary::plan::{ControlState, MotionPlan};
use vocabulary::settings::ControlSettings;
use vocabulary::thermal::{ThermalAlarm, ThermalState};
use vocabulary::topics::{self, Qos, Topic};

/// What a process is to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Grants lease and permit.
    Supervisor,
    /// The servo loop.
    Control,
    /// The trajectory API.
    Motion,
    /// Position feedback for everybody else.
    JointState,
    /// Temperatures.
    Thermal,
    /// Drives one or more joints.
    Driver,
    /// Nobody needs it.
    Bystander,
    /// Whoever scripts the virtual arm.
    Client,
}

/// A message, service call or action event.
#[derive(Debug, Clone)]
pub enum Message {
    /// `joint_command`.
    Command(Box<JointCommand>),
    /// `handover`.
    HandOver(Box<HandOver>),
    /// `joints/<joint>/feedback`.
    Feedback(JointFeedback),
    /// `joints/<joint>/telemetry`.
    Telemetry(JointTelemetry),
    /// `motion_plan`.
    Plan(MotionPlan),
    /// `control_state`.
    Control(Box<ControlState>),
    /// `lease`.
    Lease(Lease),
    /// `heartbeat`.
    Heartbeat(Heartbeat),
    /// `arm/status`.
    Status(ArmStatus),
    /// `arm_state`.
    ArmState(Box<ArmState>),
    /// `joint_states`.
    JointStates(JointStates),
    /// `dynamic_joint_states`.
    DynamicJointStates(Box<DynamicJointStates>),
    /// `arm_controller/speed_scaling_input`.
    SpeedScaling(f64),
    /// `thermal_state`.
    Thermal(Box<ThermalState>),
    /// `thermal_alarm`.
    ThermalAlarm(Box<ThermalAlarm>),
    /// `derating`.
    Derating(Derating),
    /// `arm_controller/control_settings`.
    Settings(Box<ControlSettings>),
    /// Parameters of the servo loop, set while it runs.
    Parameters(Box<control::Config>),
    /// A call of one of the arm services.
    Request(Request),
    /// The answer to it.
    Response(Response),
    /// A goal of `follow_joint_trajectory`.
    Goal(GoalRequest),
    /// A cancel of such a goal.
    Cancel(GoalId),
    /// What becomes of a goal.
    GoalEvent(GoalEvent),
    /// A call of `arm/hand_over`.
    HandOverRequest(HandOverRequest),
    /// The answer to it.
    HandOverResponse(HandOverResponse),
}

/// Tells apart what is delivered in order and latched on its own: the kind of message, and the
/// joint where each has its own topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Channel {
    kind: u8,
    joint: u8,
}

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Route {
    /// Name for logs: that of the topic without the joint, or of the service.
    pub name: &'static str,
    /// Quality of service; services and actions are [`Qos::Reliable`].
    pub qos: Qos,
    /// Who hears it.
    pub to: &'static [Role],
    number: u8,
}

impl Message {
    /// The routing table.
    #[must_use]
    pub fn route(&self) -> Route {
        use Role::{Client, Control, Driver, JointState, Motion, Supervisor, Thermal};
        let topic =
            |number, topic: Topic, to| Route { name: topic.name, qos: topic.qos, to, number };
        let named = |number, name, qos, to| Route { name, qos, to, number };
        match self {
            Self::Command(_) => topic(1, topics::JOINT_COMMAND, &[Driver, Control]),
            Self::Feedback(_) => named(2, "feedback", Qos::Latest, &[Control, JointState]),
            Self::Telemetry(_) => {
                named(3, "telemetry", Qos::Reliable, &[JointState, Thermal, Client])
            }
            Self::Plan(_) => topic(4, topics::MOTION_PLAN, &[Control]),
            Self::Control(_) => {
                topic(5, topics::CONTROL_STATE, &[Motion, Supervisor, Thermal, Client])
            }
            Self::Lease(_) => topic(6, topics::LEASE, &[Control, Driver]),
            Self::Heartbeat(_) => topic(7, topics::HEARTBEAT, &[Supervisor]),
            Self::Status(_) => {
                topic(8, topics::ARM_STATUS, &[Control, Driver, Motion, Thermal, Client])
            }
            Self::ArmState(_) => topic(9, topics::ARM_STATE, &[Motion, Supervisor]),
            Self::JointStates(_) => topic(10, topics::JOINT_STATES, &[Client]),
            Self::DynamicJointStates(_) => topic(11, topics::DYNAMIC_JOINT_STATES, &[Client]),
            Self::SpeedScaling(_) => topic(12, topics::SPEED_SCALING, &[Control]),
            Self::Settings(_) => topic(25, topics::CONTROL_SETTINGS, &[Control, Client]),
            Self::Parameters(_) => named(24, "parameters", Qos::Reliable, &[Control]),
            Self::Request(_) => named(13, "arm service", Qos::Reliable, &[Supervisor]),
            Self::Response(_) => named(14, "arm service answer", Qos::Reliable, &[Client]),
            Self::Goal(_) => named(15, "goal", Qos::Reliable, &[Motion]),
            Self::Cancel(_) => named(16, "cancel", Qos::Reliable, &[Motion]),
            Self::GoalEvent(_) => named(17, "goal event", Qos::Reliable, &[Client]),
            Self::Thermal(_) => topic(18, topics::THERMAL_STATE, &[Client]),
            Self::ThermalAlarm(_) => topic(19, topics::THERMAL_ALARM, &[Client]),
            Self::Derating(_) => topic(20, topics::DERATING, &[Control, Client]),
            Self::HandOver(_) => topic(21, topics::HANDOVER, &[Control]),
            Self::HandOverRequest(_) => named(22, "hand-over", Qos::Reliable, &[Supervisor]),
            Self::HandOverResponse(_) => named(23, "hand-over answer", Qos::Reliable, &[Client]),
        }
    }

    /// Its channel.
    #[must_use]
    pub fn channel(&self) -> Channel {
        let joint = match self {
            Self::Feedback(feedback) => feedback.joint,
            Self::Telemetry(telemetry) => telemetry.joint,
            _ => 0,
        };
        Channel { kind: self.route().number, joint: u8::try_from(joint).unwrap_or(u8::MAX) }
    }
}

impl Channel {
    /// The number that stands for the kind of message in the recording.
    #[must_use]
    pub fn kind(self) -> u8 {
        self.kind
    }
}
