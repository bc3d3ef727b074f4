//! How much work a derated arm does, against the best constant speed that never overheats.

use crate::Found;
use crate::work::{HEAVY_LOAD, Work, swings};
use anyhow::Result;
use report::Target;
use virtual_arm::VirtualConfig;

/// Temperatures of winding and housing near where they settle, °C.
const WARM: (f64, f64) = (95.0, 90.0);

/// Work at a constant speed without derating: does the winding pass its limit?
fn overheats(speed: f64, length: f64, limit: f64) -> Result<bool> {
    let mut config = VirtualConfig::reference()?;
    for motor in config.thermal.motors.values_mut() {
        motor.winding_limit = 250.0;
    }
    let mut work = Work::begin(1, config, &swings(length), Some(WARM), HEAVY_LOAD, HEAVY_LOAD)?;
    work.arm.set_speed(speed);
    while work.time() < length {
        work.run(0.1)?;
        if work.winding() > limit {
            return Ok(true);
        }
    }
    Ok(false)
}

pub fn run(quick: bool) -> Result<Found> {
    let (length, halvings) = if quick { (400.0, 4) } else { (1200.0, 6) };
    let config = VirtualConfig::reference()?;
    let limit = config.thermal.motors["joint_6"].winding_limit;
    let (mut good, mut bad) = (0.6, 1.0);
    for _ in 0..halvings {
        let middle = 0.5 * (good + bad);
        if overheats(middle, length, limit)? { bad = middle } else { good = middle }
    }
    let mut work = Work::begin(1, config, &swings(length), Some(WARM), HEAVY_LOAD, HEAVY_LOAD)?;
    let mut peak = 0.0_f64;
    while work.time() < length {
        work.run(0.1)?;
        peak = peak.max(work.winding());
    }
    let derated = work.done()? / length;
    let share = derated / good;
    let detail = format!(
        "best constant speed {good:.3} ({bad:.3} overheats), derated {derated:.3}, hottest {peak:.2} \
         degC of {limit:.0}, over {length:.0} s"
    );
    Ok(Found {
        targets: vec![
            Target::at_least("throughput of a derated cycle", "of the best", share, 0.9),
            Target::at_most("hottest winding while derated", "degC", peak, limit),
        ],
        detail: vec![("throughput", detail)],
    })
}
