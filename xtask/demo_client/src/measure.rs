//! What is recorded during the motion, and the figures made of it.

use anyhow::{Context, Result};
use r2r::armature_msgs::msg::Heartbeat;
use rig::tracking::Truth;
use rig::world::seconds;
use rig::{Program, Tracking, World};
use std::collections::BTreeMap;

/// True motion faster than this is "moving", rad/s.
const MOVING: f64 = 0.01;

/// All that is needed for the summary.
pub struct Recording {
    tracking: Tracking,
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
            tracking: Tracking::new(start),
            beats_before: world.heartbeats.clone(),
            beats_after: BTreeMap::new(),
        })
    }

    /// Takes in what was heard since the last call.
    pub fn take(&mut self, world: &mut World) {
        self.tracking.take(world);
        // Who was not heard yet when the clock started counts from its first heartbeat.
        for (node, beat) in &world.heartbeats {
            self.beats_before.entry(node.clone()).or_insert_with(|| beat.clone());
        }
    }

    /// The motion is over: counters are read here.
    pub fn stop_clock(&mut self, world: &World) {
        self.beats_after = world.heartbeats.clone();
    }

    /// Reference minus truth at the newest instant at which both are known, rad.
    pub fn newest_error(&self, program: &Program) -> Option<Vec<f64>> {
        self.tracking.newest_error(program)
    }

    /// All figures; `since` is when the command was typed, seconds since 1970.
    pub fn summary(self, program: &Program, since: f64) -> Summary {
        let mut summary = self.deviation(program);
        let moving = |t: &&Truth| t.velocity.iter().any(|v| v.abs() > MOVING);
        let truth = self.tracking.truth();
        if let (Some(first), Some(last)) =
            (truth.iter().find(moving), truth.iter().rev().find(moving))
        {
            summary.bringup = first.time - since;
            summary.duration = last.time - first.time;
        }
        summary.last = self.tracking.at_end(program).unwrap_or_default();
        summary.nodes = self.node_use();
        summary
    }

    fn deviation(&self, program: &Program) -> Summary {
        let mut squares = vec![0.0; self.tracking.joints()];
        let mut worst = vec![0.0_f64; self.tracking.joints()];
        let deviations = self.tracking.deviations(program);
        for at in &deviations {
            for ((e, square), worst) in at.error.iter().zip(&mut squares).zip(&mut worst) {
                *square += e * e;
                *worst = worst.max(e.abs());
            }
        }
        let samples = deviations.len();
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
