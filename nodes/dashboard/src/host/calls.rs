//! Calls of people on their way to the services of the arm.
//!
//! The rule: a call is answered within its patience, also when nobody serves it; and what became of it
//! is told to everybody, not only to whoever asked.

use crate::server::{Request, Server};
use crate::{Answer, Call};
use node::clients::{Caller, Pending};
use node::{Shell, StartError};
use r2r::std_srvs::srv::Trigger;
use std::collections::BTreeMap;
use vocabulary::time::Monotonic;

/// One that waits for its answer.
struct Waiting {
    request: Request,
    answer: Pending<Trigger::Response>,
    until: Monotonic,
}

/// The clients, and the calls that wait.
pub struct Calls {
    services: BTreeMap<Call, Caller<Trigger::Service>>,
    waiting: Vec<Waiting>,
}

impl Calls {
    /// A client for each service.
    pub fn create(shell: &mut Shell) -> Result<Self, StartError> {
        let mut services = BTreeMap::new();
        for call in Call::ALL {
            services.insert(call, shell.caller(call.service())?);
        }
        Ok(Self { services, waiting: Vec::new() })
    }

    /// Sends what people ask for; the calls that ended, with who asked.
    pub fn attend(
        &mut self,
        server: &mut Server,
        now: Monotonic,
        active: bool,
    ) -> Vec<(Call, String, Answer)> {
        let mut ended = Vec::new();
        while let Some(request) = server.next_call() {
            let sent =
                if active { self.send(request, now) } else { Err((request, INACTIVE.into())) };
            if let Err((request, why)) = sent {
                ended.push(finish(request, Answer::failed(why)));
            }
        }
        for mut waiting in std::mem::take(&mut self.waiting) {
            match outcome(&mut waiting, now) {
                Some(answer) => ended.push(finish(waiting.request, answer)),
                None => self.waiting.push(waiting),
            }
        }
        ended
    }

    fn send(&mut self, request: Request, now: Monotonic) -> Result<(), (Request, String)> {
        let call = request.call;
        let asked = self.services.get(&call).map(|service| service.ask(&Trigger::Request {}));
        match asked {
            Some(Ok(answer)) => {
                let until = now + call.patience();
                self.waiting.push(Waiting { request, answer, until });
                Ok(())
            }
            Some(Err(error)) => Err((request, format!("the middleware refused: {error}"))),
            None => Err((request, "there is no such service".to_owned())),
        }
    }
}

const INACTIVE: &str = "the dashboard is not active";

fn outcome(waiting: &mut Waiting, now: Monotonic) -> Option<Answer> {
    match waiting.answer.look() {
        Some(Ok(Trigger::Response { success, message })) => Some(Answer { success, message }),
        Some(Err(error)) => Some(Answer::failed(format!("no answer: {error}"))),
        None if now >= waiting.until => Some(Answer::failed(format!(
            "{} did not answer within {} s",
            waiting.request.call.service(),
            waiting.request.call.patience().as_secs()
        ))),
        None => None,
    }
}

fn finish(request: Request, answer: Answer) -> (Call, String, Answer) {
    let Request { call, who, reply } = request;
    let _browser_gone = reply.send(answer.clone());
    (call, who, answer)
}
