//! The services that break the simulated arm, and what its process says of itself.
//!
//! The rule: a request is carried out as it stands or refused with the library's own words.

use crate::{FaultRequest, Simulator};
use can_bus::bus::BusEvent;
use node::realtime::CycleMeter;
use node::services::Requests;
use node::{Shell, StartError};
use r2r::armature_msgs::srv::{InjectFault, SetPayload};
use r2r::std_srvs::srv::Trigger;
use vocabulary::health::{Health, LogLine, NodeHealth};

/// The servers.
pub struct Services {
    inject: Requests<InjectFault::Service>,
    payload: Requests<SetPayload::Service>,
    clear: Requests<Trigger::Service>,
}

impl Services {
    /// Creates the servers under the node's name.
    pub fn create(shell: &mut Shell) -> Result<Self, StartError> {
        Ok(Self {
            inject: shell.service("~/inject_fault")?,
            payload: shell.service("~/set_payload")?,
            clear: shell.service("~/clear_faults")?,
        })
    }

    /// Answers what came in.
    pub fn serve(&mut self, simulator: &mut Simulator) {
        self.inject.answer(|request| {
            let request = FaultRequest {
                joint: request.joint.clone(),
                signal: request.signal.clone(),
                kind: request.kind.clone(),
                amount: request.amount,
                duration: request.duration,
            };
            let (success, message) = told(simulator.inject(&request));
            InjectFault::Response { success, message }
        });
        self.payload.answer(|request| {
            let center = &request.center_of_mass;
            let center = [center.x, center.y, center.z];
            let inertia = request.inertia.as_slice().try_into().unwrap_or([f64::NAN; 6]);
            let hung = simulator.set_payload_body(request.mass, center, inertia);
            let done = hung.map(|()| format!("{} kg hang on the tool", request.mass));
            let (success, message) = told(done);
            SetPayload::Response { success, message }
        });
        self.clear.answer(|_| {
            let all = FaultRequest {
                signal: "all".to_owned(),
                kind: "none".to_owned(),
                ..FaultRequest::default()
            };
            let (success, message) = told(simulator.inject(&all));
            Trigger::Response { success, message }
        });
    }
}

fn told<E: std::fmt::Display>(done: Result<String, E>) -> (bool, String) {
    done.map_or_else(|error| (false, error.to_string()), |text| (true, text))
}

/// Well when it is on the bus.
pub fn health(up: bool, meter: &CycleMeter) -> NodeHealth {
    let (health, message) = if up { (Health::Ok, "") } else { (Health::Error, "no bus") };
    let cycles = meter.statistics();
    NodeHealth { health, message: message.to_owned(), cycles, ..NodeHealth::default() }
}

/// News of the bus for people.
pub fn news(event: &BusEvent) -> LogLine {
    match event {
        BusEvent::Connected => LogLine::info("on the bus"),
        other => LogLine::warn(format!("bus: {other:?}")),
    }
}
