//! Calls that wait for the supervisor's answer.
//!
//! The rule: a call is taken once and answered once; to whom, the id says that the supervisor returns.

use super::ros;
use crate::{HandOverRequest, HandOverResponse, Request, RequestKind, Response};
use node::services::Requests;
use node::{Shell, StartError};
use r2r::ServiceRequest;
use r2r::armature_msgs::srv::HandOverControl;
use r2r::std_srvs::srv::Trigger;
use std::collections::BTreeMap;
use vocabulary::topics;

/// What an inactive supervisor answers.
const INACTIVE: &str = "supervisor is not active: activate it first";

/// The servers, and who waits.
pub struct Services {
    triggers: Vec<(Requests<Trigger::Service>, RequestKind)>,
    waiting: BTreeMap<u64, ServiceRequest<Trigger::Service>>,
    hand_overs: Requests<HandOverControl::Service>,
    handing_over: BTreeMap<u64, ServiceRequest<HandOverControl::Service>>,
    next_id: u64,
}

impl Services {
    /// Creates the servers.
    pub fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let mut triggers = Vec::new();
        for (name, kind) in ros::SERVICES {
            triggers.push((shell.service(name)?, kind));
        }
        Ok(Self {
            triggers,
            waiting: BTreeMap::new(),
            hand_overs: shell.service(topics::service::HAND_OVER)?,
            handing_over: BTreeMap::new(),
            next_id: 1,
        })
    }

    /// New calls of the services of the arm.
    pub fn requests(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        for (server, kind) in &mut self.triggers {
            while let Some(request) = server.take() {
                requests.push(Request { id: self.next_id, kind: *kind });
                self.waiting.insert(self.next_id, request);
                self.next_id += 1;
            }
        }
        requests
    }

    /// New calls of `arm/hand_over`.
    pub fn hand_over_requests(&mut self) -> Vec<HandOverRequest> {
        let mut requests = Vec::new();
        while let Some(request) = self.hand_overs.take() {
            let HandOverControl::Request { to, canary } = request.message.clone();
            requests.push(HandOverRequest { id: self.next_id, to, canary });
            self.handing_over.insert(self.next_id, request);
            self.next_id += 1;
        }
        requests
    }

    /// An inactive supervisor decides nothing.
    pub fn turn_away(&mut self) {
        while let Some((_, request)) = self.waiting.pop_first() {
            let message = INACTIVE.to_owned();
            let _client_gone = request.respond(Trigger::Response { success: false, message });
        }
        while let Some((_, request)) = self.handing_over.pop_first() {
            let message = INACTIVE.to_owned();
            let answer = HandOverControl::Response { message, ..Default::default() };
            let _client_gone = request.respond(answer);
        }
    }

    /// Answers whom the supervisor has an answer for.
    pub fn answer(&mut self, responses: Vec<Response>, hand_overs: Vec<HandOverResponse>) {
        for Response { id, success, message } in responses {
            if let Some(request) = self.waiting.remove(&id) {
                let _client_gone = request.respond(Trigger::Response { success, message });
            }
        }
        for HandOverResponse { id, success, message, epoch, gap } in hand_overs {
            if let Some(request) = self.handing_over.remove(&id) {
                let answer = HandOverControl::Response { success, message, epoch, gap };
                let _client_gone = request.respond(answer);
            }
        }
    }
}
