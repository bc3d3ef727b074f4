//! The cell at work: stations that join and leave while the arm moves, and an inspection station that
//! judges a thousand parts.
//!
//! The one rule: what is judged comes from the topics of the cell and the heartbeats of control; whether a
//! part is good is asked of whoever drew it, not of whoever looked.

use crate::witness::Witness;
use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use part_camera::{Config, Part};
use r2r::QosProfile;
use r2r::armature_msgs::msg::{CellStation, CellStatus};
use report::{Target, quantile};
use rig::line::{inspection, python_station};
use rig::{ArmClient, Line, Scenario, Single};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);
const SILENT: u8 = CellStation::SILENT as u8;
/// Deadline of the calls in the job below, s.
const DEADLINE: f64 = 1.0;

/// The arm moves all the time, and asks whoever is there in between.
const MOVING: &str = "\
name: moving
poses:
  left: {joints: [0.3, 0.1, 0.1, 0.0, 1.3, 0.0]}
  right: {joints: [-0.3, 0.0, 0.0, 0.0, 1.5, 0.0]}
routines:
  ask:
    - call: inspect_surface
      deadline: 1.0
      fallback: [other_station, skip]
steps:
  - repeat: 0
    steps:
      - move_to: left
        fallback: [retry, retry, stop]
      - run: ask
      - move_to: right
        fallback: [retry, retry, stop]
      - run: ask
";

/// All figures.
#[derive(Debug, Default)]
pub struct Cell {
    /// From the node's creation until the cell may ask it, s.
    usable: Vec<f64>,
    /// From the start of its process, s.
    started: Vec<f64>,
    /// From its death until the cell says so, s.
    missed: Vec<f64>,
    late: u64,
    bare_late: usize,
    /// The longest of the steps that call a station, s.
    longest_call: f64,
    moves: u64,
    parts: usize,
    right: usize,
    wrong: Vec<String>,
    unjudged: usize,
    /// From the part's arrival to its verdict, s.
    per_part: Vec<f64>,
    /// Mean time that the station had an order, s.
    per_order: f64,
}

/// Measures everything.
pub fn measure(quick: bool) -> Result<Cell> {
    let mut cell = Cell::default();
    cell.joins(if quick { 5 } else { 20 })?;
    cell.inspect(if quick { 100 } else { 1_000 })?;
    Ok(cell)
}

/// How long steps took, by what the cell says whenever something changes.
#[derive(Debug, Default)]
struct Steps {
    longest_call: f64,
    moves: u64,
    last: String,
    since: Option<Instant>,
}

impl Steps {
    fn watch(arm: &mut ArmClient) -> Result<Rc<RefCell<Self>>> {
        let steps = Rc::new(RefCell::new(Self::default()));
        let heard = Rc::clone(&steps);
        let qos = QosProfile::default().reliable().keep_last(10);
        arm.each("cell/status", qos, move |status: CellStatus| heard.borrow_mut().hear(&status))?;
        Ok(steps)
    }

    fn hear(&mut self, status: &CellStatus) {
        if status.step.starts_with("call") {
            self.longest_call = self.longest_call.max(status.step_time);
        }
        if status.step == self.last {
            return;
        }
        if let (true, Some(since)) = (self.last.starts_with("call"), self.since) {
            self.longest_call = self.longest_call.max(since.elapsed().as_secs_f64());
        }
        self.moves += u64::from(status.step.starts_with("move"));
        (self.last, self.since) = (status.step.clone(), Some(Instant::now()));
    }
}

impl Cell {
    fn joins(&mut self, count: usize) -> Result<()> {
        let mut s = Scenario::enabled("bench-cell", &["cell:=true"])?;
        let line = Line::watch(&mut s.arm)?;
        line.wait(&mut s.arm, "the cell", SOON, |line| !line.status().job.is_empty())?;
        line.run(&mut s.arm, MOVING)?;
        let steps = Steps::watch(&mut s.arm)?;
        s.arm.pump_for(Duration::from_secs(3));
        let late = |s: &Scenario| s.arm.world.late_cycles("control");
        let (before, witness) = (late(&s), Witness::start());
        let bar = ProgressBar::new(count as u64);
        for number in 0..count {
            self.join(&mut s.arm, &line, &format!("station_{number}"))?;
            let state = line.status().state;
            ensure!(
                state == CellStatus::RUNNING as u8,
                "the job: {:?}\n{}",
                line.status(),
                line.told()
            );
            bar.inc(1);
        }
        bar.finish_and_clear();
        self.late = late(&s) - before;
        self.bare_late = witness.testimony().late();
        (self.longest_call, self.moves) = (steps.borrow().longest_call, steps.borrow().moves);
        s.arm.trigger("cell/abort")?;
        Ok(())
    }

