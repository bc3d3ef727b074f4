//! What any page gets of the real arm over HTTP and WebSocket, and the same in a terminal. The page
//! itself is looked at in `browser_dashboard.rs`.

use anyhow::{Context, Result, anyhow, bail, ensure};
use r2r::armature_msgs::msg::ArmStatus;
use rig::launch::free_port;
use rig::watcher::request;
use rig::{Scenario, Watcher};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const TOKEN: &str = "token-of-the-system-test";
/// A busy machine is slow; nothing here is about speed.
const PATIENCE: Duration = Duration::from_secs(30);

fn target() -> PathBuf {
    std::env::var_os("ARMATURE_TARGET").map_or_else(|| "target".into(), PathBuf::from)
}

/// The arm with its dashboard, and the port of the page.
fn arm(name: &str) -> Result<(Scenario, u16)> {
    let file = std::path::absolute(target().join("log").join(format!("{name}.token")))?;
    std::fs::create_dir_all(target().join("log"))?;
    std::fs::write(&file, TOKEN)?;
    let port = free_port()?;
    let arguments = [
        "dashboard:=true".to_owned(),
        format!("dashboard_port:={port}"),
        format!("dashboard_token_file:={}", file.display()),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Ok((Scenario::enabled(name, &arguments)?, port))
}

/// Keeps both sides going until the page is told what `condition` wants.
fn until(
    s: &mut Scenario,
    watcher: &mut Watcher,
    what: &str,
    condition: impl Fn(&Watcher) -> bool,
) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !condition(watcher) {
        if Instant::now() > end {
            bail!("the page is not told: {what}");
        }
        s.arm.pump();
        watcher.take()?;
    }
    Ok(())
}

/// A link as soon as somebody serves one.
fn open(s: &mut Scenario, port: u16) -> Result<Watcher> {
    let end = Instant::now() + PATIENCE;
    loop {
        match Watcher::open(port) {
            Err(_) if Instant::now() < end => s.arm.pump_for(Duration::from_millis(100)),
            opened => return opened,
        }
    }
}

/// The row of a node in the table.
fn row<'a>(watcher: &'a Watcher, node: &str) -> Option<&'a Value> {
    watcher.newest("nodes")["nodes"].as_array()?.iter().find(|row| row["node"] == node)
}

fn tells_of_a_death(watcher: &Watcher, node: &str) -> bool {
    let events = watcher.newest("events")["is"].as_array();
    events.into_iter().flatten().any(|event| {
        let text = event["text"].as_str().unwrap_or_default();
        event["source"] == node && text.starts_with("died; started again")
    })
}

