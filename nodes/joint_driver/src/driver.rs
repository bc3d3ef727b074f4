//! All joints of one bus: the gate for commands, SYNC, heartbeat, and who else is there.
//!
//! The one rule: before it sends anything, a driver listens; where another one drives its joints it
//! stays silent and says so.

mod voice;

use crate::config::{Arm, Config, ConfigError, DRIVER_NODE_IDS};
use crate::io::{Inputs, Outgoing, Outputs};
use crate::joint::{Cycle, Joint, Orders};
use crate::sync::SyncProducer;
use can_bus::canopen::NodeId;
use can_bus::canopen::cob::{self, PdoNumber, Service};
use can_bus::canopen::nmt::{Heartbeat, NmtState};
use can_bus::frame::Frame;
use std::time::Duration;
use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::command::{JointCommand, JointFeedback};
use vocabulary::durations::DurationHistogram;
use vocabulary::gate::{Admitted, CommandGate, GateConfig};
use vocabulary::health::{CycleStatistics, Health, LogLine, NodeHealth};
use vocabulary::lease::takeover_silence;
use vocabulary::time::{Monotonic, Now, Received};
use voice::Voice;

/// Lateness from which a cycle counts as late.
const LATE: Duration = Duration::from_millis(1);
/// SYNCs of a stranger after which the second producer is reported.
const FOREIGN_SYNCS: u64 = 50;

fn cob_ids(own_node: NodeId, joints: &[Joint]) -> Vec<u16> {
    let mut ids = vec![cob::SYNC, cob::heartbeat(own_node)];
    for node in joints.iter().map(Joint::node) {
        let pdos = [PdoNumber::One, PdoNumber::Two, PdoNumber::Three];
        ids.extend([cob::emcy(node), cob::sdo_reply(node), cob::heartbeat(node)]);
        ids.extend(pdos.map(|pdo| cob::tpdo(pdo, node)));
        ids.push(cob::rpdo(PdoNumber::One, node));
    }
    ids.sort_unstable();
    ids
}

/// The driver of one bus.
#[derive(Debug, Clone)]
pub struct Driver {
    config: Config,
    names: String,
    own_node: NodeId,
    joints: Vec<Joint>,
    listens_to: Vec<u16>,
    gate: CommandGate,
    sync: SyncProducer,
    voice: Voice,
    status: Option<ArmStatus>,
    stopped_since: Option<Monotonic>,
    orders: Orders,
    stepped: Monotonic,
    last_sync: Option<Monotonic>,
    last_apply: Monotonic,
    last_cycle: Monotonic,
    next_heartbeat: Monotonic,
    next_telemetry: Monotonic,
    cycles: CycleStatistics,
    trouble: Option<String>,
    foreign_told: bool,
    bus_trouble: Option<String>,
    /// The newest command that no feedback has answered yet.
    newest_sent: Option<Sent>,
    command_to_feedback: DurationHistogram,
}

/// When a command was sent.
#[derive(Debug, Clone, Copy)]
struct Sent {
    /// Epoch and sequence.
    key: (u64, u64),
    /// The sender's instant on our clock.
    at: Monotonic,
}

impl Sent {
    fn of(admitted: &Admitted) -> Self {
        let Admitted { command, setpoint_at, .. } = admitted;
        let ahead = command.setpoint_at.seconds_from(command.sent_at);
        Self { key: (command.epoch, command.sequence), at: setpoint_at.shifted(-ahead) }
    }
}

