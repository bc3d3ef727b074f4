//! The shell around a node library: one thread that polls ROS, never one that is called back.
//!
//! The rule: whoever owns the loop calls [`Shell::poll`], steps the library, publishes, and calls
//! [`Shell::beat`]; nothing here waits.

use crate::action::ActionServer;
use crate::action_client::ActionClient;
use crate::clients::Caller;
use crate::clock;
use crate::company;
use crate::convert::{FromMsg, Refused, ToMsg};
use crate::heartbeat::Heart;
use crate::lifecycle_services::LifecycleServices;
use crate::params::{ParameterError, ParameterServices, Parameters, ShellConfig, Value};
use crate::raw::{self, Arguments};
use crate::services::Requests;
use crate::start::StartError;
use crate::topics::{self, Inbox, Latest, Publisher, Stream, Turn, Untyped};
use r2r::diagnostic_msgs::msg::DiagnosticStatus;
use r2r::{Context, Node, WrappedActionTypeSupport, WrappedServiceTypeSupport, WrappedTypesupport};
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::time::Duration;
use vocabulary::config::{ArmConfig, ArmConfigError};
use vocabulary::health::{Health, Level, Lifecycle, LogLine, NodeHealth};
use vocabulary::joint::JointOrder;
use vocabulary::time::{Monotonic, Now};
use vocabulary::topics::{Qos, Topic};

/// A burst on a stream is read in at most this many takes per poll.
const MAX_SPINS: usize = 16;
/// Every so many polls each stream is read to its end, and after every pause.
const THOROUGH_EVERY: u32 = 8;
/// The same refusal of the door is logged at most this often.
const REFUSAL_QUIET: Duration = Duration::from_secs(10);
/// Lifecycle and parameter services are answered at this rate: nobody waits for them in a cycle.
const SERVICE_PERIOD: Duration = Duration::from_millis(20);
const CONFIGURE: u8 = 1;
const ACTIVATE: u8 = 3;

/// One ROS node, polled.
pub struct Shell {
    node: ManuallyDrop<Node>,
    name: String,
    logger: String,
    boot_id: u64,
    arm: ArmConfig,
    order: Rc<JointOrder>,
    config: ShellConfig,
    parameters: Parameters,
    parameter_services: ParameterServices,
    lifecycle: LifecycleServices,
    heart: Heart,
    inboxes: Vec<Inbox>,
    door: Door,
    next_service: Monotonic,
    rhythm: Rhythm,
    quarantine: Option<String>,
}

/// When to look for a backlog.
#[derive(Debug, Default)]
struct Rhythm {
    last: Monotonic,
    usual: Duration,
    polls: u32,
}

/// What the door refused.
#[derive(Debug, Default)]
struct Door {
    refused: u64,
    quiet_until: BTreeMap<String, Monotonic>,
}

impl Shell {
    /// Creates the node, reads its parameters and serves them; stays unconfigured until
    /// [`Shell::start`].
    ///
    /// # Errors
    /// [`StartError`]: one line that names what is wrong with the arguments or parameters.
    pub fn create(default_name: &str) -> Result<Self, StartError> {
        Self::around(Node::create(Context::create()?, default_name, "")?, BTreeMap::new())
    }

    /// As [`Shell::create`], for one node of several in this process, with arguments of its own.
    ///
    /// # Errors
    /// As [`Shell::create`].
    pub(crate) fn create_with(default_name: &str, own: &Arguments) -> Result<Self, StartError> {
        let name = own.name().unwrap_or(default_name);
        let node = Node::create(Context::create()?, name, own.namespace().unwrap_or_default())?;
        let given = own.parameters(&node.name()?, &node.fully_qualified_name()?);
        if let Some(level) = own.log_level() {
            raw::set_log_level(node.logger(), level)?;
        }
        Self::around(node, given)
    }

