//! A recording of the virtual arm at heavy work, for those who have no arm at hand.

use anyhow::{Result, anyhow, ensure};
use mcap::records::MessageHeader;
use recording::{Message, encode, schema};
use std::collections::BTreeMap;
use std::f64::consts::FRAC_PI_2;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Duration;
use virtual_arm::{GoalState, HeatRecord, VirtualArm, VirtualConfig};
use vocabulary::joint::JointOrder;
use vocabulary::time::Monotonic;

/// Payload, kg and m in the tool frame: the last joint overheats slowly.
const LOAD: (f64, [f64; 3]) = (2.0, [0.5, 0.0, 0.0]);

struct Recorder {
    writer: mcap::Writer<BufWriter<File>>,
    channels: BTreeMap<String, u16>,
    order: JointOrder,
    sequence: u32,
}

impl Recorder {
    fn write<M: Message>(&mut self, topic: &str, at: Monotonic, message: &M) -> Result<()> {
        let channel_id = match self.channels.get(topic) {
            Some(id) => *id,
            None => {
                let text = schema::assemble(M::NAME, &schema::built_in)?;
                let schema = self.writer.add_schema(M::NAME, "ros2msg", text.as_bytes())?;
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
        Ok(self.writer.write_to_known_channel(&header, &encode(message, &self.order))?)
    }
}

/// Records `seconds` of work of the virtual arm.
///
/// # Errors
/// When the work is interrupted or the file cannot be written.
pub fn record(path: &Path, seconds: f64) -> Result<()> {
    let mut config = VirtualConfig::reference()?;
    (config.control.payload.mass, config.control.payload.center_of_mass) = LOAD;
    let order = config.arm.joint_order()?;
    let joints = order.names().clone();
    let mut arm = VirtualArm::new(1, config)?;
    arm.hang_payload(LOAD.0, LOAD.1).map_err(|text| anyhow!(text))?;
    arm.enable().map_err(|text| anyhow!(text))?;
    let goal = arm.send_goal(arm.trajectory(&swings(seconds)));
    let writer =
        mcap::WriteOptions::new().profile("ros2").create(BufWriter::new(File::create(path)?))?;
    let mut recorder = Recorder { writer, channels: BTreeMap::new(), order, sequence: 0 };
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
            recorder.write("/control_state", now, control)?;
        }
        for ((slot, telemetry), joint) in self.telemetry.iter_mut().zip(&heat.telemetry).zip(joints)
        {
            let Some((at, telemetry)) = telemetry.as_ref().filter(|(at, _)| at > slot) else {
                continue;
            };
            *slot = *at;
            let topic = format!("/joints/{joint}/telemetry");
            recorder.write(&topic, *at, telemetry)?;
        }
        if let Some((at, state)) = heat.state.as_ref().filter(|(at, _)| *at > self.state) {
            self.state = *at;
            recorder.write("/thermal_state", *at, state)?;
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
