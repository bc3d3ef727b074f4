//! What a recording says of heat.

use anyhow::{Context, Result, ensure};
use recording::{Message, decode};
use std::collections::BTreeMap;
use std::path::Path;
use thermal::identify::Sample;
use vocabulary::command::JointTelemetry;
use vocabulary::config::ArmConfig;
use vocabulary::plan::ControlState;
use vocabulary::thermal::ThermalState;
use vocabulary::time::Stamp;

/// `thermal_state` at one instant; the parts that are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
    /// s, ROS time.
    pub time: f64,
    /// °C.
    pub winding: [f64; 6],
    /// °C.
    pub bound: [f64; 6],
    /// °C.
    pub housing: [f64; 6],
    /// °C.
    pub limit: [f64; 6],
    /// Fraction of the programmed speed.
    pub speed: f64,
    /// Level of each joint, 0 to 3.
    pub level: [u8; 6],
}

/// A recording.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// Samples of telemetry by joint, with the speed of control beside them.
    pub telemetry: BTreeMap<String, Vec<Sample>>,
    /// What thermal said.
    pub states: Vec<State>,
}

/// Reads the messages of heat of an MCAP file; the rest is passed over, and a recording that was cut
/// off is read as far as it goes.
///
/// # Errors
/// When it cannot be read or a message of heat is broken.
pub fn read(path: &Path) -> Result<Recording> {
    let order = ArmConfig::default().joint_order()?;
    let mut recording = Recording::default();
    let mut velocity = [0.0; 6];
    for message in recording::Reader::open(path)? {
        let (topic, data) = (message.topic(), message.data.as_slice());
        let about = || format!("a message on {topic}");
        match message.kind() {
            JointTelemetry::NAME => {
                let telemetry = decode(data, &order).with_context(about)?;
                let (joint, sample) = sample(&telemetry, &velocity);
                let name = order.names().get(joint).cloned().unwrap_or_default();
                recording.telemetry.entry(name).or_default().push(sample);
            }
            ControlState::NAME => {
                velocity =
                    decode::<ControlState>(data, &order).with_context(about)?.feedback_velocity;
            }
            ThermalState::NAME if topic.ends_with("thermal_state") => {
                let state = decode::<ThermalState>(data, &order).with_context(about)?;
                recording.states.push(state_of(&state));
            }
            _ => {}
        }
    }
    ensure!(
        !recording.telemetry.is_empty() || !recording.states.is_empty(),
        "{} holds neither telemetry nor thermal_state",
        path.display()
    );
    Ok(recording)
}

/// A sample with the measured speed beside it; without a finite one the speed counts as 0.
fn sample(of: &JointTelemetry, velocity: &[f64; 6]) -> (usize, Sample) {
    let speed = velocity.get(of.joint).copied().filter(|v| v.is_finite());
    let sample = Sample {
        time: seconds(of.stamp),
        current: of.current,
        velocity: speed.unwrap_or(0.0),
        winding: of.winding_temperature,
        housing: of.housing_temperature,
    };
    (of.joint, sample)
}

fn state_of(of: &ThermalState) -> State {
    State {
        time: seconds(of.stamp),
        winding: of.winding,
        bound: of.winding_bound,
        housing: of.housing,
        limit: of.winding_limit,
        speed: of.speed,
        level: of.level.map(|level| level as u8),
    }
}

fn seconds(stamp: Stamp) -> f64 {
    stamp.seconds_from(Stamp(0))
}

/// Reads lines of `ros2 topic echo --csv` of `thermal_state`.
///
/// # Errors
/// When no line is a state.
pub fn read_csv(text: &str) -> Result<Recording> {
    let states: Vec<State> = text.lines().filter_map(csv_state).collect();
    ensure!(!states.is_empty(), "no line is a thermal_state");
    Ok(Recording { states, ..Recording::default() })
}

fn csv_state(line: &str) -> Option<State> {
    let words: Vec<&str> = line.trim().split(',').collect();
    let number = |index: usize| words.get(index)?.trim().parse::<f64>().ok();
    let six = |from: usize| -> Option<[f64; 6]> {
        let mut values = [0.0; 6];
        for (offset, value) in values.iter_mut().enumerate() {
            *value = number(from + offset)?;
        }
        Some(values)
    };
    // stamp 2, boot 1, names 6, then six numbers each.
    let time = number(0)? + number(1)? * 1e-9;
    let (winding, bound, housing, limit) = (six(9)?, six(15)?, six(21)?, six(33)?);
    let speed = number(57)?;
    let level = six(83)?.map(|level| level as u8);
    Some(State { time, winding, bound, housing, limit, speed, level })
}
