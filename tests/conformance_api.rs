//! docs/api.md as a person uses it: every command line on the page is typed in as it stands there.

use anyhow::{Context, Result, bail, ensure};
use r2r::armature_msgs::msg::{ArmStatus, CellStation, CellStatus, ControlState};
use r2r::armature_msgs::srv::Mark;
use rig::cli::{Daemon, Typed};
use rig::launch::{free_port, target};
use rig::line::inspection;
use rig::mover::to_joints;
use rig::{Line, Mover, Scenario, Single};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

const PAGE: &str = include_str!("../docs/api.md");
/// Most command lines at once: more would only wait for each other.
const SIDE_BY_SIDE: usize = 3;
/// Longest time for one of them.
const LIMIT: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(30);
/// Longest time until a motion begins that was asked for.
const BEGINS: Duration = Duration::from_secs(10);

/// A command line of the page.
#[derive(Debug, Clone)]
struct Example {
    /// The heading that it stands below, and the greater one above that.
    name: String,
    section: String,
    command: String,
    prints: String,
}

/// The examples of the page, in its order.
fn examples(page: &str) -> Result<Vec<Example>> {
    let (mut section, mut name, mut all) = (String::new(), String::new(), Vec::new());
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix("## ") {
            (section, name) = (heading.to_owned(), heading.to_owned());
        }
        if let Some(heading) = line.strip_prefix("### ") {
            name = heading.trim_matches('`').to_owned();
        }
        if !line.starts_with("cargo xtask ") {
            continue;
        }
        ensure!(lines.next() == Some("```"), "{name}: an example of more than one line");
        let said = lines.next().and_then(|line| line.strip_prefix("Prints `")?.split_once('`'));
        let (prints, _) = said.with_context(|| format!("{name}: what does it print?"))?;
        let (name, section, prints) = (name.clone(), section.clone(), prints.to_owned());
        all.push(Example { name, section, command: line.to_owned(), prints });
    }
    Ok(all)
}

/// What the examples have in common, and what they left behind.
struct Desk {
    s: Scenario,
    line: Line,
    waiting: Vec<Example>,
    wrong: Vec<String>,
}

impl Desk {
    /// Types in the examples of these headings, all at once.
    fn type_in(&mut self, names: &[&str]) -> Result<()> {
        let mut chosen = Vec::new();
        for name in names {
            let at = self.waiting.iter().position(|it| it.name == *name);
            chosen.push(self.waiting.remove(at.with_context(|| format!("no example of {name}"))?));
        }
        self.run(chosen)
    }

    /// Types in those that nobody named.
    fn type_in_rest(&mut self) -> Result<()> {
        let rest = std::mem::take(&mut self.waiting);
        self.run(rest)
    }

    fn run(&mut self, examples: Vec<Example>) -> Result<()> {
        let (mut queue, mut running) = (VecDeque::from(examples), Vec::new());
        while !queue.is_empty() || !running.is_empty() {
            while running.len() < SIDE_BY_SIDE {
                let Some(example) = queue.pop_front() else { break };
                running.push((Typed::start(&example.command, LIMIT)?, example));
            }
            self.s.arm.pump();
            let mut still = Vec::new();
            for (mut typed, example) in running {
                match typed.ended()? {
                    None => still.push((typed, example)),
                    Some(ended) => self.judge(&example, &ended),
                }
            }
            running = still;
        }
        Ok(())
    }

    fn judge(&mut self, example: &Example, ended: &rig::cli::Ended) {
        let Example { name, command, prints, .. } = example;
        println!("{:>5.1} s  {name}", ended.took.as_secs_f64());
        if !ended.success || !ended.said.contains(prints.as_str()) {
            let how = if ended.success { "ended well" } else { "failed" };
            let said = ended.said.trim_end();
            self.wrong(format!("{name}: {command}\n{how}, without `{prints}`:\n{said}"));
        }
    }

