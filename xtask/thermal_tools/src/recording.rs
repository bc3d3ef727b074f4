//! What a recording says of heat.

use crate::cdr::Reader;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::path::Path;
use thermal::identify::Sample;

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

/// Reads the messages of heat of an MCAP file; the rest is passed over.
///
/// # Errors
/// When it cannot be read or a message of heat is broken.
pub fn read(path: &Path) -> Result<Recording> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut recording = Recording::default();
    let mut velocity = [0.0; 6];
    for message in mcap::MessageStream::new(&bytes)? {
        // A recording that was cut off is read as far as it goes.
        let Ok(message) = message else { break };
        let Some(schema) = message.channel.schema.as_ref() else { continue };
        let topic = &message.channel.topic;
        match schema.name.as_str() {
            "armature_msgs/msg/JointTelemetry" => {
                let (joint, sample) = telemetry(&message.data, &velocity)
                    .with_context(|| format!("a message on {topic}"))?;
                recording.telemetry.entry(joint).or_default().push(sample);
            }
            "armature_msgs/msg/ControlState" => velocity = speeds(&message.data)?,
            "armature_msgs/msg/ThermalState" if topic.ends_with("thermal_state") => {
                recording.states.push(state(&message.data)?);
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

fn telemetry(data: &[u8], velocity: &[f64; 6]) -> Result<(String, Sample)> {
    let mut r = Reader::new(data)?;
    let (time, joint, _boot) = (r.time()?, r.text()?, r.u64()?);
    let (winding, housing, _stage, current) = (r.f64()?, r.f64()?, r.f64()?, r.f64()?);
    // Joints are numbered at the end of their names; without a number the speed is unknown.
    let digits = joint.trim_start_matches(|c: char| !c.is_ascii_digit());
    let number: Option<usize> = digits.parse().ok();
    let speed = number.and_then(|n| velocity.get(n.checked_sub(1)?)).copied();
    let velocity = speed.filter(|v| v.is_finite()).unwrap_or(0.0);
    Ok((joint, Sample { time, current, velocity, winding, housing }))
}

/// Measured speeds in `control_state`.
fn speeds(data: &[u8]) -> Result<[f64; 6]> {
    let mut r = Reader::new(data)?;
    r.time()?;
    for _ in 0..4 {
        r.u64()?;
    }
    r.u32()?;
    r.byte()?;
    for _ in 0..3 {
        r.f64()?;
    }
    for _ in 0..4 {
        r.six()?;
    }
    r.six()
}

fn state(data: &[u8]) -> Result<State> {
    let mut r = Reader::new(data)?;
    let (time, _boot) = (r.time()?, r.u64()?);
    for _ in 0..6 {
        r.text()?;
    }
    let (winding, bound, housing) = (r.six()?, r.six()?, r.six()?);
    let (_housing_bound, limit) = (r.six()?, r.six()?);
    for _ in 0..3 {
        r.six()?;
    }
    let (speed, _ambient) = (r.f64()?, r.f64()?);
    for _ in 0..18 {
        r.byte()?;
    }
    r.six()?;
    let mut level = [0; 6];
    for level in &mut level {
        *level = r.byte()?;
    }
    Ok(State { time, winding, bound, housing, limit, speed, level })
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
