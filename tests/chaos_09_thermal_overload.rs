//! Overload by a payload that grows in motion; thermal killed and frozen in motion.
//!
//! Motors here warm ten times, their housings forty times faster than real ones, so that a minute tells
//! what an hour would; thermal is told so by its data sheet.
#![cfg(feature = "system")]

use anyhow::{Context, Result, ensure};
use r2r::QosProfile;
use r2r::armature_msgs::msg::{Derating, JointTelemetry, ThermalAlarm, ThermalState};
use r2r::armature_msgs::srv::SetPayload;
use r2r::trajectory_msgs::msg::{JointTrajectory, JointTrajectoryPoint};
use report::{Report, Target};
use rig::program::point;
use rig::{RunningGoal, Scenario};
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// joint_6, which the work heats.
const HOT: usize = 5;
/// Winding and housing are this much faster than in the files.
const FASTER: (f64, f64) = (10.0, 40.0);
/// Path time of the work, s.
const LENGTH: f64 = 75.0;

type Cell<M> = Rc<RefCell<Option<M>>>;

/// Scales the numbers behind `key: ` in a YAML text, single or in a list.
fn scaled(text: &str, key: &str, by: f64) -> String {
    let mark = format!("{key}: ");
    let mut parts = text.split(&mark);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let list = part.starts_with('[');
        let end = part.find(if list { &[']'][..] } else { &[',', '}', '\n'][..] });
        let (numbers, rest) = part.split_at(end.unwrap_or(part.len()));
        let numbers = numbers.trim_start_matches('[').split(',');
        let numbers =
            numbers.map(|n| n.trim().parse::<f64>().map_or(n.into(), |n| format!("{:.4}", n * by)));
        let numbers: Vec<String> = numbers.collect();
        out += &format!("{mark}{}{}{rest}", if list { "[" } else { "" }, numbers.join(", "));
    }
    out
}

/// A copy of the installed parameters with fast motors.
fn fast_config() -> Result<PathBuf> {
    let installed = rig::single::find("share/armature_bringup/config")?;
    let folder = std::env::temp_dir().join(format!("armature-heat-{}", std::process::id()));
    let copied = Command::new("cp").arg("-rL").arg(&installed).arg(&folder).status()?;
    ensure!(copied.success(), "cannot copy {}", installed.display());
    let edit = |file: &str, keys: &[(&str, f64)]| -> Result<()> {
        let path = folder.join(file);
        let mut text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        for (key, by) in keys {
            text = scaled(&text, key, *by);
        }
        Ok(fs::write(path, text)?)
    };
    let (winding, housing) = (1.0 / FASTER.0, 1.0 / FASTER.1);
    edit("servo_sim.yaml", &[("winding_capacity", winding), ("housing_capacity", housing)])?;
    let times = [("winding_time", winding), ("housing_time", housing)];
    edit("thermal.yaml", &times)?;
    // Both horizons.
    edit("thermal.yaml", &[("load_window", 0.2), ("horizon", 0.1)])?;
    let control = folder.join("control.yaml");
    let text = fs::read_to_string(&control)?;
    let told = text.replacen("mass: 0.0", "mass: 2.0", 1);
    let place = "center_of_mass: [0.0, 0.0, 0.0]";
    let told = told.replacen(place, "center_of_mass: [0.36, 0.0, 0.0]", 1);
    ensure!(
        told.contains("mass: 2.0") && !told.contains(place),
        "control.yaml has changed its form"
    );
    fs::write(control, told)?;
    Ok(folder)
}

fn work() -> JointTrajectory {
    let home = [0.0, 0.0, 0.0, 0.0, std::f64::consts::FRAC_PI_2, 0.0];
    let (half, time) = (0.35, 0.46);
    let count = (LENGTH / time) as usize;
    let waypoint = |k: usize| -> JointTrajectoryPoint {
        let mut position = home;
        let swing = if k.is_multiple_of(2) { -half } else { half };
        position[HOT] = if k == 0 || k == count { 0.0 } else { swing };
        let mut point = point(&position, 2.0 + k as f64 * time);
        point.velocities = vec![0.0; 6];
        point.accelerations = vec![0.0; 6];
        point
    };
    JointTrajectory {
        joint_names: (1..=6).map(|n| format!("joint_{n}")).collect(),
        points: (0..=count).map(waypoint).collect(),
        ..JointTrajectory::default()
    }
}

fn hang(s: &mut Scenario, arm: f64, mass: f64) -> Result<()> {
    let mut request = SetPayload::Request { mass, ..SetPayload::Request::default() };
    request.center_of_mass.x = arm;
    let service = "servo_sim/set_payload";
    let answer = s.arm.call::<SetPayload::Service>(service, &request, Duration::from_secs(5))?;
    ensure!(answer.success, "{service}: {}", answer.message);
    Ok(())
}

fn latched() -> QosProfile {
    QosProfile::default().reliable().transient_local().keep_last(1)
}

/// What thermal and the drive say.
struct Heat {
    state: Cell<ThermalState>,
    alarm: Cell<ThermalAlarm>,
    derating: Cell<Derating>,
    telemetry: Cell<JointTelemetry>,
}

