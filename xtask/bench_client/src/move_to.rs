//! From a request for `move_to` to the first motion, through all processes.
//!
//! The clock is the steady one of the host. It starts when the client hands its goal to the
//! middleware, and stops at the bus sample of the first drive whose setpoint has left its place of
//! rest, as the driver says; when a measured position has left it visibly is told beside.

use anyhow::{Result, ensure};
use indicatif::ProgressBar;
use r2r::QosProfile;
use r2r::armature_msgs::msg::JointFeedback;
use report::{Report, Target, quantile};
use rig::drives::steady_clock;
use rig::mover::{to_joints, to_pose, tool_down};
use rig::{Mover, Scenario};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// A setpoint this far from rest has left it, rad: more than rounding.
const LEFT: f64 = 1e-9;
/// A measured position this far from rest has visibly left it, rad: some steps of the encoder.
const VISIBLE: f64 = 5e-5;
/// The limit of the issue, ms.
const LIMIT: f64 = 15.0;

const JOINTS: usize = 6;

/// What a drive said.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at: f64,
    setpoint: f64,
    position: f64,
}

type Heard = Rc<RefCell<[Vec<Sample>; JOINTS]>>;

fn listen(s: &mut Scenario) -> Result<Heard> {
    let heard = Heard::default();
    for joint in 0..JOINTS {
        let samples = Rc::clone(&heard);
        let topic = format!("joints/joint_{}/feedback", joint + 1);
        let qos = QosProfile::default().best_effort().keep_last(64);
        s.arm.each::<JointFeedback>(&topic, qos, move |feedback| {
            if let Some(samples) = samples.borrow_mut().get_mut(joint) {
                let (setpoint, position) = (feedback.setpoint_position, feedback.position);
                let at = feedback.sampled_at_ns as f64 * 1e-9;
                samples.push(Sample { at, setpoint, position });
            }
        })?;
    }
    Ok(heard)
}

/// When the first joint left its rest by more than `far`, s; rest is the newest sample before `from`.
fn left(heard: &Heard, from: f64, far: f64, of: fn(&Sample) -> f64) -> Option<f64> {
    let heard = heard.borrow();
    let joints = heard.iter().filter_map(|samples| {
        let rest = of(samples.iter().rfind(|sample| sample.at <= from)?);
        let first = samples.iter().find(|s| s.at > from && (of(s) - rest).abs() > far)?;
        Some(first.at)
    });
    joints.min_by(f64::total_cmp)
}

/// One request each way; first setpoint, first visible motion, and planning itself, ms.
#[derive(Debug, Clone, Copy)]
struct Trial {
    setpoint: f64,
    visible: f64,
    planning: f64,
}

fn trial(s: &mut Scenario, mover: &Mover, heard: &Heard, number: usize) -> Result<Trial> {
    let side = if number.is_multiple_of(2) { 1.0 } else { -1.0 };
    // Every moment of the other processes' periods comes up.
    s.arm.pump_for(Duration::from_micros(300_000 + 1_370 * (number as u64 % 40)));
    heard.borrow_mut().iter_mut().for_each(|samples| {
        let newest = samples.len().saturating_sub(8);
        samples.drain(..newest);
    });
    let goal = to_pose(tool_down([0.45, 0.25 * side, 0.25 + 0.002 * (number % 10) as f64]));
    let from = steady_clock();
    let mut running = mover.send(&mut s.arm, goal)?;
    let (_, result) = running.finish(&mut s.arm, Duration::from_secs(20))?;
    ensure!(result.outcome.code == 0, "move_to: {}", result.outcome.message);
    let after = |far: f64, of: fn(&Sample) -> f64| {
        left(heard, from, far, of).map_or(f64::NAN, |at| (at - from) * 1e3)
    };
    Ok(Trial {
        setpoint: after(LEFT, |sample| sample.setpoint),
        visible: after(VISIBLE, |sample| sample.position),
        planning: result.outcome.took * 1e3,
    })
}

/// CPU time of planning while nobody asks, as a share of one core.
fn idle(s: &mut Scenario) -> f64 {
    let cpu =
        |s: &Scenario| s.arm.world.heartbeats.get("planning").map_or(f64::NAN, |b| b.cpu_time);
    let (before, begin) = (cpu(s), steady_clock());
    s.arm.pump_for(Duration::from_secs(10));
    (cpu(s) - before) / (steady_clock() - begin)
}

/// Measures; the report.
pub fn measure(trials: usize) -> Result<Report> {
    let mut s = Scenario::enabled("bench-move-to", &[])?;
    let mover = Mover::new(&mut s.arm)?;
    let heard = listen(&mut s)?;
    let result = mover.drive(
        &mut s.arm,
        to_joints(&[0.5, 0.3, 0.2, 0.0, 1.0, 0.0]),
        Duration::from_secs(20),
    )?;
    ensure!(result.outcome.code == 0, "move_to: {}", result.outcome.message);
    let idle = idle(&mut s);
    let bar = ProgressBar::new(trials as u64);
    let mut all = Vec::with_capacity(trials);
    for number in 0..trials {
        all.push(trial(&mut s, &mover, &heard, number)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let of = |pick: fn(&Trial) -> f64| all.iter().map(pick).collect::<Vec<f64>>();
    let (setpoint, visible) = (of(|t| t.setpoint), of(|t| t.visible));
    ensure!(setpoint.iter().all(|ms| ms.is_finite()), "a motion began unheard");
    let name = "move_to: median from the request to the first setpoint that moves a drive";
    let target = Target::at_most(name, "ms", quantile(&setpoint, 0.5), LIMIT);
    Ok(Report::new(vec![target])
        .with("trials", trials)
        .with("setpoint_ms_p95", quantile(&setpoint, 0.95))
        .with("setpoint_ms", setpoint)
        .with("visible_rad", VISIBLE)
        .with("visible_ms_median", quantile(&visible, 0.5))
        .with("visible_ms", visible)
        .with("planning_ms_median", quantile(&of(|t| t.planning), 0.5))
        .with("idle_share_of_a_core", idle))
}