    /// One station comes, is used, and is killed.
    fn join(&mut self, arm: &mut ArmClient, line: &Line, name: &str) -> Result<()> {
        let begin = Instant::now();
        let script = "tests/python/faulty_station.py";
        let station = Single::run(name, python_station(script, &[name, "pass"])?)?;
        let node = line.join(arm, (name, &station), |line| line == "node", SOON, |_| ())?;
        self.started.push(begin.elapsed().as_secs_f64());
        self.usable.push(node.context("it said when its node began")?.elapsed().as_secs_f64());
        line.wait(arm, "an order carried out", SOON, |line| {
            line.station(name).is_some_and(|it| it.runs > 0)
        })?;
        let killed = Instant::now();
        rig::process::signal(station.id(), libc::SIGKILL)?;
        line.wait_for_station(arm, name, SILENT, SOON)?;
        self.missed.push(killed.elapsed().as_secs_f64());
        Ok(())
    }

    /// The station judges parts, with nothing else going on.
    fn inspect(&mut self, count: usize) -> Result<()> {
        rig::launch::enter_fresh_domain();
        let folder = rig::launch::target().join("log").join("bench-inspection.redb");
        let _not_there = std::fs::remove_file(&folder);
        let state = format!("state_file:={}", std::path::absolute(folder)?.display());
        let _cell = Single::start("cell", &[&state])?;
        let _camera = Single::start("part_camera", &[])?;
        let mut arm = ArmClient::new("bench")?;
        let line = Line::watch(&mut arm)?;
        let times = Rc::new(RefCell::new(Vec::<(u32, f64)>::new()));
        let heard = Rc::clone(&times);
        let qos = QosProfile::default().reliable().keep_last(10);
        arm.each("cell/status", qos, move |status: CellStatus| {
            let mut times = heard.borrow_mut();
            if times.last().map_or(0, |(parts, _)| *parts) != status.parts_done {
                times.push((status.parts_done, status.cycle_time));
            }
        })?;
        let _station = inspection("inspection")?;
        line.wait(&mut arm, "the inspection station", SOON, |line| line.may_ask("inspection"))?;
        let job = format!(
            "name: judge\nsteps:\n  - parts: {count}\n    steps:\n      - call: inspect_surface\n        \
             deadline: {DEADLINE}\n        fallback: skip\n"
        );
        line.run(&mut arm, &job)?;
        let bar = ProgressBar::new(count as u64);
        let limit = Duration::from_secs(60 + count as u64);
        line.wait(&mut arm, "all parts", limit, |line| {
            bar.set_position(u64::from(line.status().parts_done));
            line.status().state == CellStatus::DONE as u8
        })?;
        bar.finish_and_clear();
        arm.pump_for(Duration::from_millis(300));
        self.per_part = times.borrow().iter().map(|(_, time)| *time).collect();
        self.per_order = line.station("inspection").map_or(f64::NAN, |it| it.mean_time);
        self.judge(&line, count)
    }

    /// Compares what was said with what was drawn.
    fn judge(&mut self, line: &Line, count: usize) -> Result<()> {
        let Config { seed, bad, .. } = Config::default();
        for (part, how) in line.finished() {
            let truth = Part::of(&part, seed, bad);
            self.parts += 1;
            let said_good = how.starts_with("good");
            if !said_good && !how.starts_with("bad") {
                self.unjudged += 1;
            }
            if said_good == truth.is_good() && (said_good || how.starts_with("bad")) {
                self.right += 1;
            } else {
                let kinds: Vec<&str> = truth.defects.iter().map(|it| it.kind()).collect();
                self.wrong.push(format!("{part}: {how}; true: {kinds:?}"));
            }
        }
        ensure!(self.parts == count, "heard of {} parts of {count}", self.parts);
        Ok(())
    }

    /// Against the limits of the issue.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let most = |all: &[f64]| all.iter().copied().fold(f64::NAN, f64::max);
        let share = 100.0 * self.right as f64 / self.parts.max(1) as f64;
        let p99 = quantile(&self.per_part, 0.99) * 1e3;
        let joins = self.usable.len();
        vec![
            Target::at_most(
                &format!("control cycles late in {joins} joins and deaths of stations"),
                "",
                self.late as f64,
                0.0,
            ),
            Target::at_most("a station is usable after, worst", "s", most(&self.usable), 1.0),
            Target::at_most("longest step that calls a station", "s", self.longest_call, DEADLINE),
            Target::at_least(&format!("{} parts judged right", self.parts), "%", share, 99.0),
            Target::at_most("inspection of a part, from its arrival, p99", "ms", p99, 100.0),
        ]
    }

    /// Beside the targets.
    #[must_use]
    pub fn detail(&self) -> Value {
        let ms = |value: f64| value * 1e3;
        json!({
            "usable_s": self.usable,
            "from_the_start_of_the_process_s": self.started,
            "death_noticed_s": self.missed,
            "late_cycles_of_a_bare_loop_beside": self.bare_late,
            "motions_meanwhile": self.moves,
            "parts": self.parts,
            "not_judged": self.unjudged,
            "judged_wrong": self.wrong,
            "ms_per_part": {
                "median": ms(quantile(&self.per_part, 0.5)),
                "p99": ms(quantile(&self.per_part, 0.99)),
                "worst": ms(quantile(&self.per_part, 1.0)),
            },
            "mean_ms_per_order": ms(self.per_order),
        })
    }
}
