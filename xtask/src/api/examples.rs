//! Command lines of docs/api.md, each with what it prints on an enabled arm.
//!
//! The one rule: tests/conformance_api.rs types every one of them as it stands on the page. What must
//! have happened before is said beside it.

use std::collections::BTreeMap;

use vocabulary::arm::TOOL_DOWN;

/// A command line and a part of what it prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// What a person types.
    pub command: String,
    /// Part of its output.
    pub prints: String,
    /// What must have happened before, as `after …` or `while …`; empty for nothing.
    pub when: &'static str,
}

/// When a service or action works, or when a topic speaks, where that is not always.
fn when(name: &str) -> &'static str {
    match name {
        "arm/disable" | "arm/stop" => "while it is enabled",
        "arm/enable" => "after `arm/disable`",
        "arm/resume" => "after `arm/stop`",
        "cell/start" => "while a job is loaded and none runs",
        "cell/events" | "cell/pause" | "cell/abort" => "while a job runs",
        "cell/resume" | "cell/step" => "while the job is paused",
        "planning/preview" => "after a goal of `planning/move_to`",
        "recorder/events" => "after `recorder/mark`, a loss or a fault",
        "recorder/is_paused" => "after `recorder/resume`",
        _ => "",
    }
}

const UP: &str = "[0.0, 0.0, 0.0, 0.0, 1.5708, 0.0]";
const JOINTS: &str = "[joint_1, joint_2, joint_3, joint_4, joint_5, joint_6]";

/// A pose of the tip, the tool down.
fn pose() -> String {
    let [x, y, z, w] = TOOL_DOWN;
    format!(
        "{{pose: {{position: {{x: 0.45, y: 0.2, z: 0.3}}, \
         orientation: {{x: {x:.1}, y: {y:.1}, z: {z:.1}, w: {w:.1}}}}}}}"
    )
}

/// Words after the type of a service, and what its answer holds; services with an empty request and
/// `success=True` are not listed.
fn calls() -> BTreeMap<&'static str, (String, &'static str)> {
    let (trajectory, pose) = (trajectory(), pose());
    let settings = "settings: {allowed_time: 0.5}";
    BTreeMap::from([
        ("arm/hand_over", ("{canary: 0.5}".to_owned(), "success=True")),
        (
            "arm_controller/set_payload",
            ("{mass: 0.5, center_of_mass: {z: 0.05}}".to_owned(), "success=True"),
        ),
        (
            "arm_controller/set_torque_limits",
            ("{joints: [joint_6], torque: [10.0]}".to_owned(), "success=True"),
        ),
        (
            "arm_controller/set_stiffness",
            (
                "{joints: [joint_6], stiffness: [8.0], damping_ratio: [1.0]}".to_owned(),
                "success=True",
            ),
        ),
        (
            "cell/load",
            ("{text: '{name: nap, steps: [{wait: 0.5}]}', check: true}".to_owned(), "success=True"),
        ),
        ("arm_controller/query_state", (String::new(), "joint_6")),
        (
            "arm_controller/validate_trajectory",
            (format!("{{trajectory: {trajectory}}}"), "valid=True"),
        ),
        (
            "thermal/predict",
            (format!("{{trajectory: {trajectory}, repetitions: 10, dwell: 1.0}}"), "success=True"),
        ),
        (
            "planning/plan_to_joints",
            (
                format!("{{positions: [0.4, 0.2, 0.1, 0.0, 1.2, 0.0], start: {UP}, {settings}}}"),
                "code=0",
            ),
        ),
        ("planning/plan_to_pose", (format!("{{pose: {pose}, start: {UP}, {settings}}}"), "code=0")),
        (
            "planning/plan_cartesian",
            (
                format!(
                    "{{pose: {{header: {{frame_id: tool0}}, pose: {{position: {{x: -0.05}}, \
                     orientation: {{w: 1.0}}}}}}, start: {UP}}}"
                ),
                "code=0",
            ),
        ),
        ("planning/compute_ik", (format!("{{pose: {pose}, avoid_collisions: true}}"), "code=0")),
        ("planning/compute_fk", (format!("{{positions: {UP}}}"), "base_link")),
        ("planning/check_state", (format!("{{positions: {UP}}}"), "free=True")),
        (
            "planning/scene",
            (
                "{action: 1, object: {name: crate, shape: 1, dimensions: [0.2, 0.2, 0.2], \
                 pose: {position: {x: -0.6, y: 0.5, z: 0.1}, orientation: {w: 1.0}}}}"
                    .to_owned(),
                "crate",
            ),
        ),
        ("recorder/mark", ("{text: the crate was moved}".to_owned(), "success=True")),
        ("recorder/pause", (String::new(), "Pause_Response")),
        ("recorder/resume", (String::new(), "Resume_Response")),
        ("recorder/is_paused", (String::new(), "paused=False")),
        ("recorder/split_bagfile", (String::new(), "SplitBagfile_Response")),
        ("recorder/snapshot", (String::new(), "Snapshot_Response")),
        (
            "servo_sim/inject_fault",
            (
                "{joint: joint_6, signal: temperature, kind: wrong, amount: 1.0, duration: 0.5}"
                    .to_owned(),
                "success=True",
            ),
        ),
        (
            "servo_sim/set_payload",
            ("{mass: 0.5, center_of_mass: {z: 0.05}}".to_owned(), "success=True"),
        ),
        (
            "can_hub/inject_bus_fault",
            (
                "{kind: delay, amount: 0.0001, can_id: 4294967295, duration: 0.5}".to_owned(),
                "success=True",
            ),
        ),
    ])
}

