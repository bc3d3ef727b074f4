//! A recording of the virtual arm at heavy work, for those who have no arm at hand.

use crate::cdr::Writer;
use anyhow::{Result, anyhow, ensure};
use mcap::records::MessageHeader;
use std::collections::BTreeMap;
use std::f64::consts::FRAC_PI_2;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Duration;
use virtual_arm::{GoalState, HeatRecord, VirtualArm, VirtualConfig};
use vocabulary::command::{JointTelemetry, Mode};
use vocabulary::plan::ControlState;
use vocabulary::thermal::ThermalState;
use vocabulary::time::Monotonic;

const TIME: &str = "================================================================================\nMSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n";
/// Payload, kg and m in the tool frame: the last joint overheats slowly.
const LOAD: (f64, [f64; 3]) = (2.0, [0.5, 0.0, 0.0]);

macro_rules! schema {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../msg/msg/", $name, ".msg")))
    };
}

struct Recorder {
    writer: mcap::Writer<BufWriter<File>>,
    channels: BTreeMap<String, u16>,
    sequence: u32,
}

impl Recorder {
    fn write(
        &mut self,
        topic: &str,
        schema: (&str, &str),
        at: Monotonic,
        data: &[u8],
    ) -> Result<()> {
        let channel_id = match self.channels.get(topic) {
            Some(id) => *id,
            None => {
                let name = format!("armature_msgs/msg/{}", schema.0);
                let text = format!("{}\n{TIME}", schema.1);
                let schema = self.writer.add_schema(&name, "ros2msg", text.as_bytes())?;
                let id = self.writer.add_channel(schema, topic, "cdr", &BTreeMap::new())?;
                self.channels.insert(topic.to_owned(), id);
                id
            }
        };
        self.sequence += 1;
        let header = MessageHeader {
            channel_id,
            sequence: self.sequence,
            log_time: at.0,
            publish_time: at.0,
        };
        Ok(self.writer.write_to_known_channel(&header, data)?)
    }
}

/// Records `seconds` of work of the virtual arm.
///
/// # Errors
/// When the work is interrupted or the file cannot be written.
pub fn record(path: &Path, seconds: f64) -> Result<()> {
    let mut config = VirtualConfig::reference()?;
    (config.control.payload.mass, config.control.payload.center_of_mass) = LOAD;
    let joints = config.arm.joints.clone();
    let mut arm = VirtualArm::new(1, config)?;
    arm.hang_payload(LOAD.0, LOAD.1).map_err(|text| anyhow!(text))?;
    arm.enable().map_err(|text| anyhow!(text))?;
    let goal = arm.send_goal(arm.trajectory(&swings(seconds)));
    let writer =
        mcap::WriteOptions::new().profile("ros2").create(BufWriter::new(File::create(path)?))?;
    let mut recorder = Recorder { writer, channels: BTreeMap::new(), sequence: 0 };
    let mut written = Written::default();
    let until = arm.now() + Duration::from_secs_f64(seconds);
    while arm.now() < until {
        arm.run_for(Duration::from_millis(20));
        let state = arm.goal(&goal);
        let fine = matches!(state, GoalState::Sent | GoalState::Active | GoalState::Succeeded);
        ensure!(fine && arm.verdict().is_ok(), "the work was interrupted: {state:?}");
        written.write(&mut recorder, arm.heat(), arm.now(), &joints)?;
    }
    recorder.writer.finish()?;
    Ok(())
}

/// What was written already.
#[derive(Default)]
struct Written {
    telemetry: [Monotonic; 6],
    state: Monotonic,
}

