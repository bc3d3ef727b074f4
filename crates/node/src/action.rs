//! An action server that is asked for its events instead of calling back.
//!
//! The rule: every goal is accepted (a refused goal tells its client nothing; an aborted one tells
//! code and reason), and every accepted goal is answered exactly once.
//!
//! r2r sends the answer to a cancel request in the next spin, so the result of a goal cancelled
//! meanwhile waits for that spin. Once a cancel is accepted, r2r can end the goal as cancelled only.

use futures::{FutureExt, Stream, StreamExt};
use r2r::{ActionServerCancelRequest, ActionServerGoal, ActionServerGoalRequest};
use r2r::{Node, WrappedActionTypeSupport};
use std::collections::BTreeMap;

/// Identity of a goal: the bytes of its UUID.
pub type GoalId = [u8; 16];

/// What a client wants.
#[derive(Debug)]
pub enum ActionEvent<G> {
    /// A new goal, already accepted.
    Goal(GoalId, G),
    /// A cancel request for a goal; answer it with [`ActionServer::answer_cancel`].
    Cancel(GoalId),
}

/// How a goal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Reached.
    Succeeded,
    /// Given up.
    Aborted,
    /// Given up because the client asked for it.
    Canceled,
}

type Cancels = Box<dyn Stream<Item = ActionServerCancelRequest> + Unpin>;

struct Running<A: WrappedActionTypeSupport + 'static> {
    goal: ActionServerGoal<A>,
    cancels: Cancels,
    asked: Vec<ActionServerCancelRequest>,
    cancelling: bool,
}

/// One action server and its unfinished goals.
pub struct ActionServer<A: WrappedActionTypeSupport + 'static> {
    requests: Box<dyn Stream<Item = ActionServerGoalRequest<A>> + Unpin>,
    running: BTreeMap<GoalId, Running<A>>,
    /// Results of cancelled goals that wait for the next spin.
    waiting: Vec<(ActionServerGoal<A>, A::Result)>,
}

impl<A: WrappedActionTypeSupport + 'static> ActionServer<A>
where
    A::Goal: Clone,
{
    pub(crate) fn create(node: &mut Node, name: &str) -> r2r::Result<Self> {
        let requests = Box::new(node.create_action_server::<A>(name)?);
        Ok(Self { requests, running: BTreeMap::new(), waiting: Vec::new() })
    }

    /// New goals and cancel requests; call once after each poll of the shell.
    pub fn events(&mut self) -> Vec<ActionEvent<A::Goal>> {
        for (mut goal, result) in self.waiting.drain(..) {
            let _client_gone = goal.cancel(result);
        }
        let mut events = Vec::new();
        while let Some(request) = self.requests.next().now_or_never().flatten() {
            events.extend(self.accept(request));
        }
        for (id, running) in &mut self.running {
            while let Some(request) = running.cancels.next().now_or_never().flatten() {
                running.asked.push(request);
                events.push(ActionEvent::Cancel(*id));
            }
        }
        events
    }

    fn accept(&mut self, request: ActionServerGoalRequest<A>) -> Option<ActionEvent<A::Goal>> {
        let id = *request.uuid.as_bytes();
        if self.running.contains_key(&id) {
            let _client_gone = request.reject();
            return None;
        }
        let (goal, cancels) = request.accept().ok()?;
        let event = ActionEvent::Goal(id, goal.goal.clone());
        let cancels = Box::new(cancels);
        let running = Running { goal, cancels, asked: Vec::new(), cancelling: false };
        self.running.insert(id, running);
        Some(event)
    }

    /// Answers the cancel requests of a goal.
    pub fn answer_cancel(&mut self, id: &GoalId, accept: bool) {
        let Some(running) = self.running.get_mut(id) else { return };
        for request in running.asked.drain(..) {
            if accept { request.accept() } else { request.reject() }
        }
        running.cancelling |= accept;
    }

    /// Tells the client how far it is.
    pub fn feedback(&self, id: &GoalId, feedback: A::Feedback) {
        if let Some(running) = self.running.get(id) {
            let _client_gone = running.goal.publish_feedback(feedback);
        }
    }

    /// Ends a goal; a second end of the same goal is ignored.
    pub fn finish(&mut self, id: &GoalId, ending: Ending, result: A::Result) {
        let Some(mut running) = self.running.remove(id) else { return };
        for request in running.asked.drain(..) {
            request.reject();
        }
        if running.cancelling {
            self.waiting.push((running.goal, result));
            return;
        }
        let _client_gone = match ending {
            Ending::Succeeded => running.goal.succeed(result),
            Ending::Aborted | Ending::Canceled => running.goal.abort(result),
        };
    }
}
