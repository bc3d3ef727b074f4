//! The arm in one process, in some, and in a grouping that makes no sense.
//!
//! What is asked of the arm is what is asked of it split up: it is enabled, executes goals, and comes back
//! when its process dies. What differs is who dies together.

use anyhow::{Context, Result, ensure};
use r2r::armature_msgs::msg::ArmStatus;
use r2r::lifecycle_msgs::msg::State;
use r2r::rcl_interfaces::srv::GetParameters;
use rig::{HARDWARE, Launch, Scenario};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const ACTIVE: u8 = State::PRIMARY_STATE_ACTIVE as u8;

/// The nodes that run in the same process as `node`, in alphabetical order.
fn companions(s: &Scenario, node: &str) -> Result<Vec<String>> {
    let mut processes = s.processes().into_values();
    processes.find(|nodes| nodes.iter().any(|name| name == node)).context("it was never heard")
}

/// Waits until all of `nodes` have spoken as active nodes.
fn wait_for_all(s: &mut Scenario, nodes: &[&str]) -> Result<Duration> {
    s.arm.wait_for("all nodes to be active", Duration::from_secs(20), |w| {
        nodes.iter().all(|n| w.heartbeats.get(*n).is_some_and(|beat| beat.lifecycle == ACTIVE))
    })
}

/// A parameter that is a list of texts.
fn texts(s: &mut Scenario, node: &str, key: &str) -> Result<Vec<String>> {
    let request = GetParameters::Request { names: vec![key.to_owned()] };
    let name = format!("{node}/get_parameters");
    let limit = Duration::from_secs(5);
    let answer = s.arm.call::<GetParameters::Service>(&name, &request, limit)?;
    let value = answer.values.into_iter().next().context("no value")?;
    Ok(value.string_array_value)
}

/// Would catch: two nodes of one process sharing a name, a boot id, parameters or a priority; a node that
/// needs a process of its own; an arm that does not come back when all of it dies at once.
#[test]
fn an_arm_in_one_process_works_and_comes_back_as_a_whole() -> Result<()> {
    let launch = Launch::start_file("composition_one", "monolith.launch.xml", &[])?;
    let mut s = Scenario::over(launch)?;
    let drivers: Vec<String> = (1..=6).map(|joint| format!("driver_joint_{joint}")).collect();
    let others = ["arm_controller", "control", "joint_state", "planning", "supervisor", "thermal"];
    let all: Vec<&str> = drivers.iter().map(String::as_str).chain(others).collect();
    wait_for_all(&mut s, &all)?;

    let together = companions(&s, "control")?;
    let wanted: BTreeSet<&str> = all.iter().copied().collect();
    ensure!(together.iter().map(String::as_str).eq(wanted), "together: {together:?}");
    for node in HARDWARE {
        ensure!(companions(&s, node)? == [node], "{node} is not hardware any more");
    }
    let boots = s.boots();
    let ids: BTreeSet<u64> = boots.values().copied().collect();
    ensure!(ids.len() == boots.len(), "two nodes have the same boot id: {boots:x?}");
    for (joint, driver) in (1..).zip(&drivers) {
        let joints = texts(&mut s, driver, "joints")?;
        ensure!(joints == [format!("joint_{joint}")], "{driver} serves {joints:?}");
    }

    s.enable()?;
    let mut goal = s.start_motion()?;
    s.expect_success(&mut goal)?;

    drop(s.start_motion()?);
    let before = s.boots();
    s.kill("thermal")?;
    for node in &all {
        s.wait_until_back(node, &before)?;
    }
    s.expect_undisturbed(&before, &all)?;
    s.arm.pump_for(Duration::from_secs(1));
    s.expect_rest(Duration::from_secs(1))?;
    s.arm.wait_until_up(Duration::from_secs(20))?;
    if let Err(refused) = s.resume() {
        println!("arm/resume: {refused:#}; arm/enable instead");
        s.enable()?;
    }
    s.expect_rest(Duration::from_secs(1))?;
    let mut next = s.arm.send(s.program.trajectory())?;
    s.expect_success(&mut next).map(|_| ())
}

/// Would catch: a grouping that is not what was asked for, or whose processes take more with them than
/// the nodes in them.
#[test]
fn a_group_dies_together_and_takes_nobody_else() -> Result<()> {
    let groups = "groups:=joint_state,thermal;planning,motion";
    let mut s = Scenario::enabled("composition_groups", &[groups])?;
    wait_for_all(&mut s, &["joint_state", "thermal", "planning", "arm_controller"])?;
    ensure!(companions(&s, "thermal")? == ["joint_state", "thermal"]);
    ensure!(companions(&s, "planning")? == ["arm_controller", "planning"]);
    ensure!(companions(&s, "control")? == ["control"]);

    let mut goal = s.start_motion()?;
    let before = s.boots();
    s.kill("thermal")?;
    for node in ["joint_state", "thermal"] {
        s.wait_until_back(node, &before)?;
    }
    ensure!(s.arm.world.mode() == Some(ArmStatus::ENABLED as u8), "the arm left mode ENABLED");
    s.expect_success(&mut goal)?;
    s.expect_undisturbed(&before, &["joint_state", "thermal"])
}

/// Would catch: a misspelt group that starts an arm in another composition than its owner believes.
#[test]
fn a_group_of_unknown_nodes_is_refused_by_name() -> Result<()> {
    let mut launch = Launch::start("composition_bad", &["groups:=joint_state,plannning"])?;
    let until = Instant::now() + Duration::from_secs(30);
    while launch.is_running() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    ensure!(!launch.is_running(), "launch goes on");
    let text = launch.output();
    ensure!(text.contains("no node or program 'plannning'"), "{text}");
    ensure!(text.contains("joint_driver, joint_state"), "{text}");
    Ok(())
}
