//! An action client that is asked for its events instead of calling back.
//!
//! The rule: one goal at a time; a new one forgets the old one, which its server ends as it likes.
//! Whether a server is there at all shows only by its answer: whoever sends must not wait for ever.

use futures::future::LocalBoxFuture;
use futures::stream::LocalBoxStream;
use futures::{FutureExt, StreamExt};
use r2r::{ActionClientGoal, GoalStatus, Node, WrappedActionTypeSupport};

/// What became of the goal.
#[derive(Debug)]
pub enum ClientEvent<A: WrappedActionTypeSupport> {
    /// The server took it.
    Accepted,
    /// How far it is.
    Feedback(A::Feedback),
    /// It is over.
    Ended(GoalStatus, A::Result),
    /// The server did not take it, or its answer was lost.
    Lost(String),
}

type Result_<A> =
    LocalBoxFuture<'static, r2r::Result<(GoalStatus, <A as WrappedActionTypeSupport>::Result)>>;

struct Running<A: WrappedActionTypeSupport + 'static> {
    goal: ActionClientGoal<A>,
    result: Result_<A>,
    feedback: LocalBoxStream<'static, A::Feedback>,
}

enum State<A: WrappedActionTypeSupport + 'static> {
    Idle,
    Asked(LocalBoxFuture<'static, r2r::Result<Running<A>>>),
    Running(Running<A>),
}

/// A client of one action server and its goal.
pub struct ActionClient<A: WrappedActionTypeSupport + 'static> {
    client: r2r::ActionClient<A>,
    state: State<A>,
    /// A cancel that waits for the goal to be accepted.
    cancel: bool,
    /// Keeps the answer to a cancel request from being dropped before it came.
    cancelling: Option<LocalBoxFuture<'static, r2r::Result<()>>>,
}

impl<A: WrappedActionTypeSupport + 'static> ActionClient<A> {
    pub(crate) fn create(node: &mut Node, name: &str) -> r2r::Result<Self> {
        let client = node.create_action_client::<A>(name)?;
        Ok(Self { client, state: State::Idle, cancel: false, cancelling: None })
    }

    /// Sends a goal.
    ///
    /// # Errors
    /// When the middleware refuses.
    pub fn send(&mut self, goal: A::Goal) -> r2r::Result<()> {
        let answer = self.client.send_goal_request(goal)?;
        let running = answer.map(|answer| {
            let (goal, result, feedback) = answer?;
            let (result, feedback) = (result.boxed_local(), feedback.boxed_local());
            Ok(Running { goal, result, feedback })
        });
        self.state = State::Asked(running.boxed_local());
        self.cancel = false;
        Ok(())
    }

    /// Asks the server to give the goal up.
    pub fn cancel(&mut self) {
        self.cancel = true;
        if let State::Running(running) = &self.state {
            self.cancelling = running.goal.cancel().ok().map(FutureExt::boxed_local);
            self.cancel = false;
        }
    }

    /// What happened since the last call; call once after each poll of the shell.
    pub fn events(&mut self) -> Vec<ClientEvent<A>> {
        let mut events = Vec::new();
        if self.cancelling.as_mut().is_some_and(|answer| answer.now_or_never().is_some()) {
            self.cancelling = None;
        }
        if let State::Asked(answer) = &mut self.state {
            match answer.now_or_never() {
                Some(Ok(running)) => {
                    self.state = State::Running(running);
                    events.push(ClientEvent::Accepted);
                    if self.cancel {
                        self.cancel();
                    }
                }
                Some(Err(error)) => {
                    self.state = State::Idle;
                    events.push(ClientEvent::Lost(error.to_string()));
                }
                None => {}
            }
        }
        if let State::Running(running) = &mut self.state {
            while let Some(Some(feedback)) = running.feedback.next().now_or_never() {
                events.push(ClientEvent::Feedback(feedback));
            }
            if let Some(ended) = (&mut running.result).now_or_never() {
                self.state = State::Idle;
                events.push(match ended {
                    Ok((status, result)) => ClientEvent::Ended(status, result),
                    Err(error) => ClientEvent::Lost(error.to_string()),
                });
            }
        }
        events
    }
}
