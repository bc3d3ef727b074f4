//! The cell with real stations: one joins, hangs, lies, dies; others may not join at all; the cell itself
//! is killed over an order.

use anyhow::{Context, Result, ensure};
use r2r::armature_msgs::msg::{CellStation, CellStatus};
use rig::cli::{root, type_in};
use rig::line::{inspection, python_station};
use rig::{ArmClient, Launch, Line, Scenario, Single};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);
const USABLE: u8 = CellStation::USABLE as u8;
const REFUSED: u8 = CellStation::REFUSED as u8;
const SILENT: u8 = CellStation::SILENT as u8;

/// Nothing moves: parts come, are looked at, and go.
fn job(parts: u32, care: &str) -> String {
    format!(
        "name: look\nsteps:\n  - parts: {parts}\n    steps:\n      - call: inspect_surface\n{care}\
         \x20     - wait: 0.1\n"
    )
}

const SKIP: &str =
    "        deadline: 2\n        attempt: 0.8\n        fallback: [other_station, skip]\n";

/// The arm without power, and the cell.
fn up(name: &str) -> Result<(Launch, ArmClient, Line)> {
    let launch = Launch::start(name, &["cell:=true", "standby:=false", "thermal:=false"])?;
    let mut arm = ArmClient::new("rig")?;
    let line = Line::watch(&mut arm)?;
    line.wait(&mut arm, "the cell", SOON, |line| line.status().state == CellStatus::LOADED as u8)
        .with_context(|| launch.output())?;
    Ok((launch, arm, line))
}

fn faulty(name: &str, habit: &str) -> Result<Single> {
    Single::run(name, python_station("tests/python/faulty_station.py", &[name, habit])?)
}

/// Would catch: a descriptor that is believed whatever it says, a refusal without its reason, a newer
/// minor version that is turned away.
#[test]
fn who_may_not_join_is_told_why_and_the_line_goes_on() -> Result<()> {
    let (_launch, mut arm, line) = up("cell_refusals")?;
    line.run(&mut arm, &job(0, SKIP))?;
    let _good = faulty("good", "newer_minor")?;
    line.wait_for_station(&mut arm, "good", USABLE, SOON)?;
    for (name, habit, reason) in [
        ("major", "other_major", "interface version 2.0: this cell speaks 1.x"),
        ("named", "other_name", "says its name is \"somebody_else\""),
        ("twin", "id_of:good", "id \"good\" belongs to station \"good\", which is alive"),
        ("idle", "no_capability", "0 capabilities"),
    ] {
        let _bad = faulty(name, habit)?;
        line.wait_for_station(&mut arm, name, REFUSED, SOON)?;
        let said = line.station(name).context("it was there")?.reason;
        ensure!(said.contains(reason), "{name}: {said}");
    }
    let before = line.status().parts_passed;
    line.wait(&mut arm, "more good parts", SOON, |line| line.status().parts_passed > before + 3)?;
    Ok(())
}

/// Would catch: a job that waits for a station that hangs, a NaN that is counted as good, a station that is
/// asked although it is dead, a line that stands still because of any of them.
#[test]
fn stations_that_hang_lie_and_die_cost_no_more_than_the_deadline() -> Result<()> {
    let (_launch, mut arm, line) = up("cell_faults")?;
    line.run(&mut arm, &job(0, SKIP))?;
    line.wait(&mut arm, "parts that nobody looked at", SOON, |line| {
        line.status().parts_unchecked > 2
    })?;
    for (name, habit, reason) in [
        ("hanging", "hang", "station hanging gave no result within 0.8 s"),
        ("lying", "nan", "measurement \"width\" is NaN"),
        ("mixing", "other_part", "it is about part \"another\""),
        ("broken", "give_up", "station broken gave up: the lamp is broken"),
    ] {
        let begin = Instant::now();
        let _bad = faulty(name, habit)?;
        let parts = line.status().parts_done;
        line.wait(&mut arm, reason, SOON, |line| line.said(reason, begin).is_some())?;
        line.wait(&mut arm, "more parts", SOON, |line| line.status().parts_done > parts + 2)?;
        ensure!(line.status().step_time <= 2.0, "{:?}", line.status());
    }
    ensure!(line.status().parts_passed == 0, "nobody said so: {:?}", line.status());
    // One that is good, killed over an order.
    let slow = faulty("slow", "slow")?;
    line.wait(&mut arm, "a good part", SOON, |line| line.status().parts_passed > 0)?;
    let killed = Instant::now();
    rig::process::signal(slow.id(), libc::SIGKILL)?;
    line.wait_for_station(&mut arm, "slow", SILENT, SOON)?;
    ensure!(line.said("station slow is gone", killed).is_some(), "{}", line.told());
    let parts = line.status().parts_done;
    line.wait(&mut arm, "parts without it", SOON, |line| line.status().parts_done > parts + 2)?;
    Ok(())
}