    /// Keeps what is wrong, and says it at once: a test that is ended at its limit would not.
    fn wrong(&mut self, what: String) {
        println!("{what}");
        self.wrong.push(what);
    }

    /// Waits for what an example begins; what is missing is kept as all failures are.
    fn then(&mut self, what: &str, is_so: impl FnMut(&rig::World) -> bool) {
        if let Err(error) = self.s.arm.wait_for(what, SOON, is_so) {
            self.wrong(format!("{what}: {error:#}"));
        }
    }

    /// Types in an example that moves the arm, and waits until it has.
    fn move_by(&mut self, name: &str) -> Result<()> {
        self.s.arm.world.take_control_states();
        self.type_in(&[name])?;
        let (until, mut has_moved) = (Instant::now() + BEGINS, false);
        while !has_moved && Instant::now() < until {
            self.s.arm.pump();
            let states = self.s.arm.world.take_control_states();
            has_moved = states.iter().any(|state| state.phase == ControlState::EXECUTING as u8);
        }
        if !has_moved {
            self.wrong(format!("{name}: nothing moved"));
        }
        self.then(&format!("the end of motion by {name}"), stands);
        Ok(())
    }

    /// Waits until the job is in this state.
    fn then_job(&mut self, state: u8) {
        let what = format!("job in state {state}");
        let is_so = |line: &Line| line.status().state == state;
        if let Err(error) = self.line.wait(&mut self.s.arm, &what, SOON, is_so) {
            self.wrong(format!("{error:#}"));
        }
    }
}

fn stands(world: &rig::World) -> bool {
    const AT_REST: [u8; 3] =
        [ControlState::HOLDING as u8, ControlState::REACHED as u8, ControlState::PAUSED as u8];
    world.phase().is_some_and(|phase| AT_REST.contains(&phase))
}

fn has_mode(mode: u8) -> impl FnMut(&rig::World) -> bool {
    move |world| world.mode() == Some(mode)
}

/// What runs as long as the examples are typed in.
struct Running {
    _camera: Single,
    _daemon: Daemon,
}

/// The arm with everything that the page tells of, and the examples of one part of it.
fn desk(name: &str, is_wanted: impl Fn(&Example) -> bool) -> Result<(Desk, Running)> {
    let recordings = std::path::absolute(target().join(format!("log/{name}.recordings")))?;
    let _not_there = std::fs::remove_dir_all(&recordings);
    let words = [
        "cell:=true".to_owned(),
        "record:=true".to_owned(),
        format!("recordings:={}", recordings.display()),
        "recordings_mb:=600.0".to_owned(),
        "dashboard:=true".to_owned(),
        format!("dashboard_port:={}", free_port()?),
    ];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut s = Scenario::enabled(name, &words)?;
    let line = Line::watch(&mut s.arm)?;
    let camera = inspection("inspection")?;
    line.wait_for_station(&mut s.arm, "inspection", CellStation::USABLE as u8, SOON)?;
    let running = Running { _camera: camera, _daemon: Daemon::start()? };
    let mut waiting = examples(PAGE)?;
    waiting.retain(is_wanted);
    ensure!(waiting.len() > 30, "this part of the page has only {} examples", waiting.len());
    Ok((Desk { s, line, waiting, wrong: Vec::new() }, running))
}

impl Desk {
    fn verdict(self) -> Result<()> {
        let Self { wrong, .. } = self;
        if wrong.is_empty() {
            return Ok(());
        }
        bail!("{} examples do not work:\n\n{}", wrong.len(), wrong.join("\n\n"))
    }
}

