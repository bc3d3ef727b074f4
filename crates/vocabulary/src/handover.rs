//! What a standby needs in order to go on where the holder of the lease is.

use crate::joint::{JOINTS, PerJoint};
use crate::plan::ControlPhase;
use crate::time::Monotonic;

/// Sent by the holder in every cycle, beside its command.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HandOver {
    /// Process start of the holder.
    pub boot_id: u64,
    /// Its lease.
    pub epoch: u64,
    /// Sequence of the command of the same cycle.
    pub sequence: u64,
    /// The holder's steady clock at which the reference holds.
    pub reference_at: Monotonic,
    /// The plan at hand; 0 for none.
    pub plan_id: u64,
    /// Its revision.
    pub revision: u32,
    /// What the holder is doing.
    pub phase: ControlPhase,
    /// Time on the path, s; while blending, the time at which the blend joins the path less what is
    /// left of the blend.
    pub path_time: f64,
    /// Path seconds per second.
    pub path_speed: f64,
    /// Factor asked for, 0 to 1.
    pub speed_scaling: f64,
    /// Reference position, rad.
    pub position: PerJoint<f64>,
    /// Reference velocity, rad/s.
    pub velocity: PerJoint<f64>,
    /// Reference acceleration, rad/s².
    pub acceleration: PerJoint<f64>,
    /// Integral of the law, N·m; 0 where it has none.
    pub integral: PerJoint<f64>,
    /// Effort written, N·m.
    pub effort: PerJoint<f64>,
    /// Joints whose reference follows their driver.
    pub tracking: [bool; JOINTS],
    /// Name of the law, for people; empty in what came from another process.
    pub law: &'static str,
    /// Version of the program, likewise.
    pub version: &'static str,
}
