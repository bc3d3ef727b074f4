//! The process of the recorder: look at what passed, judge, tell; three more threads listen and write.
//!
//! The rule: this thread never touches the disk or the messages of others; it can be late without a
//! message being lost.

mod clerk;
mod ears;
mod folder;
mod hands;
mod services;

use crate::cache::Sample;
use crate::causes::watch::Heard;
use crate::{Config, Inputs, Passed, Recorder};
use ears::Listener;
use hands::{Hands, Shared, Watched};
use node::realtime::CycleTimer;
use node::topics::Publisher;
use node::{Shell, StartError, clock, signal, start};
use r2r::diagnostic_msgs::msg::DiagnosticStatus;
use recording::messages::Message;
use recording::{Topic, encode, schema};
use services::Services;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use vocabulary::arm::ArmState;
use vocabulary::event::Event;
use vocabulary::health::{LogLine, NodeHealth};
use vocabulary::joint::JointOrder;
use vocabulary::time::{Now, Stamp};
use vocabulary::topics::RECORDER_EVENTS;

/// Its name unless launch gives it another one.
pub const NAME: &str = "recorder";

/// Between two looks at what passed.
const PERIOD: Duration = Duration::from_millis(20);

/// Where events go: to everybody, and into the file without the way through the middleware.
struct Events {
    publisher: Publisher<Event>,
    topic: Arc<Topic>,
    order: JointOrder,
    sent: u64,
}

impl Events {
    fn create(shell: &mut Shell, name: &str) -> anyhow::Result<Self> {
        let schema = schema::assemble(Event::NAME, &schema::built_in)?;
        let (name, kind) = (name.to_owned(), Event::NAME.to_owned());
        let topic = Arc::new(Topic { name, kind, schema, ..Topic::default() });
        let publisher = shell.publisher(RECORDER_EVENTS)?;
        Ok(Self { publisher, topic, order: shell.order().clone(), sent: 0 })
    }

    fn tell(&mut self, shared: &Shared, now: Now, events: &[Event]) {
        let at = u64::try_from(now.stamp.0).unwrap_or(0);
        for event in events {
            self.publisher.send(event);
            self.sent += 1;
            let data = encode(event, &self.order).into();
            let (topic, sequence) = (Arc::clone(&self.topic), self.sent);
            shared.cache().put([Sample { topic, sequence, received: at, sent: at, data }]);
        }
    }
}

/// Reads what passed; of `arm_state`, which comes in every cycle, the newest is enough.
fn read(watched: Vec<Watched>, order: &JointOrder) -> (Vec<Passed>, Option<String>) {
    let newest = watched.iter().rposition(|message| message.topic.kind == ArmState::NAME);
    let (mut passed, mut refused) = (Vec::new(), None);
    for (index, Watched { topic, received, data }) in watched.into_iter().enumerate() {
        if topic.kind == ArmState::NAME && Some(index) != newest {
            continue;
        }
        match Heard::read(&topic.kind, &data, order) {
            Ok(None) => {}
            Ok(Some(message)) => {
                let heard = Stamp(i64::try_from(received).unwrap_or(i64::MAX));
                passed.push(Passed { topic: topic.name.clone(), heard, message });
            }
            Err(error) => {
                refused = Some(format!("message on {} not understood: {error}", topic.name))
            }
        }
    }
    (passed, refused)
}

fn diagnose(shell: &Shell, now: Now, health: &NodeHealth) {
    let (level, message) = (health.health as u8, health.message.clone());
    let name = format!("{}: disk", shell.name());
    let message = if message.is_empty() { "writes".to_owned() } else { message };
    shell.diagnose(now, vec![DiagnosticStatus { level, name, message, ..Default::default() }]);
}

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(mut shell: Shell) -> anyhow::Result<()> {
    let config: Config = shell.parameters().config().map_err(StartError::from)?;
    let (name, namespace) = (shell.name().to_owned(), shell.namespace());
    let order = shell.order().clone();
    let mut recorder = Recorder::new(&config, order.clone(), &name, shell.boot_id())
        .map_err(StartError::config)?;
    let own = format!("{}/{}", namespace.trim_end_matches('/'), RECORDER_EVENTS.name);
    let mut events = Events::create(&mut shell, &own)?;
    let mut services = Services::create(&mut shell)?;
    let folder = match config.folder.as_str() {
        "" => start::state_folder(&namespace).join("recordings"),
        given => PathBuf::from(given),
    };
    shell.log(&LogLine::info(format!("records into {}", folder.display())));
    let listener = Listener::new(&config, &name, &namespace, &[own]);
    shell.start();
    let hands = Hands::start(&config, folder, listener);
    let mut timer = CycleTimer::new(PERIOD);
    while !signal::stop_requested() {
        timer.wait();
        let now = shell.poll();
        let (passed, refused) = read(hands.shared.take_watched(), &order);
        let (intake, keeper) = (hands.shared.intake(), hands.shared.report());
        let outputs = recorder.step(now, &Inputs { passed, intake, keeper });
        let marks = services.serve(&mut recorder, &hands, &shell);
        hands.shared.cache().pause(recorder.is_paused() || !shell.is_active());
        shell.log_all(&outputs.log);
        events.tell(&hands.shared, now, &outputs.events);
        events.tell(&hands.shared, clock::now(), &marks);
        refused.into_iter().for_each(|text| shell.log(&LogLine::warn(text)));
        if outputs.disk_changed {
            diagnose(&shell, now, &recorder.health(now.mono));
        }
        shell.beat(now, || (timer.annotate(recorder.health(now.mono)).0, recorder.values()));
    }
    hands.end();
    Ok(())
}