impl Driver {
    /// A driver that sends nothing before its first step.
    ///
    /// # Errors
    /// [`ConfigError`] naming the parameter.
    pub fn new(config: Config, arm: &Arm, boot_id: u64) -> Result<Self, ConfigError> {
        config.validate(arm)?;
        let driven = config.driven(arm)?;
        let rank = driven.first().map_or(0, |joint| joint.index);
        let own_node = DRIVER_NODE_IDS + u8::try_from(rank).unwrap_or(0);
        let own_node = NodeId::new(own_node).map_err(|_| ConfigError::Telemetry {
            joint: String::new(),
            reason: format!("node id {own_node} of the driver is not usable"),
        })?;
        let mut joints = Vec::with_capacity(driven.len());
        for joint in &driven {
            let Some(limits) = arm.limits.get(joint.index).copied() else { continue };
            joints.push(Joint::new(&config, joint, limits, own_node, boot_id)?);
        }
        let names: Vec<_> = driven.iter().map(|joint| joint.name).collect();
        let gate = CommandGate::new(GateConfig {
            joint_order: arm.order.hash(),
            limits: arm.limits.map(Some),
            max_validity: Duration::from_secs_f64(config.max_valid_for),
            takeover_silence: takeover_silence(config.period()),
            shared_clock: config.shared_clock,
        });
        let cycles = CycleStatistics { period: config.period, ..CycleStatistics::default() };
        Ok(Self {
            names: names.join(", "),
            own_node,
            listens_to: cob_ids(own_node, &joints),
            joints,
            gate,
            sync: SyncProducer::new(rank, config.period()),
            voice: Voice::New,
            status: None,
            stopped_since: None,
            orders: Orders {
                mode: ArmMode::Disabled,
                known: false,
                power: false,
                standing: false,
                lease: (0, 0),
            },
            stepped: Monotonic(0),
            last_sync: None,
            last_apply: Monotonic(0),
            last_cycle: Monotonic(0),
            next_heartbeat: Monotonic(0),
            next_telemetry: Monotonic(0),
            cycles,
            trouble: None,
            foreign_told: false,
            bus_trouble: None,
            newest_sent: None,
            command_to_feedback: DurationHistogram::default(),
            config,
        })
    }

    /// The joints, for tests and tools.
    #[must_use]
    pub fn joints(&self) -> &[Joint] {
        &self.joints
    }

    /// The COB-IDs this driver listens to, rising, for the receive filter of its bus.
    #[must_use]
    pub fn cob_ids(&self) -> &[u16] {
        &self.listens_to
    }

    /// Whether this driver listens to the frame; the others may be dropped unread.
    #[must_use]
    pub fn concerns(&self, frame: &Frame) -> bool {
        frame.cob_id().is_some_and(|id| self.listens_to.binary_search(&id).is_ok())
    }

    fn joint_of(&self, node: NodeId) -> Option<usize> {
        self.joints.iter().position(|joint| joint.node() == node)
    }

    /// When the next step is due if no frame comes before.
    #[must_use]
    pub fn next_wake(&self, now: Monotonic) -> Monotonic {
        let own = match self.voice {
            Voice::New => Some(now),
            Voice::Listening(until) => Some(until),
            Voice::Rival(heard) => Some(heard + self.seconds(self.config.heartbeat_timeout)),
            Voice::Speaking | Voice::Down => None,
        };
        let speaking = (self.voice == Voice::Speaking).then_some(self.next_heartbeat);
        let joints = self.joints.iter().filter_map(Joint::deadline);
        let all = own.into_iter().chain(speaking).chain(self.sync.due()).chain(joints);
        all.chain([self.next_telemetry]).min().unwrap_or(now)
    }

