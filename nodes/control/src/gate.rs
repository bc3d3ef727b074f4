//! Whether the arm may move now, and if not, why.
//!
//! A [`Block`] is a plain value so that asking every cycle allocates nothing; it becomes a sentence
//! only when something changes.

use crate::joints::{Joints, Readiness};
use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::command::DriverState;
use vocabulary::joint::JointOrder;
use vocabulary::plan::MotionPlan;
use vocabulary::time::Now;

/// What stands against motion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Block {
    /// The supervisor was not heard.
    NoStatus,
    /// The arm is not enabled.
    Mode(ArmMode),
    /// The plan was issued under another permit.
    Permit { plan: u64, arm: u64 },
    /// The plan is older than this controller's lease: it may be half done.
    Old,
    /// Thermal wants the arm to stand.
    Hot,
    /// A joint is not heard, with the age of its last word, s.
    Silent { joint: usize, age: f64 },
    /// A joint's driver does not follow.
    Driver { joint: usize, state: DriverState },
}

impl Block {
    pub(crate) fn text(&self, order: &JointOrder) -> String {
        let name = |joint: usize| order.names().get(joint).map_or("?", String::as_str);
        match *self {
            Self::NoStatus => "no arm/status heard yet: is the supervisor running?".to_owned(),
            Self::Mode(mode) => format!("the arm is {}", mode_name(mode)),
            Self::Permit { plan, arm } => {
                format!("the plan has permit {plan}, the arm {arm}: the plan must be issued again")
            }
            Self::Old => "the plan is older than this controller: arm/resume goes on".to_owned(),
            Self::Hot => {
                "a joint is too hot, see thermal_alarm: arm/resume goes on once it has cooled"
                    .to_owned()
            }
            Self::Silent { joint, age } if age.is_finite() => {
                format!("{} is silent for {:.0} ms", name(joint), age * 1e3)
            }
            Self::Silent { joint, .. } => format!("{} was never heard", name(joint)),
            Self::Driver { joint, state } => {
                format!("the driver of {} is {}", name(joint), driver_name(state))
            }
        }
    }
}

fn mode_name(mode: ArmMode) -> &'static str {
    match mode {
        ArmMode::Disabled => "disabled: arm/enable gives power",
        ArmMode::Enabled => "enabled",
        ArmMode::Stopped => "stopped: arm/resume goes on",
        ArmMode::Hold => "held by a fault: arm/resume goes on once it is gone",
    }
}

fn driver_name(state: DriverState) -> &'static str {
    match state {
        DriverState::Offline => "offline",
        DriverState::Disabled => "disabled",
        DriverState::Enabling => "enabling",
        DriverState::Holding => "holding",
        DriverState::Following => "following",
        DriverState::Blocked => "blocked: arm/resume goes on",
        DriverState::Faulted => "faulted: arm/clear_faults, then arm/resume",
    }
}

/// Whether `plan` may move the arm now.
pub(crate) fn permitted(
    plan: &MotionPlan,
    status: Option<&ArmStatus>,
    joints: &Joints,
    now: Now,
) -> Result<(), Block> {
    let status = status.ok_or(Block::NoStatus)?;
    if status.mode != ArmMode::Enabled {
        return Err(Block::Mode(status.mode));
    }
    if status.permit != plan.permit {
        return Err(Block::Permit { plan: plan.permit, arm: status.permit });
    }
    match joints.first_unready(now.mono) {
        Some((joint, Readiness::Unready(state))) => Err(Block::Driver { joint, state }),
        Some((joint, _)) => Err(Block::Silent { joint, age: joints.age(joint, now.mono) }),
        None => Ok(()),
    }
}

/// Whether `plan` may begin: permitted, and not a leftover of the holder before us.
pub(crate) fn may_begin(
    plan: &MotionPlan,
    status: Option<&ArmStatus>,
    joints: &Joints,
    now: Now,
    since_epoch: Option<u64>,
) -> Result<(), Block> {
    if since_epoch.is_none_or(|since| plan.issued.epoch < since) {
        return Err(Block::Old);
    }
    permitted(plan, status, joints, now)
}
