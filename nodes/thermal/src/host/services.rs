//! The services of the thermal node.
//!
//! The rule: answered by the active node only; of two versions that serve, one speaks.

use super::ros;
use crate::Thermal;
use node::services::Requests;
use node::{Shell, StartError};
use r2r::armature_msgs::srv::PredictThermal;
use r2r::std_srvs::srv::Trigger;
use vocabulary::topics::thermal_service;

/// The servers.
pub struct Services {
    predict: Requests<PredictThermal::Service>,
    acknowledge: Requests<Trigger::Service>,
}

impl Services {
    /// Creates the servers.
    pub fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let predict = shell.service(thermal_service::PREDICT)?;
        Ok(Self { predict, acknowledge: shell.service(thermal_service::ACKNOWLEDGE)? })
    }

    /// Leaves all requests to the node that is active.
    pub fn ignore(&mut self) {
        while self.predict.take().is_some() {}
        while self.acknowledge.take().is_some() {}
    }

    /// Answers what came in.
    pub fn serve(&mut self, thermal: &mut Thermal, shell: &Shell) {
        let order = shell.order();
        self.predict.answer(|asked| {
            let answer = ros::request(asked, order)
                .and_then(|request| thermal.predict(&request).map_err(|error| error.to_string()));
            ros::response(answer, order)
        });
        self.acknowledge
            .answer(|_| Trigger::Response { success: true, message: thermal.acknowledge() });
    }
}