    /// The shell of a node; `given` are parameters beside those in the arguments of the process.
    fn around(mut node: Node, given: BTreeMap<String, Value>) -> Result<Self, StartError> {
        let mut all = overrides(&node);
        all.extend(given);
        let parameters = Parameters::new(all);
        let config = parameters.shell()?;
        let arm = parameters.arm()?;
        let order =
            arm.joint_order().map_err(ArmConfigError::from).map_err(ParameterError::from)?;
        let order = Rc::new(order);
        let boot_id = clock::draw_boot_id();
        Ok(Self {
            name: node.name()?,
            logger: node.logger().to_owned(),
            boot_id,
            arm,
            config,
            parameters,
            parameter_services: ParameterServices::create(&mut node)?,
            lifecycle: LifecycleServices::create(&mut node)?,
            heart: Heart::create(&mut node, boot_id, Rc::clone(&order))?,
            inboxes: Vec::new(),
            door: Door::default(),
            next_service: Monotonic::default(),
            rhythm: Rhythm::default(),
            quarantine: None,
            order,
            node: ManuallyDrop::new(node),
        })
    }

    /// With a reason, [`Shell::start`] leaves the node unconfigured, and its heartbeat says why.
    pub(crate) fn keep_from_work(&mut self, reason: Option<String>) {
        self.quarantine = reason;
    }

    /// Configures and activates, unless parameter `autostart` is false or the process crashed again and
    /// again.
    pub fn start(&mut self) {
        if let Some(reason) = &self.quarantine {
            self.log(&LogLine::error(reason.clone()));
            return;
        }
        if !self.config.autostart {
            self.log(&LogLine::info("waits for configure and activate (autostart is false)"));
            return;
        }
        for id in [CONFIGURE, ACTIVATE] {
            self.lifecycle.request(id, "");
        }
        let boot = self.boot_id;
        self.log(&LogLine::info(format!("active, boot id {boot:#018x}")));
    }

    /// Takes in everything that has arrived and answers lifecycle and parameter services.
    pub fn poll(&mut self) -> Now {
        self.poll_within(Duration::ZERO)
    }

    /// As [`Shell::poll`], but waits for something to arrive, at most so long: for nodes without a
    /// cycle, which answer at once and cost nothing while nobody asks.
    pub fn poll_within(&mut self, wait: Duration) -> Now {
        let mut now = clock::now();
        let thorough = self.rhythm.is_off(now.mono);
        for spin in 0..MAX_SPINS {
            self.node.spin_once(if spin == 0 { wait } else { Duration::ZERO });
            now = clock::now();
            if !self.drain(Turn { at: now.mono, first: spin == 0, thorough }) {
                break;
            }
        }
        if now.mono >= self.next_service {
            self.next_service = now.mono + SERVICE_PERIOD;
            self.parameter_services.serve(&mut self.parameters);
            for line in self.lifecycle.serve() {
                self.log(&line);
            }
        }
        now
    }

    /// Empties all subscriptions; true when a stream may have more.
    fn drain(&mut self, turn: Turn) -> bool {
        let mut again = false;
        let mut lines = Vec::new();
        for inbox in &mut self.inboxes {
            let drained = inbox.drain(turn);
            again |= drained.again;
            if let Some((reason, count)) = drained.refused {
                lines.extend(self.door.refuse(&inbox.topic, &reason, count, turn.at));
            }
        }
        for line in lines {
            self.log(&line);
        }
        again
    }

    /// Sends heartbeat and diagnostics when they are due; `health` is asked only then, `extra` are
    /// further diagnostic values.
    pub fn beat(
        &mut self,
        now: Now,
        health: impl FnOnce() -> (NodeHealth, Vec<(&'static str, String)>),
    ) {
        if self.heart.is_due(now.mono) {
            let (mut health, extra) = health();
            health.cycles.refused += self.door.refused;
            let idle = self.lifecycle() == Lifecycle::Unconfigured;
            if let Some(reason) = self.quarantine.as_ref().filter(|_| idle) {
                (health.health, health.message) = (Health::Error, reason.clone());
            }
            self.heart.send(now, self.lifecycle(), &health, &extra);
        }
    }

    /// Publishes diagnostics of other things than this process.
    pub fn diagnose(&self, now: Now, statuses: Vec<DiagnosticStatus>) {
        if !statuses.is_empty() {
            self.heart.diagnose(now, statuses);
        }
    }

    /// Whether the node shall do its work.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.lifecycle() == Lifecycle::Active
    }

    /// The lifecycle state.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle.machine().state()
    }

    /// Node name without namespace, after remapping.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Namespace, `/` for none.
    #[must_use]
    pub fn namespace(&self) -> String {
        self.node.namespace().unwrap_or_default()
    }

