//! The fault services of the simulated hardware, at hand before they are needed.

use crate::client::ArmClient;
use crate::drives::steady_clock;
use anyhow::{Result, ensure};
use r2r::QosProfile;
use r2r::armature_msgs::srv::{InjectBusFault, InjectFault, SetPayload};
use r2r::geometry_msgs::msg::Point;
use std::time::Duration;

/// Every identifier of the bus.
const EVERY_ID: u32 = u32::MAX;
const LIMIT: Duration = Duration::from_secs(10);

/// Clients of the simulated drives and of the bus.
pub struct Saboteur {
    drive: r2r::Client<InjectFault::Service>,
    bus: r2r::Client<InjectBusFault::Service>,
    payload: r2r::Client<SetPayload::Service>,
}

impl Saboteur {
    /// Finds the services.
    ///
    /// # Errors
    /// When they do not come up.
    pub fn new(arm: &mut ArmClient) -> Result<Self> {
        let qos = QosProfile::services_default;
        let drive =
            arm.node().create_client::<InjectFault::Service>("servo_sim/inject_fault", qos())?;
        let bus = arm
            .node()
            .create_client::<InjectBusFault::Service>("can_hub/inject_bus_fault", qos())?;
        let payload =
            arm.node().create_client::<SetPayload::Service>("servo_sim/set_payload", qos())?;
        let there = [
            r2r::Node::is_available(&drive)?,
            r2r::Node::is_available(&bus)?,
            r2r::Node::is_available(&payload)?,
        ];
        for service in there {
            arm.complete("a fault service", LIMIT, service)??;
        }
        Ok(Self { drive, bus, payload })
    }

    /// Breaks a signal of a drive (of all drives for an empty name), or mends it with `none`; the
    /// instant of the steady clock at which it was asked for, s.
    ///
    /// # Errors
    /// With the refusal.
    pub fn drive(
        &self,
        arm: &mut ArmClient,
        joint: &str,
        signal: &str,
        kind: &str,
        amount: f64,
    ) -> Result<f64> {
        let [joint, signal, kind] = [joint, signal, kind].map(str::to_owned);
        let request = InjectFault::Request { joint, signal, kind, amount, duration: 0.0 };
        let at = steady_clock();
        let answer = self.drive.request(&request)?;
        let answer = arm.complete("servo_sim's answer", LIMIT, answer)??;
        ensure!(answer.success, "servo_sim refused: {}", answer.message);
        Ok(at)
    }

    /// Makes the bus misbehave for so many seconds; the instant of the steady clock at which it was
    /// asked for, s.
    ///
    /// # Errors
    /// With the refusal.
    pub fn bus(&self, arm: &mut ArmClient, kind: &str, amount: f64, duration: f64) -> Result<f64> {
        let kind = kind.to_owned();
        let request = InjectBusFault::Request { kind, amount, can_id: EVERY_ID, duration };
        let at = steady_clock();
        let answer = self.bus.request(&request)?;
        let answer = arm.complete("can_hub's answer", LIMIT, answer)??;
        ensure!(answer.success, "can_hub refused: {}", answer.message);
        Ok(at)
    }

    /// Hangs a point mass \[kg\] on the tool, `x` m along its x axis, without telling anybody.
    ///
    /// # Errors
    /// With the refusal.
    pub fn payload(&self, arm: &mut ArmClient, mass: f64, x: f64) -> Result<f64> {
        let center_of_mass = Point { x, y: 0.0, z: 0.0 };
        let inertia = vec![0.0; 6];
        let request = SetPayload::Request { mass, center_of_mass, inertia };
        let at = steady_clock();
        let answer = self.payload.request(&request)?;
        let answer = arm.complete("servo_sim's answer", LIMIT, answer)??;
        ensure!(answer.success, "servo_sim refused: {}", answer.message);
        Ok(at)
    }
}
