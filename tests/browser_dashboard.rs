//! The dashboard in a real browser beside the real arm: it shows motion, its stop stops, every death
//! is named, and without the token it is a window and nothing else.
//! Only with `cargo xtask test --browser`: it needs Chromium.

use anyhow::{Context, Result, ensure};
use r2r::armature_msgs::msg::{ArmStatus, SceneObject};
use rig::launch::free_port;
use rig::mover::{to_pose, tool_down};
use rig::{Browser, Mover, Page, Scenario, Screen, scene};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

const TOKEN: &str = "token-of-the-system-test";
/// A busy machine draws slowly; nothing here is about speed.
const PATIENCE: Duration = Duration::from_secs(30);

fn log_folder() -> PathBuf {
    std::env::var_os("ARMATURE_TARGET").map_or_else(|| "target".into(), PathBuf::from).join("log")
}

/// The arm with its dashboard; where the page is.
fn arm(name: &str, token: bool) -> Result<(Scenario, String)> {
    let port = free_port()?;
    let mut arguments = vec![
        "dashboard:=true".to_owned(),
        format!("dashboard_port:={port}"),
        "thermal:=true".to_owned(),
    ];
    if token {
        std::fs::create_dir_all(log_folder())?;
        let file = std::path::absolute(log_folder().join(format!("{name}.token")))?;
        std::fs::write(&file, TOKEN)?;
        arguments.push(format!("dashboard_token_file:={}", file.display()));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let scenario = Scenario::enabled(name, &arguments)?;
    Ok((scenario, format!("http://127.0.0.1:{port}/")))
}

/// Keeps the client fed while the browser waits for something.
fn wait(scenario: &mut Scenario, browser: &mut Browser, page: Page, script: &str) -> Result<Value> {
    let found = browser.wait(page, script, PATIENCE);
    scenario.arm.pump_for(Duration::from_millis(50));
    found
}

/// True when the text of an element is one of these words.
fn says(id: &str, word: &str) -> String {
    format!("return document.getElementById('{id}').textContent.trim() === '{word}'")
}

/// Everything that can be operated has a name that a screen reader can say.
const NAMELESS: &str = r"
    const all = document.querySelectorAll('button, a[href], input, canvas, [tabindex], [role=img], progress');
    const named = (e) => e.getAttribute('aria-label') || e.textContent.trim() || e.getAttribute('title')
        || (e.id && document.querySelector(`label[for=${e.id}]`)) || e.getAttribute('aria-labelledby');
    return [...all].filter((e) => !e.closest('[hidden]') && !named(e)).map((e) => e.outerHTML.slice(0, 120));";

/// Would catch: a page that shows a picture of the past, a stop button that only looks like one, a
/// page that dies with a node, a death that nobody is told of.
#[test]
fn the_page_shows_motion_stops_the_arm_and_names_every_death() -> Result<()> {
    let (mut s, url) = arm("browser_dashboard", true)?;
    let mut browser = Browser::start()?;
    let page = browser.open(&format!("{url}#token={TOKEN}"), Screen::DESK)?;
    wait(&mut s, &mut browser, page, &says("mode-word", "enabled"))?;
    wait(&mut s, &mut browser, page, &says("unlock-word", "Unlocked"))?;
    wait(&mut s, &mut browser, page, "return window.armature.stats.drawn > 0")?;
    ensure!(
        browser.run(page, "return location.href")? == url.as_str(),
        "the token stays in the address"
    );
    ensure!(browser.run(page, NAMELESS)? == serde_json::json!([]), "something has no name");

    // It moves, in numbers and in the picture.
    let goal = s.start_motion()?;
    browser.run(page, "window.before = [armature.newest.frame.p[0], armature.stats.drawn, document.querySelector('#joints tr td:nth-child(3)').textContent]")?;
    let moved = "const [p, drawn, text] = window.before;
        return Math.abs(armature.newest.frame.p[0] - p) > 0.05 && armature.stats.drawn > drawn + 3
            && document.querySelector('#joints tr td:nth-child(3)').textContent !== text";
    wait(&mut s, &mut browser, page, moved)?;
    browser.shot(page, &log_folder().join("dashboard_desk.png"), false)?;

    // Stop, and go on.
    browser.click(page, "#stop")?;
    s.wait_for_mode(ArmStatus::STOPPED as u8, Duration::from_secs(5))?;
    wait(&mut s, &mut browser, page, &says("mode-word", "stopped"))?;
    s.arm.pump_for(Duration::from_millis(700));
    s.expect_rest(Duration::from_secs(1))?;
    browser.click(page, "[data-call=resume]")?;
    s.wait_for_mode(ArmStatus::ENABLED as u8, Duration::from_secs(10))?;
    drop(goal);

    // Every node dies once; the page lives, and says who it was.
    let nodes: Vec<String> = s.boots().into_keys().collect();
    ensure!(nodes.len() >= 15, "{nodes:?}");
    for node in nodes.iter().filter(|node| *node != "dashboard") {
        dies_and_is_named(&mut s, &mut browser, page, node)?;
    }
    // Its own server dies: the page says that it is blind, and sees again.
    s.kill("dashboard")?;
    wait(&mut s, &mut browser, page, "return document.body.dataset.link === 'lost'")?;
    let live =
        "return document.body.dataset.link === 'live' && armature.newest.nodes.nodes.length > 10";
    wait(&mut s, &mut browser, page, live)?;
    let complaints = browser.complaints(page)?;
    let ours =
        complaints.iter().filter(|text| !text.contains("WebSocket") && !text.contains("ERR_"));
    ensure!(ours.clone().count() == 0, "the page complains: {:?}", ours.collect::<Vec<_>>());
    Ok(())
}

/// Kills a node and finds its death in the page's events, its row alive again afterwards.
fn dies_and_is_named(
    s: &mut Scenario,
    browser: &mut Browser,
    page: Page,
    node: &str,
) -> Result<()> {
    let before = s.boots();
    let pid = s.arm.world.pid(node).context("never heard")?;
    s.kill(node)?;
    let named = format!(
        "return [...document.querySelectorAll('#events li')].some((line) => \
         line.querySelector('b').textContent === '{node}' && line.textContent.includes('died; started again'))"
    );
    wait(s, browser, page, &named).with_context(|| format!("the death of {node} is not told"))?;
    s.wait_until_back(node, &before)?;
    let alive = format!(
        "const row = document.querySelector('#nodes tr[data-node={node}]');
         return row?.dataset.presence === 'live' && !row.textContent.includes('{pid}')"
    );
    wait(s, browser, page, &alive).with_context(|| format!("{node} is not shown alive again"))?;
    ensure!(
        browser.run(page, "return document.body.dataset.link")? == "live",
        "{node} took the page along"
    );
    Ok(())
}

/// Would catch: a motion that is only seen when the arm is on it, one that stays for ever, a scene that
/// the page does not know.
#[test]
fn a_planned_motion_is_shown_before_the_arm_drives_it_and_not_after() -> Result<()> {
    let (mut s, url) = arm("browser_dashboard_plan", false)?;
    let mut browser = Browser::start()?;
    let page = browser.open(&url, Screen::DESK)?;
    wait(&mut s, &mut browser, page, &says("mode-word", "enabled"))?;
    wait(&mut s, &mut browser, page, "return window.armature.stats.drawn > 0")?;
    let scene =
        "return armature.newest.surroundings.shapes.some((one) => one.name === 'scene/part')";
    add_part(&mut s)?;
    wait(&mut s, &mut browser, page, scene)?;
    // Motions from before the page's node listened for a while are not shown: give it that while.
    s.arm.pump_for(Duration::from_secs(6));

    let mover = Mover::new(&mut s.arm)?;
    let mut goal = to_pose(tool_down([0.45, 0.3, 0.25]));
    goal.preview = 5.0;
    let mut running = mover.send(&mut s.arm, goal)?;
    let stage = |word: &str, hidden: bool| {
        format!(
            "return armature.newest.plan?.stage === '{word}' \
             && document.getElementById('plan-key').hidden === {hidden}"
        )
    };
    let before = browser.run(page, "return armature.newest.frame.p")?;
    wait(&mut s, &mut browser, page, &stage("announced", false))?;
    let end = browser.run(page, "return armature.newest.plan.positions.at(-1)")?;
    ensure!(before != end, "the motion ends where the arm stands: {end}");
    let (_, result) = running.finish(&mut s.arm, PATIENCE)?;
    ensure!(result.outcome.code == 0, "move_to: {}", result.outcome.message);
    wait(&mut s, &mut browser, page, &stage("none", true))?;
    let complaints = browser.complaints(page)?;
    ensure!(complaints.is_empty(), "the page complains: {complaints:?}");
    Ok(())
}

fn add_part(s: &mut Scenario) -> Result<()> {
    let object = SceneObject {
        name: "part".into(),
        shape: SceneObject::SPHERE as u8,
        dimensions: vec![0.05],
        pose: tool_down([0.7, 0.0, 0.1]).pose,
        ..SceneObject::default()
    };
    scene::add(&mut s.arm, object)
}

/// Would catch: a frozen node that looks alive because its last values stay on the page.
#[test]
fn a_frozen_node_is_an_alarm_as_long_as_it_is_frozen() -> Result<()> {
    let (mut s, url) = arm("browser_dashboard_frozen", true)?;
    let mut browser = Browser::start()?;
    let page = browser.open(&url, Screen::DESK)?;
    wait(&mut s, &mut browser, page, "return armature.newest.nodes?.nodes.length > 10")?;
    s.signal("joint_state", libc::SIGSTOP)?;
    let alarm = "document.querySelector('#alarms li[data-source=joint_state]')";
    let seen = format!(
        "return {alarm}?.textContent.includes('no heartbeat') \
         && document.querySelector('#nodes tr[data-node=joint_state]').dataset.presence === 'silent'"
    );
    let named = wait(&mut s, &mut browser, page, &seen);
    // The pose is still shown: control knows it, too.
    let pose = browser.run(page, "return armature.newest.frame.p.every((value) => value !== null)");
    s.signal("joint_state", libc::SIGCONT)?;
    named?;
    ensure!(pose? == true, "the pose is gone with joint_state");
    wait(&mut s, &mut browser, page, &format!("return {alarm} === null"))?;
    Ok(())
}

/// Would catch: a button that works without the token, a reason that is not told, a stop button that
/// scrolls out of sight on a phone.
#[test]
fn without_a_token_a_phone_sees_everything_and_moves_nothing() -> Result<()> {
    let (mut s, url) = arm("browser_dashboard_phone", false)?;
    let mut browser = Browser::start()?;
    let page = browser.open(&url, Screen::PHONE)?;
    wait(&mut s, &mut browser, page, &says("mode-word", "enabled"))?;
    let reason = "return document.getElementById('why').textContent.startsWith('Read-only')";
    wait(&mut s, &mut browser, page, reason)?;
    let pressable = "return document.querySelectorAll('[data-call][aria-disabled=false]').length";
    ensure!(browser.run(page, pressable)? == 0, "a button can be pressed");
    let visible = "window.scrollTo(0, document.body.scrollHeight);
        await new Promise((done) => setTimeout(done, 300));
        const box = document.getElementById('stop').getBoundingClientRect();
        const inside = box.top >= 0 && box.bottom <= innerHeight && box.width > 200;
        const wide = document.documentElement.scrollWidth > innerWidth + 1;
        return [inside, wide]";
    let found = browser.run(page, visible)?;
    browser.shot(page, &log_folder().join("dashboard_phone.png"), false)?;
    ensure!(found == serde_json::json!([true, false]), "stop in sight, page too wide: {found}");

    // Pressing does nothing, and neither does asking for it in other ways.
    browser.click(page, "#stop")?;
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    for call in ["stop", "disable", "enable"] {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "POST /api/call/{call} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 403"), "{call}: {answer}");
    }
    s.arm.pump_for(Duration::from_secs(1));
    ensure!(s.arm.world.mode() == Some(ArmStatus::ENABLED as u8), "the arm left mode ENABLED");
    Ok(())
}
