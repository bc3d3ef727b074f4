//! How far the arm is from its program: the simulator's truth against the program's own reference
//! at the same instant.
//!
//! The one rule: the controller is asked only where on the path it is, never how well it does.

use crate::program::Program;
use crate::world::{World, seconds};
use r2r::armature_msgs::msg::ControlState;

/// One true state of the simulator.
#[derive(Debug, Clone)]
pub struct Truth {
    /// ROS time, s.
    pub time: f64,
    /// Positions, rad.
    pub position: Vec<f64>,
    /// Velocities, rad/s.
    pub velocity: Vec<f64>,
}

/// Reference minus truth at one instant.
#[derive(Debug, Clone)]
pub struct Deviation {
    /// ROS time, s.
    pub time: f64,
    /// Where on the path, s.
    pub path_time: f64,
    /// Per joint, rad.
    pub error: Vec<f64>,
}

/// Truth and reports of the controller, in the order of time.
#[derive(Debug, Clone)]
pub struct Tracking {
    start: Vec<f64>,
    truth: Vec<Truth>,
    control: Vec<ControlState>,
}

impl Tracking {
    /// For a motion that begins at `start`, rad.
    #[must_use]
    pub fn new(start: Vec<f64>) -> Self {
        Self { start, truth: vec![], control: vec![] }
    }

    /// Takes in what was heard since the last call.
    pub fn take(&mut self, world: &mut World) {
        self.truth.extend(world.take_truth().into_iter().map(|state| Truth {
            time: seconds(&state.header.stamp),
            position: state.position,
            velocity: state.velocity,
        }));
        self.control.extend(world.take_control_states());
        self.control.sort_by(|a, b| seconds(&a.stamp).total_cmp(&seconds(&b.stamp)));
    }

    /// The true states.
    #[must_use]
    pub fn truth(&self) -> &[Truth] {
        &self.truth
    }

    /// Joints of the arm.
    #[must_use]
    pub fn joints(&self) -> usize {
        self.start.len()
    }

    /// All deviations while the controller ran along the path.
    #[must_use]
    pub fn deviations(&self, program: &Program) -> Vec<Deviation> {
        let tracked = |truth: &Truth| {
            let path_time = self.path_time(truth.time)?;
            let error = self.error(program, truth, path_time);
            Some(Deviation { time: truth.time, path_time, error })
        };
        self.truth.iter().filter_map(tracked).collect()
    }

    /// Deviation from the end of the program, rad.
    #[must_use]
    pub fn at_end(&self, program: &Program) -> Option<Vec<f64>> {
        self.truth.last().map(|truth| self.error(program, truth, program.duration()))
    }

    /// Reference minus truth at the newest instant at which both are known, rad.
    #[must_use]
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
        if !moves(a) || !moves(b) || a.plan_id != b.plan_id {
            return None;
        }
        let (ta, tb) = (seconds(&a.stamp), seconds(&b.stamp));
        let share = if tb > ta { (time - ta) / (tb - ta) } else { 0.0 };
        Some(a.path_time + share * (b.path_time - a.path_time))
    }
}

/// Whether the controller runs along the path.
fn moves(state: &ControlState) -> bool {
    [ControlState::EXECUTING as u8, ControlState::SETTLING as u8].contains(&state.phase)
}