/// Would catch: a state that is lost or begun anew with the process, an order that is done twice because
/// it goes by another name after the restart.
#[test]
fn a_cell_that_is_killed_over_and_over_finishes_every_part_once() -> Result<()> {
    rig::launch::without_quarantine();
    const PARTS: u32 = 25;
    let (_launch, mut arm, line) = up("cell_killed")?;
    let slow = faulty("slow", "slow")?;
    line.wait_for_station(&mut arm, "slow", USABLE, SOON)?;
    let care = "        deadline: 10\n        attempt: 4\n        wait_for_station: 4\n        \
                fallback: [retry, stop]\n";
    line.run(&mut arm, &job(PARTS, care))?;
    for round in 0..5_u64 {
        arm.pump_for(Duration::from_millis(1_700 + 130 * round));
        let pid = arm.world.pid("cell").context("the cell was never heard")?;
        rig::process::signal(pid, libc::SIGKILL)?;
        arm.wait_for("another cell", SOON, |w| w.pid("cell").is_some_and(|it| it != pid))?;
    }
    line.wait(&mut arm, "the end of the job", Duration::from_secs(90), |line| {
        line.status().state == CellStatus::DONE as u8
    })?;
    let status = line.status();
    ensure!(status.parts_passed == PARTS && status.parts_done == PARTS, "{status:?}");
    let output = slow.output();
    let orders = output.lines().filter_map(|line| line.strip_prefix("asked ")?.split_once(' '));
    let parts: Vec<&str> = orders.map(|(_, part)| part).collect();
    let different: BTreeSet<&str> = parts.iter().copied().collect();
    ensure!(different.len() == PARTS as usize, "{} parts were inspected", different.len());
    ensure!(parts.len() == different.len(), "some were inspected twice: {parts:?}");
    Ok(())
}

/// Would catch: a wrong job that is taken, an error without its line, services that answer before it is
/// done, a pause that goes on.
#[test]
fn people_can_pause_step_and_give_up_and_wrong_jobs_are_refused_with_their_line() -> Result<()> {
    let (_launch, mut arm, line) = up("cell_people")?;
    let wrong =
        "name: x\nposes:\n  home: {joints: [0, 0, 0, 0, 0, 0]}\nsteps:\n  - move_to: nowhere\n";
    let answer = line.load(&mut arm, wrong, true)?;
    ensure!(!answer.success && answer.line == 5, "{answer:?}");
    ensure!(answer.message.contains("pose \"nowhere\" is not among [\"home\"]"), "{answer:?}");
    ensure!(arm.trigger("cell/resume").is_err(), "nothing is paused");
    line.run(&mut arm, &job(0, SKIP))?;
    arm.trigger("cell/pause")?;
    let paused = CellStatus::PAUSED as u8;
    line.wait(&mut arm, "a pause", SOON, |line| line.status().state == paused)?;
    let parts = line.status().parts_done;
    arm.pump_for(Duration::from_secs(1));
    ensure!(line.status().parts_done == parts, "it is paused: {:?}", line.status());
    arm.trigger("cell/step")?;
    line.wait(&mut arm, "a pause after one step", SOON, |line| {
        line.status().reason == "one step was done"
    })?;
    arm.trigger("cell/resume")?;
    line.wait(&mut arm, "more parts", SOON, |line| line.status().parts_done > parts + 2)?;
    arm.trigger("cell/abort")?;
    line.wait(&mut arm, "the end", SOON, |line| line.status().state == CellStatus::ABORTED as u8)?;
    Ok(())
}