fn trajectory() -> String {
    format!("{{joint_names: {JOINTS}, points: [{{positions: {UP}, time_from_start: {{sec: 5}}}}]}}")
}

/// Topics that people write to: what.
fn sent() -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("arm_controller/joint_trajectory", trajectory()),
        ("arm_controller/speed_scaling_input", "{factor: 0.8}".to_owned()),
        (
            "planning/jog/joint",
            "{joint_names: [joint_1], velocities: [0.05], duration: 0.1}".to_owned(),
        ),
        (
            "planning/jog/twist",
            "{header: {frame_id: base_link}, twist: {linear: {z: 0.01}}}".to_owned(),
        ),
    ])
}

/// The example of a service with its full name.
pub fn call(name: &str, kind: &str) -> Example {
    let (words, prints) = calls().remove(name).unwrap_or((String::new(), "success=True"));
    let words = if words.is_empty() { words } else { format!(" \"{words}\"") };
    Example {
        command: format!("cargo xtask ros2 -- service call /{name} {kind}{words}"),
        prints: prints.to_owned(),
        when: when(name),
    }
}

/// The example of a topic: written to where people do, else looked at.
pub fn topic(name: &str, kind: &str, qos: &str) -> Example {
    let durability = if qos == "Latched" { "transient_local" } else { "volatile" };
    let reliability = if matches!(qos, "Latest" | "Stream") { "best_effort" } else { "reliable" };
    let way = format!("--qos-reliability {reliability} --qos-durability {durability}");
    let (command, prints) = match sent().remove(name) {
        Some(words) => {
            (format!("topic pub --once {way} /{name} {kind} \"{words}\""), "publishing #1")
        }
        None => (format!("topic echo --once {way} /{name} {kind}"), "---"),
    };
    let command = format!("cargo xtask ros2 -- {command}");
    Example { command, prints: prints.to_owned(), when: when(name) }
}

/// The example of an action. The verb `ros2 action` is not published for this prefix.
pub fn action(name: &str) -> Example {
    let (script, prints) = match name {
        "planning/move_to" => ("examples/mobile_base.py", "I have bearing, thank you"),
        _ => ("tests/python/follow_trajectory.py", "good goal: status 4, code 0"),
    };
    let command = format!("cargo xtask shell -- python3 {script}");
    Example { command, prints: prints.to_owned(), when: when(name) }
}
