//! Names and quality of service of every topic and service, defined once.
//!
//! All names are relative, so that a namespace per arm works.

/// Quality of service of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qos {
    /// Best effort, keep last 1: only the newest value matters.
    Latest,
    /// Reliable, keep last 1, transient local: state a late joiner must know.
    Latched,
    /// Reliable, keep last 10: values for people and tools.
    Reliable,
    /// Best effort, keep last 64: many senders on one topic, each value counts a little.
    Stream,
}

/// A topic: its name and quality of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Relative name.
    pub name: &'static str,
    /// Quality of service at both ends.
    pub qos: Qos,
}

macro_rules! topics {
    ($($(#[$doc:meta])* $id:ident = $name:literal, $qos:ident;)*) => {
        $($(#[$doc])* pub const $id: Topic = Topic { name: $name, qos: Qos::$qos };)*
        /// Every fixed topic name.
        pub const ALL: &[Topic] = &[$($id),*];
    };
}

topics! {
    /// `armature_msgs/JointCommand`, control to drivers. Not only the newest: that of a sender
    /// without the lease must not hide the one of the holder.
    JOINT_COMMAND = "joint_command", Stream;
    /// `armature_msgs/MotionPlan`, motion to control.
    MOTION_PLAN = "motion_plan", Latched;
    /// `armature_msgs/ControlState`, control to motion.
    CONTROL_STATE = "control_state", Latest;
    /// `armature_msgs/HandOver`, the control that holds the lease to the others. Not only the newest:
    /// around a change two of them speak.
    HANDOVER = "handover", Stream;
    /// `armature_msgs/Lease`, supervisor to all.
    LEASE = "lease", Latched;
    /// `armature_msgs/Heartbeat`, all to supervisor.
    HEARTBEAT = "heartbeat", Stream;
    /// `armature_msgs/ArmStatus`, supervisor to all.
    ARM_STATUS = "arm/status", Latched;
    /// `armature_msgs/ArmState`, joint_state to all.
    ARM_STATE = "arm_state", Latest;
    /// `armature_msgs/Derating`, thermal to control.
    DERATING = "derating", Latched;
    /// `armature_msgs/ThermalState`, thermal to all.
    THERMAL_STATE = "thermal_state", Latched;
    /// `armature_msgs/ThermalAlarm`, thermal to all.
    THERMAL_ALARM = "thermal_alarm", Latched;
    /// `sensor_msgs/JointState`, joint_state to all.
    JOINT_STATES = "joint_states", Reliable;
    /// `control_msgs/DynamicJointState`, joint_state to all.
    DYNAMIC_JOINT_STATES = "dynamic_joint_states", Reliable;
    /// `std_msgs/String`, joint_state to all.
    ROBOT_DESCRIPTION = "robot_description", Latched;
    /// `armature_msgs/ControlSettings`, control holder to standby and people.
    CONTROL_SETTINGS = "arm_controller/control_settings", Latched;
    /// `control_msgs/JointTrajectoryControllerState`, motion to people.
    CONTROLLER_STATE = "arm_controller/controller_state", Reliable;
    /// `trajectory_msgs/JointTrajectory`, anybody to motion.
    JOINT_TRAJECTORY = "arm_controller/joint_trajectory", Reliable;
    /// `control_msgs/SpeedScalingFactor`, anybody to control.
    SPEED_SCALING = "arm_controller/speed_scaling_input", Latched;
    /// `visualization_msgs/MarkerArray`, dashboard to rviz: the alarms as texts.
    ALARM_MARKERS = "alarm_markers", Latched;
    /// `trajectory_msgs/JointTrajectory`, planning to people: the motion that move_to is about to drive.
    PLANNING_PREVIEW = "planning/preview", Latched;
    /// `visualization_msgs/MarkerArray`, planning to rviz: the scene and the way of the tip.
    PLANNING_MARKERS = "planning/markers", Latched;
    /// `control_msgs/JointJog`, anybody to planning: speeds of joints, in a stream.
    JOG_JOINT = "planning/jog/joint", Stream;
    /// `geometry_msgs/TwistStamped`, anybody to planning: speed of the tip, in a stream.
    JOG_TWIST = "planning/jog/twist", Stream;
    /// `armature_msgs/JogStatus`, planning to people.
    JOG_STATUS = "planning/jog/status", Latched;
    /// `armature_msgs/Event`, recorder to all.
    RECORDER_EVENTS = "recorder/events", Latched;
    /// `armature_msgs/CellStatus`, cell to people: how far the job is.
    CELL_STATUS = "cell/status", Latched;
    /// `armature_msgs/CellStations`, cell to people: which stations there are, and how it sees them.
    CELL_STATIONS = "cell/stations", Latched;
    /// `armature_msgs/CellEvent`, cell to people: what happened to the job.
    CELL_EVENTS = "cell/events", Reliable;
    /// `armature_msgs/PartInPlace`, cell to stations: the part that the job works on.
    CELL_PART = "cell/part", Latched;
    /// `sensor_msgs/Image`, part_camera to stations.
    CAMERA_IMAGE = "camera/image", Reliable;
    /// `armature_msgs/PartInPlace`, part_camera to stations: which part a picture shows, by its stamp.
    CAMERA_PART = "camera/part", Reliable;
    /// `sensor_msgs/JointState` of the simulator's true state.
    SIM_TRUTH = "sim/joint_states", Latest;
}

/// `frame_id` of trajectories on [`JOINT_TRAJECTORY`] that are one of a stream: each replaces the one
/// before, and all of them give way to goals.
pub const JOG_FRAME: &str = "planning/jog";

/// Topic of one joint's feedback (`armature_msgs/JointFeedback`, [`Qos::Latest`]).
#[must_use]
pub fn feedback(joint: &str) -> String {
    format!("joints/{joint}/feedback")
}

/// Topic of one joint's telemetry (`armature_msgs/JointTelemetry`, [`Qos::Reliable`]).
#[must_use]
pub fn telemetry(joint: &str) -> String {
    format!("joints/{joint}/telemetry")
}

/// Below it every station has its topics.
pub const STATIONS: &str = "stations";

/// A topic or action of a station: `descriptor` (`armature_msgs/StationDescriptor`, [`Qos::Latched`]),
/// `heartbeat` (`armature_msgs/StationHeartbeat`, [`Qos::Stream`]), `run` (`armature_msgs/RunStation`).
#[must_use]
pub fn station(name: &str, what: &str) -> String {
    format!("{STATIONS}/{name}/{what}")
}

/// The services of the cell (`std_srvs/Trigger` but for the first).
pub mod cell_service {
    /// Another job, or only a look at it (`armature_msgs/LoadJob`).
    pub const LOAD: &str = "cell/load";
    /// A new run from the beginning.
    pub const START: &str = "cell/start";
    /// A pause after the step under way.
    pub const PAUSE: &str = "cell/pause";
    /// On after a pause.
    pub const RESUME: &str = "cell/resume";
    /// One step, then a pause.
    pub const STEP: &str = "cell/step";
    /// Give the run up at once.
    pub const ABORT: &str = "cell/abort";
}

/// The arm services (`std_srvs/Trigger` but for the last), served by the supervisor.
pub mod service {
    /// Power the drives and permit motion.
    pub const ENABLE: &str = "arm/enable";
    /// Decelerate, then take the power away.
    pub const DISABLE: &str = "arm/disable";
    /// Decelerate on the path and hold under power.
    pub const STOP: &str = "arm/stop";
    /// Permit motion again after a stop or a fault.
    pub const RESUME: &str = "arm/resume";
    /// Reset latched drive faults; moves nothing.
    pub const CLEAR_FAULTS: &str = "arm/clear_faults";
    /// Declare what hangs at the tool (`armature_msgs/SetPayload`), served by control.
    pub const SET_PAYLOAD: &str = "arm_controller/set_payload";
    /// Limit the torques (`armature_msgs/SetTorqueLimits`), served by control.
    pub const SET_TORQUE_LIMITS: &str = "arm_controller/set_torque_limits";
    /// Set stiffness and damping (`armature_msgs/SetStiffness`), served by control.
    pub const SET_STIFFNESS: &str = "arm_controller/set_stiffness";
    /// Let another control take the lease (`armature_msgs/HandOverControl`).
    pub const HAND_OVER: &str = "arm/hand_over";
}

/// The services of thermal.
pub mod thermal_service {
    /// `armature_msgs/PredictThermal`: how hot a trajectory makes the joints.
    pub const PREDICT: &str = "thermal/predict";
    /// `std_srvs/Trigger`: somebody has seen the alarms.
    pub const ACKNOWLEDGE: &str = "thermal/acknowledge";
}

/// The services of planning (`armature_msgs`), and its action.
pub mod planning_service {
    /// `PlanToJoints`.
    pub const PLAN_TO_JOINTS: &str = "planning/plan_to_joints";
    /// `PlanToPose`.
    pub const PLAN_TO_POSE: &str = "planning/plan_to_pose";
    /// `PlanCartesian`.
    pub const PLAN_CARTESIAN: &str = "planning/plan_cartesian";
    /// `ComputeIk`.
    pub const COMPUTE_IK: &str = "planning/compute_ik";
    /// `ComputeFk`.
    pub const COMPUTE_FK: &str = "planning/compute_fk";
    /// `CheckState`.
    pub const CHECK_STATE: &str = "planning/check_state";
    /// `EditScene`.
    pub const SCENE: &str = "planning/scene";
    /// The action `MoveTo`.
    pub const MOVE_TO: &str = "planning/move_to";
    /// The action `control_msgs/FollowJointTrajectory`, by which move_to drives the arm.
    pub const FOLLOW: &str = "arm_controller/follow_joint_trajectory";
}
