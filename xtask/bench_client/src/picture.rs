//! The page of the working arm as a picture: for the README, and for a look at what a change did.
//!
//! The rule: nothing in it is put there for the picture; the arm does what it is asked to, and the page
//! shows what it hears.

use crate::motion::Moving;
use anyhow::{Context, Result, ensure};
use rig::launch::free_port;
use rig::mover::{to_pose, tool_down};
use rig::{Browser, Mover, Scenario, Screen, scene};
use std::path::Path;
use std::time::Duration;

/// So long the arm works before: its history is shown.
const WORK: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(60);
/// A picture that everybody downloads with the repository is no larger, bytes.
const LARGEST: u64 = 300_000;
/// Name, edges and place of what stands around the arm, m.
const THINGS: [(&str, [f64; 3], [f64; 3]); 3] = [
    ("table", [0.35, 0.9, 0.06], [0.62, 0.0, 0.03]),
    ("post", [0.06, 0.06, 0.4], [0.45, 0.0, 0.26]),
    ("part", [0.07, 0.07, 0.1], [0.6, -0.32, 0.11]),
];
/// Where the tool goes, on the other side of the post, m.
const GOALS: [[f64; 3]; 2] = [[0.45, -0.3, 0.3], [0.45, 0.3, 0.3]];

/// Takes it.
pub fn take(path: &Path) -> Result<()> {
    let port = free_port()?;
    let place = format!("dashboard_port:={port}");
    let arguments = ["dashboard:=true", "thermal:=true", "record:=true", &place];
    let scenario = Scenario::enabled("picture", &arguments)?;
    let mut browser = Browser::start()?;
    let page = browser.open(&format!("http://127.0.0.1:{port}/"), Screen::DESK)?;
    browser.wait(page, "return armature.stats.drawn > 5", PATIENCE)?;
    browser.run(page, "document.getElementById('zoom').click()")?;
    let mut moving = Moving::begin(scenario)?;
    moving.keep_moving(WORK)?;
    let mut s = moving.rest()?;
    for (name, edges, place) in THINGS {
        scene::add(&mut s.arm, scene::cuboid(name, edges, place))?;
    }
    let mover = Mover::new(&mut s.arm)?;
    let [first, second] = GOALS.map(|goal| to_pose(tool_down(goal)));
    let result = mover.drive(&mut s.arm, first, PATIENCE)?;
    ensure!(result.outcome.code == 0, "move_to: {}", result.outcome.message);
    let mut running = mover.send(&mut s.arm, second)?;
    running.wait_for(&mut s.arm, 0.5, PATIENCE)?;
    browser.shot(page, path, false)?;
    running.finish(&mut s.arm, PATIENCE)?;
    let size = std::fs::metadata(path).with_context(|| format!("no {path:?}"))?.len();
    println!("{} ({} kB)", path.display(), size / 1000);
    ensure!(size < LARGEST, "the picture has {size} bytes, more than {LARGEST}");
    Ok(())
}