/// Would catch: a station that judges by chance, pictures that belong to another part, an arm that does
/// not carry the parts where the verdict says.
#[test]
fn the_inspection_station_judges_parts_that_the_arm_carries_as_they_are() -> Result<()> {
    let mut s = Scenario::enabled("cell_inspection", &["cell:=true"])?;
    let line = Line::watch(&mut s.arm)?;
    let _camera = inspection("inspection")?;
    line.wait_for_station(&mut s.arm, "inspection", USABLE, SOON)?;
    s.arm.trigger("cell/start")?;
    line.wait(&mut s.arm, "six parts", Duration::from_secs(150), |line| {
        line.status().parts_done >= 6
    })?;
    s.arm.trigger("cell/abort")?;
    let camera = part_camera::Config::default();
    let mut judged = 0;
    for (part, how) in line.finished() {
        let good = part_camera::Part::of(&part, camera.seed, camera.bad).is_good();
        let said = if good { "good" } else { "bad" };
        ensure!(how.starts_with(said), "{part} is {said}, and was judged: {how}");
        judged += 1;
    }
    ensure!(judged >= 6, "only {judged} parts in:\n{}", line.told());
    Ok(())
}

/// A station that `cargo xtask new-station` wrote; gone with the test.
struct Written(PathBuf);

impl Written {
    fn new(name: &str, language: &str) -> Result<Self> {
        let written = Self(root().join("stations").join(name));
        let said = type_in(&format!("cargo xtask new-station {name} --lang {language}"), SOON)?;
        ensure!(said.contains(&format!("cargo xtask station {name}")), "{said}");
        Ok(written)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Writes a station in this language and lets the cell use it; `built` is how long its first start may take.
fn a_new_station_is_used(language: &str, built: Duration) -> Result<()> {
    let (_launch, mut arm, line) = up(&format!("cell_new_{language}"))?;
    line.run(&mut arm, &job(0, SKIP))?;
    let name = format!("fresh_{language}");
    let _written = Written::new(&name, language)?;
    let mut command = Command::new("cargo");
    command.args(["xtask", "station", &name]).current_dir(root());
    let station = Single::run(&name, command)?;
    let joined = line.join(&mut arm, (&name, &station), |_| false, built, |_| {});
    joined.with_context(|| station.output())?;
    let before = line.status().parts_passed;
    line.wait(&mut arm, "parts that it judged", SOON, |line| {
        line.status().parts_passed > before + 2
    })?;
    let known = line.station(&name).context("it has joined")?;
    ensure!(known.runs > 2 && known.failures == 0, "{known:?}");
    drop(station);
    line.wait_for_station(&mut arm, &name, SILENT, SOON)?;
    Ok(())
}

/// Would catch: a template that does not start, a station that the cell does not take or that gives no
/// result, one that does not go when it is asked to.
#[test]
fn what_new_station_writes_in_python_runs_as_it_is_and_the_cell_uses_it() -> Result<()> {
    a_new_station_is_used("python", SOON)
}

/// The same in Rust, which is built when it is first run: cargo, and the crates that the nodes are made of.
#[test]
#[ignore = "long: cargo xtask test --all"]
fn what_new_station_writes_in_rust_builds_and_runs_as_it_is_and_the_cell_uses_it() -> Result<()> {
    a_new_station_is_used("rust", Duration::from_secs(1200))
}
