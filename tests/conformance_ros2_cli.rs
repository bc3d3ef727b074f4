//! The `ros2` command line beside the running arm: what an integrator types first.

use anyhow::{Context, Result, ensure};
use rig::Scenario;
use rig::cli::{Daemon, ros2};
use std::time::{Duration, Instant};

/// Runs it again and again until the daemon has discovered what is expected.
fn discover(words: &[&str], parts: &[&str]) -> Result<String> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match expect(words, parts) {
            Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(500)),
            answer => return answer,
        }
    }
}

fn expect(words: &[&str], parts: &[&str]) -> Result<String> {
    let text = ros2(words)?;
    for part in parts {
        ensure!(text.contains(part), "ros2 {}: no {part:?} in\n{text}", words.join(" "));
    }
    Ok(text)
}

/// Would catch: a node that a tool cannot see, a parameter or lifecycle service that does not
/// answer, a parameter that can be set to nonsense.
#[test]
fn topics_services_parameters_and_lifecycle_answer_the_command_line() -> Result<()> {
    let _scenario = Scenario::up("conformance_cli", &[])?;
    let _daemon = Daemon::start()?;
    discover(
        &["topic", "list"],
        &["/joint_states", "/joint_command", "/arm/status", "/lease", "/robot_description", "/tf"],
    )?;
    discover(
        &["node", "list"],
        &["/control", "/driver_joint_1", "/supervisor", "/arm_controller"],
    )?;
    expect(&["topic", "echo", "--once", "/joint_states"], &["joint_6", "position"])?;
    expect(
        &[
            "topic",
            "echo",
            "--once",
            "--qos-durability",
            "transient_local",
            "--qos-reliability",
            "reliable",
            "--full-length",
            "/robot_description",
        ],
        &["<robot name="],
    )?;
    expect(&["service", "call", "/arm/enable", "std_srvs/srv/Trigger"], &["success=True"])?;
    expect(&["service", "call", "/arm/stop", "std_srvs/srv/Trigger"], &["success=True"])?;
    expect(&["service", "call", "/arm/disable", "std_srvs/srv/Trigger"], &["success=True"])?;
    expect(&["service", "call", "/control/get_state", "lifecycle_msgs/srv/GetState"], &["active"])?;
    expect(&["param", "list", "/control"], &["lead", "law"])?;
    let before = ros2(&["param", "get", "/control", "lead"])?;
    let _ = ros2(&["param", "set", "/control", "lead", "nan"]);
    let after = ros2(&["param", "get", "/control", "lead"])?;
    ensure!(before == after, "a NaN got into parameter lead: {before} -> {after}");
    let actions = ros2(&["topic", "list", "--include-hidden-topics"])?;
    actions
        .lines()
        .find(|line| line.contains("/arm_controller/follow_joint_trajectory/_action/feedback"))
        .context("the trajectory action is not there")?;
    Ok(())
}
