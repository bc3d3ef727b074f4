//! What anybody can hear of the arm.

use anyhow::Result;
use futures::{FutureExt, StreamExt};
use node::clock;
use node::convert::FromMsg;
use overview::{NodeRow, NodeTable};
use r2r::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus};
use r2r::{QosProfile, WrappedTypesupport, armature_msgs::msg};
use std::time::Duration;
use vocabulary::arm::{ArmMode, ArmState, ArmStatus};
use vocabulary::command::Lease;
use vocabulary::health::Heartbeat;
use vocabulary::joint::JointOrder;
use vocabulary::time::{Monotonic, Received};

/// As the supervisor judges most nodes.
const SILENCE: Duration = Duration::from_secs(1);
/// Temperatures that are older are not shown.
const STALE: Duration = Duration::from_secs(1);

type Queue<M> = Box<dyn futures::Stream<Item = M> + Unpin>;

/// Everything worth a look.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// All nodes.
    pub rows: Vec<NodeRow>,
    /// Temperature of the hottest joint that each node serves, °C; NaN for none.
    pub temperatures: Vec<f64>,
    /// Word of the supervisor.
    pub status: Option<ArmStatus>,
    /// The lease.
    pub lease: Option<Lease>,
    /// Name of its holder; empty when it is not known.
    pub holder: String,
}

impl View {
    /// The mode, for people.
    pub fn mode(&self) -> &'static str {
        match self.status.as_ref().map(|status| status.mode) {
            None => "unknown",
            Some(ArmMode::Disabled) => "disabled",
            Some(ArmMode::Enabled) => "enabled",
            Some(ArmMode::Stopped) => "stopped",
            Some(ArmMode::Hold) => "hold",
        }
    }
}

/// The subscriptions.
pub struct Ears {
    node: r2r::Node,
    beats: Queue<msg::Heartbeat>,
    status: Queue<msg::ArmStatus>,
    lease: Queue<msg::Lease>,
    arm: Queue<msg::ArmState>,
    diagnostics: Queue<DiagnosticArray>,
    table: NodeTable,
    newest: View,
    boots: Vec<(u64, String)>,
    heat: Option<(Monotonic, JointOrder, ArmState)>,
    /// Heartbeats say nothing of joints; any order will do.
    any_order: JointOrder,
}

fn subscribe<M: WrappedTypesupport + 'static>(
    node: &mut r2r::Node,
    topic: &str,
    qos: QosProfile,
) -> Result<Queue<M>> {
    Ok(Box::new(node.subscribe::<M>(topic, qos)?))
}

fn take<M>(queue: &mut Queue<M>) -> Vec<M> {
    std::iter::from_fn(|| queue.next().now_or_never().flatten()).collect()
}

impl Ears {
    /// Listens in a namespace of the ROS domain of the environment.
    pub fn open(namespace: &str) -> Result<Self> {
        let name = format!("status_{}", std::process::id());
        let mut node = r2r::Node::create(r2r::Context::create()?, &name, namespace)?;
        let best = || QosProfile::default().best_effort();
        let latched = || QosProfile::default().reliable().transient_local().keep_last(1);
        Ok(Self {
            beats: subscribe(&mut node, "heartbeat", best().keep_last(64))?,
            status: subscribe(&mut node, "arm/status", latched())?,
            lease: subscribe(&mut node, "lease", latched())?,
            arm: subscribe(&mut node, "arm_state", best().keep_last(1))?,
            diagnostics: subscribe(&mut node, "/diagnostics", best().keep_last(64))?,
            table: NodeTable::new(SILENCE),
            newest: View::default(),
            boots: Vec::new(),
            heat: None,
            any_order: JointOrder::new((1..=6).map(|n| n.to_string()).collect())?,
            node,
        })
    }

    /// Takes in what comes within `time`.
    pub fn listen(&mut self, time: Duration) {
        self.node.spin_once(time);
        // One spin takes one message per subscription.
        for _ in 0..32 {
            if !self.take_in() {
                break;
            }
            self.node.spin_once(Duration::ZERO);
        }
        self.table.judge(clock::monotonic());
    }

    fn take_in(&mut self) -> bool {
        let at = clock::monotonic();
        let beats = take(&mut self.beats);
        let any = !beats.is_empty();
        for beat in beats.iter().filter_map(|beat| Heartbeat::from_msg(beat, &self.any_order).ok())
        {
            if !self.boots.iter().any(|(boot, _)| *boot == beat.boot_id) {
                self.boots.push((beat.boot_id, beat.node.clone()));
            }
            self.table.hear(Received { at, value: beat });
        }
        let status = take(&mut self.status).pop();
        let status = status.and_then(|msg| ArmStatus::from_msg(&msg, &self.any_order).ok());
        self.newest.status = status.or(self.newest.status.take());
        let lease = take(&mut self.lease).pop();
        let lease = lease.and_then(|msg| Lease::from_msg(&msg, &self.any_order).ok());
        self.newest.lease = lease.or(self.newest.lease.take());
        if let Some(msg) = take(&mut self.arm).pop()
            && let Ok(order) = JointOrder::new(msg.joints.to_vec())
            && let Ok(arm) = ArmState::from_msg(&msg, &order)
        {
            self.heat = Some((at, order, arm));
        }
        for status in take(&mut self.diagnostics).iter().flat_map(|array| &array.status) {
            self.learn(status);
        }
        any
    }

    /// What the supervisor says of a node.
    fn learn(&mut self, status: &DiagnosticStatus) {
        let Some(node) = status.name.strip_prefix("supervisor: ") else { return };
        let value = |key: &str| status.values.iter().find(|p| p.key == key).map(|p| &p.value);
        let Some(expected) = value("expected") else { return };
        let boots = value("boots").and_then(|text| text.parse().ok()).unwrap_or(0);
        self.table.learn(node, expected == "true", &status.hardware_id, boots);
    }

    /// Everything as it is now.
    pub fn view(&self) -> View {
        let now = clock::monotonic();
        let rows = self.table.rows(now);
        let temperatures = rows.iter().map(|row| self.temperature(row, now)).collect();
        let held = self.newest.lease.as_ref().map_or(0, |lease| lease.holder);
        let holder = self.boots.iter().rev().find(|(boot, _)| *boot == held);
        let holder = holder.map_or_else(String::new, |(_, name)| name.clone());
        View { rows, temperatures, holder, ..self.newest.clone() }
    }

    fn temperature(&self, row: &NodeRow, now: Monotonic) -> f64 {
        let Some((at, order, arm)) = &self.heat else { return f64::NAN };
        if now.since(*at) > STALE {
            return f64::NAN;
        }
        let joints = order.names().iter().zip(&arm.temperature);
        let served = joints.filter(|(name, _)| row.serves(name)).map(|(_, heat)| *heat);
        served.fold(f64::NAN, f64::max)
    }
}
