//! The arm in a hot hall: nobody knows how warm the drives are before they have said so.

mod support;

use anyhow::{Result, ensure};
use std::time::Duration;
use support::{PATIENCE, enabled, pick_and_place, succeeded};
use virtual_arm::VirtualConfig;
use vocabulary::thermal::ThermalLevel;

/// Surroundings, °C.
const HALL: f64 = 55.0;

fn hot_hall() -> Result<VirtualConfig> {
    let mut config = VirtualConfig { with_thermal: true, ..VirtualConfig::reference()? };
    config.thermal.ambient = HALL;
    config.hardware.ambient_temperature = HALL;
    Ok(config)
}

#[test]
fn an_arm_in_a_hot_hall_starts_and_works() -> Result<()> {
    let config = hot_hall()?;
    let points = pick_and_place(&config)?;
    let mut arm = enabled(1, config)?;
    let goal = arm.send_goal(arm.trajectory(&points));
    let state = arm.wait(&goal, PATIENCE);
    succeeded(&arm, &state)?;
    let worst = arm.heat().alarms.iter().map(|(_, alarm)| alarm.level).max();
    ensure!(worst == Some(ThermalLevel::Normal), "{worst:?}: {:?}", arm.heat().alarms);
    Ok(())
}

#[test]
fn drives_that_say_nothing_in_a_hot_hall_are_not_trusted_after_a_moment() -> Result<()> {
    let mut config = hot_hall()?;
    config.driver.telemetry_rate_hz = 0.1;
    let mut arm = enabled(2, config)?;
    arm.run_for(Duration::from_secs(3));
    let worst = arm.heat().alarms.iter().map(|(_, alarm)| alarm.level).max();
    ensure!(worst == Some(ThermalLevel::Stop), "{worst:?}");
    Ok(())
}