    /// Random number of this start of the process; never 0.
    #[must_use]
    pub fn boot_id(&self) -> u64 {
        self.boot_id
    }

    /// The keys under `arm.`.
    #[must_use]
    pub fn arm(&self) -> &ArmConfig {
        &self.arm
    }

    /// The joint order.
    #[must_use]
    pub fn order(&self) -> &JointOrder {
        &self.order
    }

    /// The parameters of the shell.
    #[must_use]
    pub fn config(&self) -> ShellConfig {
        self.config
    }

    /// All parameters.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// All parameters, to declare some live or to ask for changes.
    pub fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.parameters
    }

    /// Writes a line to the console and to the log of the process (r2r publishes nothing on `rosout`).
    pub fn log(&self, line: &LogLine) {
        let (logger, text) = (self.logger.as_str(), line.text.replace('\0', " "));
        match line.level {
            Level::Info => r2r::log_info!(logger, "{text}"),
            Level::Warn => r2r::log_warn!(logger, "{text}"),
            Level::Error => r2r::log_error!(logger, "{text}"),
        }
    }

    /// Writes all lines.
    pub fn log_all(&self, lines: &[LogLine]) {
        for line in lines {
            self.log(line);
        }
    }

    /// Names of the nodes that publish a topic in our namespace, as far as discovered.
    #[must_use]
    pub fn publishers_of(&self, topic: Topic) -> Vec<String> {
        let name = format!("{}/{}", self.namespace().trim_end_matches('/'), topic.name);
        let found = self.node.get_publishers_info_by_topic(&name, false).unwrap_or_default();
        let names = found.into_iter().map(|endpoint| endpoint.node_name);
        // A process that is coming or going; it gets a name, or is gone soon.
        names.filter(|name| name != "_NODE_NAME_UNKNOWN_").collect()
    }

    /// The newest value of a topic.
    ///
    /// # Errors
    /// [`StartError`] from the middleware.
    pub fn latest<T: FromMsg>(&mut self, topic: Topic) -> Result<Latest<T>, StartError> {
        self.latest_named(topic.name, topic.qos)
    }

    /// As [`Shell::latest`], for topics named per joint.
    ///
    /// # Errors
    /// [`StartError`] from the middleware.
    pub fn latest_named<T: FromMsg>(
        &mut self,
        name: &str,
        qos: Qos,
    ) -> Result<Latest<T>, StartError> {
        let order = Rc::clone(&self.order);
        let (mailbox, inbox) = topics::latest(&mut self.node, name, qos, order)?;
        self.inboxes.push(inbox);
        Ok(mailbox)
    }

    /// All values of a topic.
    ///
    /// # Errors
    /// [`StartError`] from the middleware.
    pub fn stream<T: FromMsg>(&mut self, topic: Topic) -> Result<Stream<T>, StartError> {
        self.stream_named(topic.name, topic.qos)
    }

    /// As [`Shell::stream`], for topics named per joint.
    ///
    /// # Errors
    /// [`StartError`] from the middleware.
    pub fn stream_named<T: FromMsg>(
        &mut self,
        name: &str,
        qos: Qos,
    ) -> Result<Stream<T>, StartError> {
        let order = Rc::clone(&self.order);
        let (mailbox, inbox) = topics::stream(&mut self.node, name, qos, order)?;
        self.inboxes.push(inbox);
        Ok(mailbox)
    }

    /// A publisher of a topic.
    ///
    /// # Errors
    /// [`StartError`] from the middleware.
    pub fn publisher<T: ToMsg>(&mut self, topic: Topic) -> Result<Publisher<T>, StartError> {
        self.publisher_named(topic.name, topic.qos)
    }

    /// As [`Shell::publisher`], for topics named per joint.
    ///
    /// # Errors
    /// [`StartError`] from the middleware.
    pub fn publisher_named<T: ToMsg>(
        &mut self,
        name: &str,
        qos: Qos,
    ) -> Result<Publisher<T>, StartError> {
        let order = Rc::clone(&self.order);
        Ok(Publisher::create(&mut self.node, name, qos, order)?)
    }

    /// A publisher of a message that has no plain type.
    ///
    /// # Errors
    /// [`StartError`] from the middleware.
    pub fn messages<M: WrappedTypesupport + 'static>(
        &mut self,
        name: &str,
        qos: Qos,
    ) -> Result<r2r::Publisher<M>, StartError> {
        Ok(self.node.create_publisher(name, topics::profile(qos))?)
    }

    /// The newest message of a topic whose type is only known at run time.
    ///
    /// # Errors
    /// [`StartError`] from the middleware, also for a type this program was not built with.
    pub fn untyped(
        &mut self,
        name: &str,
        message_type: &str,
        qos: Qos,
    ) -> Result<Untyped, StartError> {
        let (mailbox, inbox) = topics::untyped(&mut self.node, name, message_type, qos)?;
        self.inboxes.push(inbox);
        Ok(mailbox)
    }

    /// All topics as far as discovered, by full name, with the first of their types.
    #[must_use]
    pub fn graph(&self) -> BTreeMap<String, String> {
        let found = self.node.get_topic_names_and_types().unwrap_or_default();
        let first = |types: Vec<String>| types.into_iter().next();
        found.into_iter().filter_map(|(name, types)| Some((name, first(types)?))).collect()
    }

    /// Whether a publisher of a topic, given by its full name, keeps its last message for whoever
    /// comes later.
    #[must_use]
    pub fn is_latched(&self, topic: &str) -> bool {
        let found = self.node.get_publishers_info_by_topic(topic, false).unwrap_or_default();
        let latched = |of: &r2r::QosProfile| {
            matches!(of.durability, r2r::qos::DurabilityPolicy::TransientLocal)
        };
        found.iter().any(|endpoint| latched(&endpoint.qos_profile))
    }

    /// Asks a service.
    ///
    /// # Errors
    /// [`StartError`] from the middleware.
    pub fn caller<S: WrappedServiceTypeSupport + 'static>(
        &mut self,
        name: &str,
    ) -> Result<Caller<S>, StartError> {
        Ok(Caller::create(&mut self.node, name)?)
    }

    /// A service server.
    ///
    /// # Errors
    /// [`StartError`] from the middleware.
    pub fn service<S: WrappedServiceTypeSupport + 'static>(
        &mut self,
        name: &str,
    ) -> Result<Requests<S>, StartError> {
        Ok(Requests::create(&mut self.node, name)?)
    }

    /// An action server.
    ///
    /// # Errors
    /// [`StartError`] from the middleware.
    pub fn action<A: WrappedActionTypeSupport + 'static>(
        &mut self,
        name: &str,
    ) -> Result<ActionServer<A>, StartError>
    where
        A::Goal: Clone,
    {
        Ok(ActionServer::create(&mut self.node, name)?)
    }

    /// A client of an action server.
    ///
    /// # Errors
    /// [`StartError`] from the middleware.
    pub fn action_client<A: WrappedActionTypeSupport + 'static>(
        &mut self,
        name: &str,
    ) -> Result<ActionClient<A>, StartError> {
        Ok(ActionClient::create(&mut self.node, name)?)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // SAFETY: nobody looks at the node afterwards.
        company::end(unsafe { ManuallyDrop::take(&mut self.node) });
    }
}

