//! What a test does with the heat of the virtual arm: loads it, warms it, looks at what thermal says.

use crate::arm::VirtualArm;
use servo_sim::Temperatures;
use vocabulary::arm::Derating;
use vocabulary::command::JointTelemetry;
use vocabulary::joint::PerJoint;
use vocabulary::plan::ControlState;
use vocabulary::thermal::{ThermalAlarm, ThermalState};
use vocabulary::time::Monotonic;

/// What thermal said, and what it was told, as the client heard it.
#[derive(Debug, Clone, Default)]
pub struct HeatRecord {
    /// Newest state, and when it came.
    pub state: Option<(Monotonic, ThermalState)>,
    /// Newest derating.
    pub derating: Option<Derating>,
    /// All alarms, each with its arrival.
    pub alarms: Vec<(Monotonic, ThermalAlarm)>,
    /// Newest telemetry of each joint, and when it came.
    pub telemetry: PerJoint<Option<(Monotonic, JointTelemetry)>>,
    /// Newest report of control.
    pub control: Option<ControlState>,
}

impl VirtualArm {
    /// Hangs `mass` kg at `center` m in the tool frame on the simulated arm; nobody is told.
    ///
    /// # Errors
    /// The words of the simulator for a payload that is not physical.
    pub fn hang_payload(&mut self, mass: f64, center: [f64; 3]) -> Result<(), String> {
        self.hardware.drives.set_payload(mass, center).map_err(|error| error.to_string())
    }

    /// Sets the true temperatures of one joint, °C.
    pub fn set_temperatures(&mut self, joint: usize, winding: f64, housing: f64, stage: f64) {
        self.hardware.drives.set_temperatures(joint, Temperatures { winding, housing, stage });
    }

    /// What thermal said so far.
    #[must_use]
    pub fn heat(&self) -> &HeatRecord {
        self.client.heat()
    }
}