impl Heat {
    fn listen(s: &mut Scenario) -> Result<Self> {
        let telemetry = QosProfile::default().reliable().keep_last(10);
        Ok(Self {
            state: s.arm.listen("thermal_state", latched())?,
            alarm: s.arm.listen("thermal_alarm", latched())?,
            derating: s.arm.listen("derating", latched())?,
            telemetry: s.arm.listen("joints/joint_6/telemetry", telemetry)?,
        })
    }

    fn winding(&self) -> f64 {
        self.telemetry.borrow().as_ref().map_or(f64::NAN, |t| t.winding_temperature)
    }
}

/// Late cycles of control, and CPU time of thermal, since their start.
fn counters(s: &Scenario) -> (u64, f64) {
    let beats = &s.arm.world.heartbeats;
    let late = beats.get("control").map_or(0, |beat| beat.late_cycles);
    (late, beats.get("thermal").map_or(f64::NAN, |beat| beat.cpu_time))
}

/// Kills thermal, freezes it for two seconds; the goal does not notice.
fn hurt_thermal(s: &mut Scenario, goal: &mut RunningGoal) -> Result<()> {
    let before = s.boots();
    s.kill("thermal")?;
    let back = s.wait_until_back("thermal", &before)?;
    s.signal("thermal", libc::SIGSTOP)?;
    s.arm.pump_for(Duration::from_secs(2));
    s.signal("thermal", libc::SIGCONT)?;
    println!("thermal is back after {back:?}");
    s.expect_undisturbed(&before, &["thermal"])?;
    ensure!(s.arm.poll_goal(goal)?.is_none(), "the goal ended with thermal");
    Ok(())
}

/// Would catch: an alarm that does not come, a derating that nobody applies or that loses the goal,
/// control waiting for a thermal node that is dead or frozen.
#[test]
fn a_payload_that_grows_in_motion_is_alarmed_and_derated_and_the_goal_succeeds() -> Result<()> {
    let config = fast_config()?;
    let outcome = overload(&config);
    fs::remove_dir_all(&config)?;
    outcome
}

fn overload(config: &Path) -> Result<()> {
    let argument = format!("config:={}", config.display());
    let mut s = Scenario::enabled("chaos_09", &["thermal:=true", &argument])?;
    let heat = Heat::listen(&mut s)?;
    hang(&mut s, 0.2, 1.0)?;
    let mut goal = s.arm.send(work())?;
    s.arm.pump_for(Duration::from_secs(4));
    hurt_thermal(&mut s, &mut goal)?;
    s.arm.pump_for(Duration::from_secs(3));
    let (late_before, cpu_before) = counters(&s);
    let begin = Instant::now();
    hang(&mut s, 0.5, 2.0)?;
    let (mut alarmed, mut slowest, mut hottest) = (None, 1.0_f64, 0.0_f64);
    let outcome = loop {
        if let Some(outcome) = s.arm.poll_goal(&mut goal)? {
            break outcome;
        }
        ensure!(begin.elapsed() < Duration::from_secs(150), "the goal never ended");
        if let Some(derating) = heat.derating.borrow().as_ref() {
            slowest = slowest.min(derating.speed);
        }
        hottest = hottest.max(heat.winding());
        let alarm = heat.alarm.borrow();
        let level = alarm.as_ref().and_then(|alarm| alarm.levels.get(HOT).copied()).unwrap_or(0);
        if alarmed.is_none() && level >= ThermalState::DERATE as u8 {
            alarmed = Some(begin.elapsed());
            println!("{}", alarm.as_ref().map_or("", |alarm| &alarm.reasons[HOT]));
        }
    };
    let (late, cpu) = counters(&s);
    let share = (cpu - cpu_before) / begin.elapsed().as_secs_f64();
    println!(
        "alarm after {alarmed:?}, slowest {slowest:.3}, hottest {hottest:.1} degC, {} late cycles, \
         thermal uses {:.2} % of a core",
        late - late_before,
        100.0 * share
    );
    ensure!(outcome.status == r2r::GoalStatus::Succeeded, "{outcome:?}");
    ensure!(alarmed.is_some() && slowest < 0.98, "no derating: {slowest}");
    ensure!(hottest < 125.0, "{hottest} degC is above the limit");
    let latched = heat.alarm.borrow().as_ref().is_some_and(|alarm| alarm.latched[HOT]);
    ensure!(latched, "the alarm is not latched");
    ensure!(heat.state.borrow().is_some(), "thermal_state was never heard");
    let said = s.arm.trigger("thermal/acknowledge")?;
    ensure!(said.contains("joint_6"), "{said}");
    let targets = vec![
        Target::at_most(
            "late control cycles during the alarm",
            "",
            (late - late_before) as f64,
            0.0,
        ),
        Target::at_most("thermal process", "of a core", share, 0.01),
    ];
    let folder = std::env::var_os("ARMATURE_TARGET").map_or("target".into(), PathBuf::from);
    Report::new(targets).write(&folder.join("report"), "bench_thermal_processes")?;
    Ok(())
}
