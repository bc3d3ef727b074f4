//! What is recorded during the motion, and the figures made of it.

use anyhow::{Context, Result};
use r2r::armature_msgs::msg::{ControlState, Heartbeat};
use rig::world::seconds;
use rig::{Program, World};
use std::collections::BTreeMap;

/// True motion faster than this is "moving", rad/s.
const MOVING: f64 = 0.01;

/// One true state of the simulator.
struct Truth {
    time: f64,
    position: Vec<f64>,
    velocity: Vec<f64>,
}

/// All that is needed for the summary.
pub struct Recording {
    start: Vec<f64>,
    truth: Vec<Truth>,
    control: Vec<ControlState>,
    beats_before: BTreeMap<String, Heartbeat>,
    beats_after: BTreeMap<String, Heartbeat>,
}

/// The figures of a motion.
#[derive(Debug, Default)]
pub struct Summary {
    /// From the typed command to the first motion, s.
    pub bringup: f64,
    /// From the first motion to the end of the goal, s.
    pub duration: f64,
    /// Root mean square of reference minus truth, per joint, rad.
    pub rms: Vec<f64>,
    /// Largest absolute difference, per joint, rad.
    pub worst: Vec<f64>,
    /// Difference at the end, per joint, rad.
    pub last: Vec<f64>,
    /// Instants compared.
    pub samples: usize,
    /// What each node used and did during the motion.
    pub nodes: Vec<NodeUse>,
}

/// One node during the motion.
#[derive(Debug)]
pub struct NodeUse {
    /// Node name.
    pub node: String,
    /// Share of one core, percent.
    pub cpu_percent: f64,
    /// Cycles run.
    pub cycles: u64,
    /// Cycles more than 1 ms late.
    pub late: u64,
    /// Commands or requests refused.
    pub refused: u64,
}

impl Recording {
    /// Begins at the present state.
    ///
    /// # Errors
    /// When the simulator's truth was never heard.
    pub fn begin(world: &mut World) -> Result<Self> {
        let start = world.take_truth().pop().context("no true state was heard")?.position;
        world.take_control_states();
        Ok(Self {
            start,
            truth: vec![],
            control: vec![],
            beats_before: world.heartbeats.clone(),
            beats_after: BTreeMap::new(),
        })
    }

    /// Takes in what was heard since the last call.
    pub fn take(&mut self, world: &mut World) {
        self.truth.extend(world.take_truth().into_iter().map(|state| Truth {
            time: seconds(&state.header.stamp),
            position: state.position,
            velocity: state.velocity,
        }));
        self.control.extend(world.take_control_states());
    }

    /// The motion is over: counters are read here.
    pub fn stop_clock(&mut self, world: &World) {
        self.beats_after = world.heartbeats.clone();
    }

    /// Reference minus truth at the newest instant at which both are known, rad.
    pub fn newest_error(&self, program: &Program) -> Option<Vec<f64>> {
        let control = self.control.iter().rev().find(|state| moves(state))?;
        let clock = seconds(&control.stamp) - control.path_time;
        self.truth.last().map(|truth| self.error(program, truth, truth.time - clock))
    }

    fn error(&self, program: &Program, truth: &Truth, path_time: f64) -> Vec<f64> {
        let reference = program.reference(&self.start, path_time);
        reference.iter().zip(&truth.position).map(|(r, t)| r - t).collect()
    }

    /// The path time of a true state: between two reports of the controller, which say at which
    /// instant the path stood where.
    fn path_time(&self, time: f64) -> Option<f64> {
        let next = self.control.partition_point(|state| seconds(&state.stamp) < time);
        let (a, b) = (self.control.get(next.checked_sub(1)?)?, self.control.get(next)?);
        if !moves(a) || !moves(b) {
            return None;
        }
        let (ta, tb) = (seconds(&a.stamp), seconds(&b.stamp));
        let share = if tb > ta { (time - ta) / (tb - ta) } else { 0.0 };
        Some(a.path_time + share * (b.path_time - a.path_time))
    }

    /// All figures; `since` is when the command was typed, seconds since 1970.
    pub fn summary(mut self, program: &Program, since: f64) -> Summary {
        self.control.sort_by(|a, b| seconds(&a.stamp).total_cmp(&seconds(&b.stamp)));
        let mut summary = self.tracking(program);
        let moving = |t: &&Truth| t.velocity.iter().any(|v| v.abs() > MOVING);
        if let (Some(first), Some(last)) =
            (self.truth.iter().find(moving), self.truth.iter().rev().find(moving))
        {
            summary.bringup = first.time - since;
            summary.duration = last.time - first.time;
        }
        if let Some(last) = self.truth.last() {
            summary.last = self.error(program, last, program.duration());
        }
        summary.nodes = self.node_use();
        summary
    }

    fn tracking(&self, program: &Program) -> Summary {
        let joints = self.start.len();
        let mut squares = vec![0.0; joints];
        let mut worst = vec![0.0_f64; joints];
        let mut samples = 0;
        for truth in &self.truth {
            let Some(path_time) = self.path_time(truth.time) else { continue };
            samples += 1;
            for ((e, square), worst) in
                self.error(program, truth, path_time).iter().zip(&mut squares).zip(&mut worst)
            {
                *square += e * e;
                *worst = worst.max(e.abs());
            }
        }
        let rms = squares.iter().map(|s| (s / samples as f64).sqrt()).collect();
        Summary { rms, worst, samples, ..Summary::default() }
    }

    fn node_use(&self) -> Vec<NodeUse> {
        let uses = self.beats_after.iter().filter_map(|(node, after)| {
            let before = self.beats_before.get(node).filter(|b| b.boot_id == after.boot_id)?;
            let time = seconds(&after.stamp) - seconds(&before.stamp);
            Some(NodeUse {
                node: node.clone(),
                cpu_percent: 100.0 * (after.cpu_time - before.cpu_time) / time,
                cycles: after.cycles - before.cycles,
                late: after.late_cycles - before.late_cycles,
                refused: after.refused - before.refused,
            })
        });
        uses.collect()
    }
}

/// Whether the controller runs along the path.
fn moves(state: &ControlState) -> bool {
    [ControlState::EXECUTING as u8, ControlState::SETTLING as u8].contains(&state.phase)
}