/// Would catch: an example that was never tried, a topic or a type that was renamed, one that is silent or
/// sent in another quality than the page says, one that is heard by nobody.
#[test]
#[ignore = "long: cargo xtask test --all"]
fn every_topic_of_the_page_is_heard_and_sent_as_it_says() -> Result<()> {
    let (mut desk, _running) = desk("conformance_api_topics", |it| it.section == "Topics")?;
    // Something to tell of: a motion that was planned, a mark, a job that runs.
    let mover = Mover::new(&mut desk.s.arm)?;
    let goal = to_joints(&[0.3, 0.0, 0.0, 0.0, 1.57, 0.0]);
    let outcome = mover.drive(&mut desk.s.arm, goal, SOON)?.outcome;
    ensure!(outcome.code == 0, "move_to: {}", outcome.message);
    let mark = Mark::Request { text: "for those who listen".into() };
    desk.s.arm.call::<Mark::Service>("recorder/mark", &mark, SOON)?;
    let sent = [
        "arm_controller/joint_trajectory",
        "planning/jog/joint",
        "planning/jog/twist",
        "arm_controller/speed_scaling_input",
    ];
    let (senders, heard): (Vec<_>, Vec<_>) = std::mem::take(&mut desk.waiting)
        .into_iter()
        .partition(|it| sent.iter().any(|name| *name == it.name));
    desk.waiting = senders;
    desk.s.arm.trigger("cell/start")?;
    desk.run(heard)?;
    desk.s.arm.trigger("cell/abort")?;
    desk.then_job(CellStatus::ABORTED as u8);
    desk.then("rest after the job", stands);
    for name in sent.iter().take(3) {
        desk.move_by(name)?;
    }
    desk.type_in_rest()?;
    desk.verdict()
}

/// Would catch: an example that was never tried, a service that answers only our own clients, a page that
/// promises what the arm does not do.
#[test]
#[ignore = "long: cargo xtask test --all"]
fn every_service_and_action_of_the_page_does_what_it_says() -> Result<()> {
    let (mut desk, _running) = desk("conformance_api_services", |it| it.section != "Topics")?;
    // Both say the same: what hangs there, and what control reckons with.
    desk.type_in(&["servo_sim/set_payload", "arm_controller/set_payload"])?;
    desk.move_by("arm_controller/follow_joint_trajectory")?;
    desk.move_by("planning/move_to")?;
    recorded(&mut desk)?;
    worked(&mut desk)?;
    stopped(&mut desk)?;
    desk.verdict()
}

fn recorded(desk: &mut Desk) -> Result<()> {
    for name in ["recorder/mark", "recorder/pause", "recorder/resume", "recorder/is_paused"] {
        desk.type_in(&[name])?;
    }
    desk.type_in(&["recorder/split_bagfile"])?;
    desk.type_in(&["recorder/snapshot"])
}

/// The job, from its beginning to its end.
fn worked(desk: &mut Desk) -> Result<()> {
    desk.type_in(&["cell/load"])?;
    desk.type_in(&["cell/start"])?;
    desk.then_job(CellStatus::RUNNING as u8);
    desk.type_in(&["cell/pause"])?;
    desk.then_job(CellStatus::PAUSED as u8);
    desk.type_in(&["cell/step"])?;
    desk.then_job(CellStatus::PAUSED as u8);
    desk.type_in(&["cell/resume"])?;
    desk.then_job(CellStatus::RUNNING as u8);
    desk.type_in(&["cell/abort"])?;
    desk.then_job(CellStatus::ABORTED as u8);
    desk.then("rest after the job", stands);
    Ok(())
}

/// Everything about power and permission, and in the end what nobody named.
fn stopped(desk: &mut Desk) -> Result<()> {
    desk.type_in(&["arm/stop"])?;
    desk.then("a stop", has_mode(ArmStatus::STOPPED as u8));
    desk.type_in(&["arm/resume"])?;
    desk.then("permission after the stop", has_mode(ArmStatus::ENABLED as u8));
    desk.type_in(&["arm/disable"])?;
    desk.then("drives without power", has_mode(ArmStatus::DISABLED as u8));
    desk.type_in(&["arm/enable"])?;
    desk.then("permission", has_mode(ArmStatus::ENABLED as u8));
    desk.type_in(&["arm/hand_over"])?;
    desk.type_in_rest()
}
