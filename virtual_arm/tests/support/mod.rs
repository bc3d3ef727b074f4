//! What the tests and the measurement of the virtual arm share.
#![allow(dead_code)] // each test uses its part

use anyhow::{Result, anyhow, ensure};
use serde::Deserialize;
use std::time::Duration;
use virtual_arm::{GoalState, VirtualArm, VirtualConfig};

/// The demo's move.
const PICK_AND_PLACE: &str = include_str!("../../../config/demo/pick_and_place.yaml");

#[derive(Deserialize)]
struct Program {
    joints: Vec<String>,
    waypoints: Vec<Waypoint>,
}

#[derive(Deserialize)]
struct Waypoint {
    duration: f64,
    position: [f64; 6],
}

pub type Points = Vec<([f64; 6], f64)>;

/// Positions and times from start of the demo's move.
pub fn pick_and_place(config: &VirtualConfig) -> Result<Points> {
    let program: Program = serde_norway::from_str(PICK_AND_PLACE)?;
    ensure!(program.joints == config.arm.joints, "the demo has other joints");
    let mut time = 0.0;
    let points = program.waypoints.iter().map(|waypoint| {
        time += waypoint.duration;
        (waypoint.position, time)
    });
    Ok(points.collect())
}

/// A minute.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// An arm that is enabled.
pub fn enabled(seed: u64, config: VirtualConfig) -> Result<VirtualArm> {
    let mut arm = VirtualArm::new(seed, config)?;
    arm.enable().map_err(|text| anyhow!("{text}\n{}", events(&arm)))?;
    Ok(arm)
}

/// The reference arm with a second controller.
pub fn with_standby() -> Result<VirtualConfig> {
    Ok(VirtualConfig { standby: true, ..VirtualConfig::reference()? })
}

/// The last events.
pub fn events(arm: &VirtualArm) -> String {
    arm.record().events().collect::<Vec<_>>().join("\n")
}

/// Fails with the last events.
pub fn succeeded(arm: &VirtualArm, state: &GoalState) -> Result<()> {
    arm.verdict()?;
    if let Some(error) = arm.failure() {
        return Err(anyhow!("{error}"));
    }
    ensure!(*state == GoalState::Succeeded, "{state:?}\n{}", events(arm));
    Ok(())
}
