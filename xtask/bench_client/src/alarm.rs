//! The load jumps while the arm works: what the thermal alarm costs control, in cycles.
//!
//! The one rule: the same arm does the same work at the same speed of the program before and during
//! the alarm, and is looked at for the same time; what the machine does to a bare loop stands beside.

use crate::cycles::Counts;
use crate::motion::Moving;
use crate::witness::Witness;
use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use r2r::QosProfile;
use r2r::armature_msgs::msg::{Derating, JointFeedback, ThermalAlarm, ThermalState};
use r2r::armature_msgs::srv::SetPayload;
use r2r::geometry_msgs::msg::Point;
use report::Target;
use rig::Program;
use rig::Scenario;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Surroundings, degC: in a hot cell the alarm comes within a minute, not within a quarter of an hour.
const HOT: &str = "68.0";

/// Loads: kg and m along the tool's x axis. At the heavy one the swings ask for almost twice the
/// rated torque; control is told of the one in between, so that the jump is no news that it expects.
const LIGHT: (f64, f64) = (1.0, 0.2);
const EXPECTED: (f64, f64) = (2.0, 0.36);
const HEAVY: (f64, f64) = (2.0, 0.49);

/// The alarm must come within this time after the jump.
const PATIENCE: Duration = Duration::from_secs(120);

/// What thermal says.
#[derive(Debug, Default)]
struct Heard {
    level: u8,
    reason: String,
    speed: f64,
    hottest: f64,
}

/// One phase of the work.
#[derive(Debug, Clone, Copy, Default)]
struct Phase {
    counts: Counts,
    bare: usize,
    /// Joint samples in which the driver followed no command.
    not_following: usize,
}

/// All runs.
#[derive(Debug, Default)]
pub struct Alarms {
    before: Phase,
    during: Phase,
    goals_failed: Vec<String>,
    runs: Vec<serde_json::Value>,
}

