//! Case 28: a new station joins the running arm, twenty times.
//!
//! - Before: the job of the cell moves the arm to and fro, and asks in between whoever can inspect.
//! - Fault: twenty times in a row somebody else's station, in rclpy, appears, carries out an order, and is
//!   killed without warning.
//! - After: it can be used without any restart; the job goes on with it and without it.
//! - Detected: it is usable within 1 s of its node's creation; its death is said by the cell.
//! - Recovered: nothing to recover from: steps that find nobody are skipped, as the job says.
//! - Undisturbed: all nodes keep process and boot id; no joint ceases to follow; no control cycle is late.
//! - Degrades: a station that comes and goes | moving | the job goes on without it, and says so | nothing to do

use anyhow::{Context, Result, ensure};
use r2r::armature_msgs::msg::{CellStation, CellStatus};
use rig::line::python_station;
use rig::{Drives, Line, Scenario, Single, figures};
use std::time::{Duration, Instant};

const JOINS: usize = 20;
const SOON: Duration = Duration::from_secs(30);

/// As short ways as will do, so that the arm hardly ever rests.
const JOB: &str = "\
name: to_and_fro
poses:
  left: {joints: [0.3, 0.1, 0.1, 0.0, 1.3, 0.0]}
  right: {joints: [-0.3, 0.0, 0.0, 0.0, 1.5, 0.0]}
steps:
  - repeat: 0
    steps:
      - move_to: left
        fallback: [retry, retry, stop]
      - call: inspect_surface
        deadline: 1
        fallback: skip
      - move_to: right
        fallback: [retry, retry, stop]
      - call: inspect_surface
        deadline: 1
        fallback: skip
";

/// One comes, works and is killed; how long it took to be usable from its node's creation on, s.
fn join_and_die(s: &mut Scenario, line: &Line, name: &str) -> Result<f64> {
    let station =
        Single::run(name, python_station("tests/python/faulty_station.py", &[name, "pass"])?)?;
    let node = line.join(&mut s.arm, (name, &station), |line| line == "node", SOON, |_| ())?;
    let took = node.context("it said when its node began")?.elapsed().as_secs_f64();
    line.wait(&mut s.arm, "an order carried out", SOON, |line| {
        line.station(name).is_some_and(|it| it.runs > 0)
    })?;
    let killed = Instant::now();
    rig::process::signal(station.id(), libc::SIGKILL)?;
    line.wait_for_station(&mut s.arm, name, CellStation::SILENT as u8, SOON)?;
    let said = format!("station {name} is gone");
    line.wait(&mut s.arm, &said, SOON, |line| line.said(&said, killed).is_some())?;
    Ok(took)
}

/// Would catch: a newcomer that needs a restart, discovery that holds up a cycle, a job that waits for the
/// dead.
#[test]
#[ignore = "long: cargo xtask test --all"]
fn a_station_joins_like_a_card_in_a_slot() -> Result<()> {
    let mut s = Scenario::enabled("chaos_28", &["cell:=true"])?;
    let drives = Drives::watch(&mut s.arm)?;
    let line = Line::watch(&mut s.arm)?;
    line.wait(&mut s.arm, "the cell", SOON, |line| !line.status().job.is_empty())?;
    s.wait_for_successor()?;
    line.run(&mut s.arm, JOB)?;
    let moving = |line: &Line| line.status().step.starts_with("move");
    line.wait(&mut s.arm, "motion", SOON, moving)?;
    let witness = s.witness();
    let late = |s: &Scenario| s.arm.world.late_cycles("control");
    let missed = late(&s);
    drives.clear();
    for number in 1..=JOINS {
        let usable = join_and_die(&mut s, &line, &format!("station_{number}"))?;
        figures::at_most("a station is usable after", "s", usable, 1.0);
        let status = line.status();
        ensure!(status.state == CellStatus::RUNNING as u8, "{status:?}\n{}", line.told());
        ensure!(status.step_time <= status.step_deadline, "{status:?}");
    }
    figures::at_most("control cycles late", "", (late(&s) - missed) as f64, 0.0);
    figures::at_most("between two commands", "ms", drives.longest_wait() * 1e3, 100.0);
    drives.expect_following()?;
    s.arm.trigger("cell/abort")?;
    witness.expect_undisturbed(&mut s, &[])
}
