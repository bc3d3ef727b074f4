//! What the dashboard hears.

use super::ros::{Announced, Shown, Watch};
use crate::Inputs;
use node::topics::{Latest, Stream};
use node::{Shell, StartError};
use r2r::visualization_msgs::msg::MarkerArray;
use vocabulary::arm::{ArmState, ArmStatus, Derating};
use vocabulary::command::Lease;
use vocabulary::health::Heartbeat;
use vocabulary::plan::ControlState;
use vocabulary::settings::ControlSettings;
use vocabulary::thermal::{ThermalAlarm, ThermalState};
use vocabulary::topics::{self, Qos};

/// Subscriptions, and the markers that go out.
pub(crate) struct Wiring {
    heartbeats: Stream<Heartbeat>,
    arm: Latest<ArmState>,
    control: Latest<ControlState>,
    status: Latest<ArmStatus>,
    lease: Latest<Lease>,
    thermal: Latest<ThermalState>,
    thermal_alarm: Latest<ThermalAlarm>,
    derating: Latest<Derating>,
    settings: Latest<ControlSettings>,
    motion: Latest<Announced>,
    shapes: Latest<Shown>,
    watch: Stream<Watch>,
    /// Alarms as text for rviz.
    pub(crate) markers: r2r::Publisher<MarkerArray>,
}

impl Wiring {
    /// Subscribes.
    pub(crate) fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let markers = topics::ALARM_MARKERS;
        Ok(Self {
            heartbeats: shell.stream(topics::HEARTBEAT)?,
            arm: shell.latest(topics::ARM_STATE)?,
            control: shell.latest(topics::CONTROL_STATE)?,
            status: shell.latest(topics::ARM_STATUS)?,
            lease: shell.latest(topics::LEASE)?,
            thermal: shell.latest(topics::THERMAL_STATE)?,
            thermal_alarm: shell.latest(topics::THERMAL_ALARM)?,
            derating: shell.latest(topics::DERATING)?,
            settings: shell.latest(topics::CONTROL_SETTINGS)?,
            motion: shell.latest(topics::PLANNING_PREVIEW)?,
            shapes: shell.latest(topics::PLANNING_MARKERS)?,
            watch: shell.stream_named("/diagnostics", Qos::Reliable)?,
            markers: shell.messages(markers.name, markers.qos)?,
        })
    }

    /// What came since the last call.
    pub(crate) fn inputs(&self) -> Inputs {
        Inputs {
            heartbeats: self.heartbeats.take_received(),
            arm: self.arm.take_received(),
            control: self.control.take_received(),
            status: self.status.take(),
            lease: self.lease.take(),
            thermal: self.thermal.take_received(),
            thermal_alarm: self.thermal_alarm.take(),
            derating: self.derating.take(),
            settings: self.settings.take(),
            motion: self.motion.take().map(|announced| announced.0),
            shapes: self.shapes.take().map(|shown| shown.0),
            watched: self.watch.take().into_iter().flat_map(|watch| watch.0).collect(),
            ..Inputs::default()
        }
    }
}