/// Lets the load jump in several runs, each looked at for a while before and during the alarm.
pub fn measure(runs: u64, seconds: u64) -> Result<Alarms> {
    let mut all = Alarms::default();
    let bar = ProgressBar::new(runs);
    for _ in 0..runs {
        run(Duration::from_secs(seconds), &mut all)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(all)
}

fn run(time: Duration, all: &mut Alarms) -> Result<()> {
    let config = hot_cell()?;
    let config = format!("config:={}", config.display());
    let mut scenario = Scenario::enabled("bench-alarm", &["thermal:=true", &config])?;
    scenario.program = Program::swings(scenario.program.joints.clone());
    let heard = listen(&mut scenario)?;
    hang(&mut scenario, "arm_controller/set_payload", EXPECTED)?;
    hang(&mut scenario, "servo_sim/set_payload", LIGHT)?;
    let mut moving = Moving::begin(scenario)?;
    moving.keep_moving(Duration::from_secs(2))?;
    ensure!(heard.borrow().level == ThermalState::NORMAL as u8, "an alarm before the load");
    let before = look(&mut moving, time)?;
    hang(&mut moving.scenario, "servo_sim/set_payload", HEAVY)?;
    let jumped = Instant::now();
    while heard.borrow().level < ThermalState::WARNING as u8 {
        ensure!(jumped.elapsed() < PATIENCE, "no alarm within {PATIENCE:?}: {:?}", heard.borrow());
        moving.pump()?;
    }
    let came = jumped.elapsed().as_secs_f64();
    let during = look(&mut moving, time)?;
    all.before = all.before.plus(before);
    all.during = all.during.plus(during);
    all.goals_failed.append(&mut moving.failures);
    let heard = heard.borrow();
    all.runs.push(serde_json::json!({
        "alarm_after_s": came, "reason": heard.reason, "slowest": heard.speed,
        "hottest_estimate_degC": heard.hottest,
        "late_before": before.counts.late, "late_during": during.counts.late,
        "bare_before": before.bare, "bare_during": during.bare,
    }));
    Ok(())
}

/// Keeps the arm at work and counts.
fn look(moving: &mut Moving, time: Duration) -> Result<Phase> {
    let witness = Witness::start();
    let before = moving.scenario.arm.world.heartbeats.clone();
    let until = Instant::now() + time;
    let mut not_following = 0;
    while Instant::now() < until {
        moving.forget();
        moving.keep_moving(Duration::from_secs(1))?;
        not_following += moving.ears.with(|heard| {
            let samples = heard.samples.iter().flatten();
            samples.filter(|sample| sample.state != JointFeedback::DRIVER_FOLLOWING as u8).count()
        });
    }
    let counts = Counts::between(&before, &moving.scenario.arm.world.heartbeats);
    Ok(Phase { counts, bare: witness.testimony().late(), not_following })
}

impl Phase {
    fn plus(self, other: Self) -> Self {
        Self {
            counts: self.counts.plus(other.counts),
            bare: self.bare + other.bare,
            not_following: self.not_following + other.not_following,
        }
    }
}

fn listen(scenario: &mut Scenario) -> Result<Rc<RefCell<Heard>>> {
    let heard = Rc::new(RefCell::new(Heard { speed: 1.0, ..Heard::default() }));
    let latched = || QosProfile::default().reliable().transient_local().keep_last(1);
    let ear = Rc::clone(&heard);
    scenario.arm.each::<ThermalAlarm>("thermal_alarm", latched(), move |alarm| {
        let mut heard = ear.borrow_mut();
        heard.level = heard.level.max(alarm.level);
        if let Some(reason) = alarm.reasons.iter().find(|reason| !reason.is_empty()) {
            heard.reason.clone_from(reason);
        }
    })?;
    let ear = Rc::clone(&heard);
    scenario.arm.each::<Derating>("derating", latched(), move |derating| {
        let mut heard = ear.borrow_mut();
        heard.speed = heard.speed.min(derating.speed);
    })?;
    let ear = Rc::clone(&heard);
    scenario.arm.each::<ThermalState>("thermal_state", latched(), move |state| {
        let mut heard = ear.borrow_mut();
        heard.hottest = state.winding.iter().copied().fold(heard.hottest, f64::max);
    })?;
    Ok(heard)
}

fn hang(scenario: &mut Scenario, service: &str, (mass, x): (f64, f64)) -> Result<()> {
    let center_of_mass = Point { x, y: 0.0, z: 0.0 };
    let request = SetPayload::Request { mass, center_of_mass, ..Default::default() };
    let limit = Duration::from_secs(10);
    let answer = scenario.arm.call::<SetPayload::Service>(service, &request, limit)?;
    ensure!(answer.success, "{service}: {}", answer.message);
    Ok(())
}

/// The parameter files as installed, in hotter surroundings.
fn hot_cell() -> Result<PathBuf> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
    let folder = std::path::absolute(rig::launch::target().join("hot-cell"))?;
    copy(&ours, &folder)?;
    for (file, name) in [("thermal.yaml", "ambient:"), ("servo_sim.yaml", "ambient_temperature:")] {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).with_context(|| format!("{path:?}"))?;
        let line = text.lines().find(|line| line.trim_start().starts_with(name));
        let line = line.with_context(|| format!("{file} has no {name}"))?;
        let indent = &line[..line.len() - line.trim_start().len()];
        std::fs::write(&path, text.replace(line, &format!("{indent}{name} {HOT}")))?;
    }
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

impl Alarms {
    /// Its figures against the limits; beside each what it was without an alarm.
    pub fn targets(&self) -> Vec<Target> {
        let Self { before, during, goals_failed, .. } = self;
        let late = |phase: &Phase| phase.counts.late as f64;
        vec![
            Target::at_most("late cycles during the alarm", "", late(during), 0.0)
                .with_peer(late(before)),
            Target::at_most("lost cycles during the alarm", "", during.counts.lost, 0.0)
                .with_peer(before.counts.lost),
            Target::at_most("samples without a command", "", during.not_following as f64, 0.0)
                .with_peer(before.not_following as f64),
            Target::at_most("goals failed around the alarm", "", goals_failed.len() as f64, 0.0),
        ]
    }

    /// Everything else.
    pub fn detail(&self) -> serde_json::Value {
        serde_json::json!({
            "cycles_before": self.before.counts.cycles, "cycles_during": self.during.counts.cycles,
            "late_bare_loop_before": self.before.bare, "late_bare_loop_during": self.during.bare,
            "runs": self.runs, "failures": self.goals_failed,
        })
    }
}