impl Rhythm {
    /// Whether this poll comes later than usual or is one of those that look in any case.
    fn is_off(&mut self, now: Monotonic) -> bool {
        let since = now.since(self.last);
        let late = since > self.usual * 3 / 2;
        (self.last, self.usual) = (now, since.min(self.usual * 2).max(Duration::from_micros(100)));
        self.polls = self.polls.wrapping_add(1);
        late || self.polls.is_multiple_of(THOROUGH_EVERY)
    }
}

impl Door {
    /// Counts; returns a line unless the topic complained a short while ago.
    fn refuse(
        &mut self,
        topic: &str,
        reason: &Refused,
        count: u64,
        now: Monotonic,
    ) -> Option<LogLine> {
        self.refused += count;
        if self.quiet_until.get(topic).is_some_and(|until| now < *until) {
            return None;
        }
        self.quiet_until.insert(topic.to_owned(), now + REFUSAL_QUIET);
        Some(LogLine::warn(format!("message on {topic} refused: {reason}")))
    }
}

fn overrides(node: &Node) -> BTreeMap<String, Value> {
    let given = match node.params.lock() {
        Ok(given) => given,
        Err(poisoned) => poisoned.into_inner(),
    };
    given.iter().map(|(key, parameter)| (key.clone(), Value::from(&parameter.value))).collect()
}
