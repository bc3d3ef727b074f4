//! The process of planning: wait for questions, answer, look after `move_to`.
//!
//! The rule: nothing here has a cycle. The process sleeps until somebody asks or something arrives,
//! so that it answers at once and costs nothing while nobody asks.

mod ros;

use crate::jog::Jog;
use crate::mover::{Desk, Mover};
use crate::{Inputs, Planning, PlanningError};
use node::realtime::Report;
use node::topics::Latest;
use node::{Shell, StartError, clock, signal};
use ros::{Client, Services, Shared, Stick};
use std::time::Duration;
use vocabulary::arm::Derating;
use vocabulary::health::NodeHealth;
use vocabulary::plan::ControlState;
use vocabulary::settings::ControlSettings;
use vocabulary::topics;

/// Its name unless launch gives it another one.
pub const NAME: &str = "planning";

/// Longest sleep: heartbeats are due twenty times a second.
const SLEEP: Duration = Duration::from_millis(20);

struct Subscriptions {
    control: Latest<ControlState>,
    derating: Latest<Derating>,
    settings: Latest<ControlSettings>,
}

impl Subscriptions {
    fn create(shell: &mut Shell) -> Result<Self, StartError> {
        Ok(Self {
            control: shell.latest(topics::CONTROL_STATE)?,
            derating: shell.latest(topics::DERATING)?,
            settings: shell.latest(topics::CONTROL_SETTINGS)?,
        })
    }

    fn take(&self) -> Inputs {
        Inputs {
            control: self.control.take_received(),
            derating: self.derating.take(),
            settings: self.settings.take(),
        }
    }
}

fn report(planning: &Planning, mover: &Mover, jog: &Jog) -> Report {
    let mut health = NodeHealth::default();
    health.cycles.refused = mover.refused() + jog.refused();
    let scene = planning.scene();
    let values = vec![
        ("objects", scene.objects().len().to_string()),
        ("attached", scene.attached().len().to_string()),
        ("scene revision", planning.revision().to_string()),
        ("move_to", if mover.is_busy() { "busy" } else { "idle" }.to_owned()),
        ("jog", if jog.is_busy() { "busy" } else { "idle" }.to_owned()),
    ];
    (health, values)
}

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(mut shell: Shell) -> anyhow::Result<()> {
    let mut planning = ros::create(&shell)?;
    let mut mover = Mover::default();
    let subscriptions = Subscriptions::create(&mut shell)?;
    let mut services = Services::create(&mut shell)?;
    let mut client = Client::create(&mut shell)?;
    let mut shared = Shared::create(&mut shell, &planning)?;
    let (stick, mut jog) = (Stick::create(&mut shell)?, Jog::default());
    shell.start();
    while !signal::stop_requested() {
        let now = shell.poll_within(SLEEP);
        let active = shell.is_active();
        planning.hear(&subscriptions.take());
        shared.serve(&mut planning, now, &shell);
        stick.serve(&mut jog, &mut planning, (now, &shell), obstacle(active, &mover));
        services.serve(&mut planning, now, active);
        let events = client.events(active, &mover);
        let desk = Desk { planning: &planning, now: now.mono, clock: &clock::monotonic };
        let orders = mover.step(&desk, events);
        client.obey(orders, &planning, &shell);
        client.show(&planning, now);
        shell.beat(now, || report(&planning, &mover, &jog));
    }
    Ok(())
}

/// Why the arm may not be jogged.
fn obstacle(active: bool, mover: &Mover) -> Option<PlanningError> {
    match (active, mover.is_busy()) {
        (false, _) => Some(PlanningError::Inactive),
        (true, true) => Some(PlanningError::Busy),
        (true, false) => None,
    }
}