impl Written {
    fn write(
        &mut self,
        recorder: &mut Recorder,
        heat: &HeatRecord,
        now: Monotonic,
        joints: &[String],
    ) -> Result<()> {
        if let Some(control) = &heat.control {
            let schema = schema!("ControlState");
            recorder.write("/control_state", schema, now, &control_bytes(control))?;
        }
        for ((slot, telemetry), joint) in self.telemetry.iter_mut().zip(&heat.telemetry).zip(joints)
        {
            let Some((at, telemetry)) = telemetry.as_ref().filter(|(at, _)| at > slot) else {
                continue;
            };
            *slot = *at;
            let topic = format!("/joints/{joint}/telemetry");
            let bytes = telemetry_bytes(telemetry, joint);
            recorder.write(&topic, schema!("JointTelemetry"), *at, &bytes)?;
        }
        if let Some((at, state)) = heat.state.as_ref().filter(|(at, _)| *at > self.state) {
            self.state = *at;
            let bytes = state_bytes(state, joints);
            recorder.write("/thermal_state", schema!("ThermalState"), *at, &bytes)?;
        }
        Ok(())
    }
}

/// Swings of the last joint, by turns long and short, so that its heat changes.
fn swings(length: f64) -> Vec<([f64; 6], f64)> {
    let time = 0.46;
    let count = (length / time).ceil() as u32 + 2;
    let point = |k: u32| {
        let wide = if (k / 400) % 3 == 2 { 0.12 } else { 0.35 };
        let swing = if k == 0 || k == count {
            0.0
        } else if k % 2 == 1 {
            wide
        } else {
            -wide
        };
        ([0.0, 0.0, 0.0, 0.0, FRAC_PI_2, swing], 2.0 + f64::from(k) * time)
    };
    (0..=count).map(point).collect()
}

fn telemetry_bytes(m: &JointTelemetry, joint: &str) -> Vec<u8> {
    let mut w = Writer::default();
    w.time(m.stamp);
    w.text(joint);
    w.u64(m.boot_id);
    w.f64s(&[m.winding_temperature, m.housing_temperature, m.drive_temperature]);
    w.f64s(&[m.current, m.voltage]);
    [m.bus_received, m.bus_sent, m.bus_dropped, m.bus_errors].into_iter().for_each(|x| w.u64(x));
    w.u32(0);
    w.u32(0);
    w.finish()
}

fn state_bytes(m: &ThermalState, joints: &[String]) -> Vec<u8> {
    let mut w = Writer::default();
    w.time(m.stamp);
    w.u64(m.boot_id);
    joints.iter().for_each(|joint| w.text(joint));
    let lists = [&m.winding, &m.winding_bound, &m.housing, &m.housing_bound, &m.winding_limit];
    lists.into_iter().for_each(|list| w.f64s(list));
    [&m.time_to_limit, &m.load, &m.torque_limit].into_iter().for_each(|list| w.f64s(list));
    w.f64s(&[m.speed, m.ambient]);
    let sensors = [&m.winding_sensor, &m.housing_sensor, &m.drive_sensor];
    sensors.into_iter().flatten().for_each(|sensor| w.byte(*sensor as u8));
    w.f64s(&m.telemetry_age);
    m.level.iter().for_each(|level| w.byte(*level as u8));
    w.finish()
}

fn control_bytes(m: &ControlState) -> Vec<u8> {
    let mut w = Writer::default();
    w.time(m.stamp);
    [m.reference_at.0, m.boot_id, m.epoch, m.plan_id].into_iter().for_each(|x| w.u64(x));
    w.u32(m.revision);
    w.byte(m.phase as u8);
    w.f64s(&[m.path_time, m.path_duration, m.speed_scaling]);
    let lists = [&m.reference_position, &m.reference_velocity, &m.reference_acceleration];
    lists.into_iter().for_each(|list| w.f64s(list));
    w.f64s(&m.feedback_position);
    w.f64s(&m.feedback_velocity);
    w.f64s(&m.error_position);
    w.f64s(&m.output_effort);
    w.byte(if m.mode == Mode::Torque { 10 } else { 8 });
    w.f64s(&m.integral);
    let violation = m.violation.as_ref();
    w.byte(violation.map_or(u8::MAX, |v| u8::try_from(v.joint).unwrap_or(u8::MAX)));
    w.byte(violation.is_some_and(|v| v.at_goal).into());
    w.byte(violation.is_some_and(|v| v.velocity).into());
    w.f64s(&violation.map_or([0.0; 3], |v| [v.error, v.limit, v.path_time]));
    w.text(&m.reason);
    w.finish()
}