/// Would catch: a page that shows a picture of the past, a call that works without the token, a stop
/// that does not stop, a link that ends with a node, a death that nobody is told of.
#[test]
fn a_page_is_told_of_motion_and_deaths_and_stops_the_arm_only_with_the_token() -> Result<()> {
    let (mut s, port) = arm("conformance_dashboard")?;
    let page = request(port, "GET /", "")?;
    ensure!(page.starts_with("HTTP/1.1 200") && page.contains("<title>Armature</title>"), "{page}");
    let description = request(port, "GET /urdf", "")?;
    ensure!(description.contains("<robot"), "no description of the arm: {description}");
    let mut w = open(&mut s, port)?;
    until(&mut s, &mut w, "the arm is enabled, and where it is", |w| {
        w.newest("arm")["mode"] == "enabled" && w.newest("frame")["p"][0].is_f64()
    })?;
    until(&mut s, &mut w, "who is there", |w| {
        row(w, "control").is_some_and(|row| row["presence"] == "live")
    })?;

    // Whoever has no token, or the wrong one, is refused over both ways.
    for headers in ["", "Authorization: Bearer not-the-right-one\r\n"] {
        let answer = request(port, "POST /api/call/stop", headers)?;
        ensure!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    let refused = w.call("stop", "not-the-right-one")?;
    ensure!(refused["success"] == false, "{refused}");

    let goal = s.start_motion()?;
    ensure!(s.arm.world.mode() == Some(ArmStatus::ENABLED as u8), "a refused call reached the arm");
    let begun = w.newest("frame")["p"][0].as_f64().context("no pose")?;
    until(&mut s, &mut w, "that it moves", |w| {
        w.newest("frame")["p"][0].as_f64().is_some_and(|now| (now - begun).abs() > 0.05)
    })?;
    let stopped = w.call("stop", TOKEN)?;
    ensure!(stopped["success"] == true, "{stopped}");
    s.wait_for_mode(ArmStatus::STOPPED as u8, Duration::from_secs(5))?;
    until(&mut s, &mut w, "the arm is stopped", |w| w.newest("arm")["mode"] == "stopped")?;
    drop(goal);

    // A node dies: its link lives, and says who it was.
    let before = s.boots();
    s.kill("joint_state")?;
    until(&mut s, &mut w, "who died", |w| tells_of_a_death(w, "joint_state"))?;
    s.wait_until_back("joint_state", &before)?;
    until(&mut s, &mut w, "it is back", |w| {
        row(w, "joint_state").is_some_and(|row| row["presence"] == "live")
    })?;

    // The server dies: the link ends, and the next one knows as much.
    s.kill("dashboard")?;
    let end = Instant::now() + PATIENCE;
    while w.take().is_ok() {
        ensure!(Instant::now() < end, "the link outlives its server");
    }
    let mut w = open(&mut s, port)?;
    until(&mut s, &mut w, "all again", |w| {
        w.newest("arm")["mode"] == "stopped" && row(w, "control").is_some()
    })
}

/// What `cargo xtask status --once` prints.
fn status() -> Result<String> {
    let program = target().join("release").join("status_client");
    let output = Command::new(program).arg("--once").output();
    let output = output.context("status_client was not built")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{}: {text}", output.status);
    Ok(text)
}

/// The sign, first word of the state and what follows, of a node's line.
fn line(text: &str, node: &str) -> Result<[String; 3]> {
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(node));
    let line = line.with_context(|| format!("{node} is not in the table:\n{text}"))?;
    let words: Vec<String> = line.split_whitespace().skip(1).take(3).map(str::to_owned).collect();
    words.try_into().map_err(|_| anyhow!("too short: {line}"))
}

fn is_gone(state: &str) -> bool {
    ["never", "silent"].contains(&state)
}

/// Would catch: a table that waits for the dead, shows them alive, or needs the supervisor.
#[test]
fn status_tells_the_living_from_the_dead_also_when_the_supervisor_is_dead() -> Result<()> {
    const DEAD: [&str; 6] = [
        "control_standby",
        "driver_joint_1",
        "driver_joint_2",
        "driver_joint_3",
        "joint_state",
        "arm_controller",
    ];
    let mut s = Scenario::up("conformance_status", &["respawn:=false"])?;
    // Up is who the arm needs to move; the others may need a moment longer.
    s.arm.wait_for("a word of everybody", PATIENCE, |world| {
        DEAD.iter().chain(&["supervisor"]).all(|node| world.pid(node).is_some())
    })?;
    let nodes: Vec<String> = s.boots().into_keys().collect();
    let text = status()?;
    for node in &nodes {
        let pid = s.arm.world.pid(node).context("no process")?.to_string();
        let [_, state, process] = line(&text, node)?;
        ensure!(state != "silent" && process == pid, "{node}, process {pid}:\n{text}");
    }
    for node in DEAD {
        s.kill(node)?;
    }
    s.arm.pump_for(Duration::from_secs(2));
    let text = status()?;
    for node in &nodes {
        let [sign, state, _] = line(&text, node)?;
        let dead = sign == "✖" && is_gone(&state);
        ensure!(dead == DEAD.contains(&node.as_str()), "{node}:\n{text}");
    }
    s.kill("supervisor")?;
    s.arm.pump_for(Duration::from_secs(1));
    let text = status()?;
    for node in nodes.iter().filter(|node| *node != "supervisor") {
        let alive = line(&text, node).is_ok_and(|[_, state, _]| !is_gone(&state));
        ensure!(alive != DEAD.contains(&node.as_str()), "{node}:\n{text}");
    }
    Ok(())
}