    fn seconds(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// One step: call it when frames or messages came, and when [`Driver::next_wake`] is reached.
    pub fn step(&mut self, now: Now, inputs: &Inputs<'_>, out: &mut Outputs) {
        out.clear();
        self.notice_pause(now.mono, out);
        self.take_orders(now.mono, inputs, out);
        for event in inputs.bus_events {
            self.on_bus(event, now.mono, out);
        }
        inputs.commands.iter().for_each(|command| self.on_command(command));
        // SYNC first, then what answers it, also when both were read at once.
        let (until_sync, answers) = split_after_sync(inputs.frames);
        let synced = self.on_frames(now, until_sync, out);
        self.listen(now.mono, out);
        if self.voice == Voice::Speaking {
            let sent = self.produce_sync(now.mono, out);
            self.run_cycle(now.mono, sent.or(synced), out);
            self.speak(now.mono, out);
        }
        self.on_frames(now, answers, out);
        self.publish_telemetry(now, out);
        self.time_answers(now.mono, out);
        self.stepped = now.mono;
    }

    fn take_orders(&mut self, now: Monotonic, inputs: &Inputs<'_>, out: &mut Outputs) {
        if let Some(lease) = inputs.lease {
            self.gate.grant(now, lease);
            self.note_lease();
        }
        if let Some(status) = inputs.status {
            self.on_arm_status(now, status, out);
        }
        let mode = self.status.as_ref().map_or(ArmMode::Disabled, |status| status.mode);
        let stopped = matches!(mode, ArmMode::Stopped | ArmMode::Hold);
        self.stopped_since = stopped.then(|| self.stopped_since.unwrap_or(now));
        let grace = self.seconds(self.config.stop_grace);
        self.orders = Orders {
            mode,
            known: self.status.is_some(),
            power: inputs.active && mode != ArmMode::Disabled,
            standing: self.stopped_since.is_some_and(|since| now.since(since) >= grace),
            lease: self.orders.lease,
        };
    }

    fn note_lease(&mut self) {
        let lease = self.gate.lease();
        self.orders.lease = (lease.epoch(), lease.holder());
    }

    fn on_arm_status(&mut self, now: Monotonic, status: &ArmStatus, out: &mut Outputs) {
        let reset_before = self.status.as_ref().map(|before| before.fault_reset);
        for joint in &mut self.joints {
            joint.permit(status.permit, out);
            if reset_before.is_some_and(|before| status.fault_reset > before) {
                joint.reset_faults(now);
            }
        }
        self.status = Some(status.clone());
    }

    /// Returns the time of the last SYNC among them.
    fn on_frames(
        &mut self,
        now: Now,
        frames: &[Received<Frame>],
        out: &mut Outputs,
    ) -> Option<Monotonic> {
        let mut synced = None;
        for received in frames {
            synced = self.on_frame(now, received, out).or(synced);
        }
        synced
    }

    /// Returns the time of a SYNC.
    fn on_frame(
        &mut self,
        now: Now,
        received: &Received<Frame>,
        out: &mut Outputs,
    ) -> Option<Monotonic> {
        let Received { at, value: frame } = received;
        let service = frame.cob_id().and_then(Service::of)?;
        let node = match service {
            Service::Sync => {
                self.sync.heard(*at);
                self.last_sync = Some(*at);
                return Some(*at);
            }
            Service::Heartbeat(node) if node == self.own_node => {
                self.on_rival(*at, out);
                return None;
            }
            Service::Heartbeat(node)
            | Service::Emcy(node)
            | Service::SdoReply(node)
            | Service::Tpdo(_, node)
            | Service::Rpdo(PdoNumber::One, node) => node,
            _ => return None,
        };
        let index = self.joint_of(node)?;
        if matches!(service, Service::Rpdo(..)) {
            self.on_rival(*at, out);
            return None;
        }
        let (sync, orders) = (self.last_sync, self.orders);
        if let Some(joint) = self.joints.get_mut(index) {
            joint.on_frame(now, (service, frame, *at), sync, &orders, out);
        }
        None
    }

    fn on_command(&mut self, command: &Received<JointCommand>) {
        if let Ok(admitted) = self.gate.admit(command.at, &command.value) {
            self.note_lease();
            self.newest_sent = Some(Sent::of(&admitted));
            self.joints.iter_mut().for_each(|joint| joint.offer(&admitted));
        }
    }

    /// How long it took from the sending of a command to the first feedback that answers it.
    fn time_answers(&mut self, now: Monotonic, out: &Outputs) {
        let answers = |sent: &Sent| {
            let same = |f: &JointFeedback| (f.applied_epoch, f.applied_sequence) == sent.key;
            out.feedback.iter().any(same)
        };
        if let Some(sent) = self.newest_sent.take_if(|sent| answers(sent)) {
            self.command_to_feedback.record(now.seconds_from(sent.at));
        }
    }

    fn produce_sync(&mut self, now: Monotonic, out: &mut Outputs) -> Option<Monotonic> {
        let late = self.sync.take_due(now)?;
        if self.cycles.count > 0 {
            self.note_lateness(late);
        }
        let frame = Frame::standard(cob::SYNC, &[]).ok()?;
        // In a slot like the setpoints and ahead of them: behind them it would make the drives take
        // the setpoints over one period early.
        out.frames.push(Outgoing { frame, setpoint: true });
        self.last_sync = Some(now);
        Some(now)
    }

    fn note_lateness(&mut self, late: Duration) {
        self.cycles.late += u64::from(late > LATE);
        self.cycles.worst_lateness = self.cycles.worst_lateness.max(late.as_secs_f64());
    }

    fn run_cycle(&mut self, now: Monotonic, sync: Option<Monotonic>, out: &mut Outputs) {
        let Some(sync) = sync else { return };
        self.cycles.count += 1;
        if sync < now {
            self.note_lateness(now.since(sync));
        }
        let apply = (sync + self.config.period() * 2).max(self.last_apply);
        self.last_apply = apply;
        let punctual = now.since(self.last_cycle) <= self.config.period() * 3 / 2;
        self.last_cycle = now;
        let (cycle, orders) = (Cycle { now, apply, punctual }, self.orders);
        for joint in &mut self.joints {
            joint.cycle(cycle, &orders, out);
        }
        if self.sync.foreign() >= FOREIGN_SYNCS && !self.foreign_told {
            self.foreign_told = true;
            let bus = self.config.bus.name();
            let text = format!("another device sends SYNC on {bus}: switch off its SYNC (0x1006)");
            out.log.push(LogLine::warn(text));
        }
    }

    fn speak(&mut self, now: Monotonic, out: &mut Outputs) {
        if now >= self.next_heartbeat {
            let beat = Heartbeat::Alive(NmtState::Operational).frame(self.own_node);
            out.frames.push(beat.into());
            self.next_heartbeat = now + self.seconds(self.config.heartbeat_period);
        }
        for joint in &mut self.joints {
            joint.poll(now, out);
        }
    }

    fn publish_telemetry(&mut self, now: Now, out: &mut Outputs) {
        if now.mono < self.next_telemetry {
            return;
        }
        self.next_telemetry = now.mono + self.seconds(1.0 / self.config.telemetry_rate_hz);
        let gate = self.gate.refused();
        out.telemetry.extend(self.joints.iter().map(|joint| joint.telemetry(now, &gate)));
    }

    /// Judgement of the driver about itself. Error: a fault is present, no joint of ours moves by
    /// `arm/resume` alone. `resume_required`: a joint waits for a new permit.
    #[must_use]
    pub fn health(&self) -> NodeHealth {
        let own = self.gate.refused().total();
        let refused = self.joints.iter().map(|joint| joint.motion().refused().total());
        let cycles = CycleStatistics { refused: own + refused.sum::<u64>(), ..self.cycles };
        let wanted = self.orders.mode != ArmMode::Disabled;
        let resume_required = wanted && self.joints.iter().any(|j| !j.faults().may_move());
        let troubles = self.trouble.iter().cloned();
        let troubles: Vec<_> =
            troubles.chain(self.joints.iter().filter_map(Joint::trouble)).collect();
        let error = self.trouble.is_some() || self.joints.iter().any(|j| j.faults().is_present());
        let health = match () {
            () if error => Health::Error,
            () if !troubles.is_empty() || resume_required => Health::Warn,
            () => Health::Ok,
        };
        let mut message = troubles.join("; ");
        if message.is_empty() && resume_required {
            message = format!("{}: waiting for arm/resume", self.names);
        }
        let durations = vec![("command_to_feedback", self.command_to_feedback)];
        NodeHealth { health, message, resume_required, cycles, durations }
    }
}

/// Frames up to the last SYNC, and those after it.
fn split_after_sync(frames: &[Received<Frame>]) -> (&[Received<Frame>], &[Received<Frame>]) {
    let sync = frames.iter().rposition(|received| received.value.cob_id() == Some(cob::SYNC));
    frames.split_at(sync.map_or(0, |index| index + 1))
}
