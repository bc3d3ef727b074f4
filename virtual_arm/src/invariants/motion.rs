//! Invariants 2 to 5: what the joints really do, and what the drives are told, against what was
//! allowed.

use super::{Facts, Finding, JointFacts, Rule};
use can_bus::canopen::NodeId;
use can_bus::canopen::cob::{PdoNumber, Service};
use can_bus::frame::Frame;
use servo_sim::Truth;
use std::ops::Range;
use std::time::Duration;
use vocabulary::arm::{ArmMode, ArmStatus};
use vocabulary::command::{DriverState, JointFeedback};
use vocabulary::joint::{JOINTS, JointLimits, PerJoint};
use vocabulary::time::Monotonic;

/// Above this true speed a joint may be moving, rad/s.
const FAST: f64 = 0.05;
/// It moves when it also is this far from where it last stood, rad: what a neighbour's motion or the
/// change from one loop of a drive to another makes of a joint that holds stays below.
const FAR: f64 = 0.003;
/// How far a joint may swing beyond a position limit, rad: tracking error and overshoot.
const POSITION_MARGIN: f64 = 0.005;
/// By which part a joint may be faster than its limit: the loops of the drive.
const VELOCITY_MARGIN: f64 = 0.05;
/// Until word of a stop has reached everybody and the deceleration along the path has begun.
const WORD: Duration = Duration::from_millis(200);
/// Until a drive that hears nothing of its driver brakes by itself.
const WATCHDOG: Duration = Duration::from_millis(400);
/// Rounding to counts, and a command lost on the way, rad.
const JUMP_MARGIN: f64 = 0.0015;
/// How unevenly frames of one driver may follow each other.
const JITTER: Duration = Duration::from_millis(2);
/// Controlword bits of an enabled drive.
const ENABLED: u16 = 0x0F;

/// What is known of one joint.
#[derive(Debug, Clone, Copy, Default)]
struct Watch {
    /// The permit its driver was told.
    told: u64,
    /// Since when its driver knows that nobody may move; `None`: motion is permitted.
    forbidden: Option<Monotonic>,
    /// It needs a permit above this one, since then.
    blocked: Option<(u64, Monotonic)>,
    driver: DriverState,
    /// Last command that its driver heard.
    heard: Monotonic,
    /// True position when it last stood, rad.
    stood: f64,
    /// Last setpoint sent while enabled.
    setpoint: Option<(Monotonic, i32)>,
}

/// All joints.
#[derive(Debug, Clone)]
pub(super) struct Motions {
    facts: Facts,
    /// Motion is judged from then on.
    trusted_from: Monotonic,
    permit: u64,
    joints: PerJoint<Watch>,
}

impl Motions {
    pub fn new(facts: Facts) -> Self {
        Self {
            facts,
            trusted_from: Monotonic(0),
            permit: 0,
            joints: [Watch { forbidden: Some(Monotonic(0)), ..Watch::default() }; JOINTS],
        }
    }

    pub fn distrust_drives(&mut self, until: Monotonic) {
        self.trusted_from = self.trusted_from.max(until);
    }

    pub fn trust_drives(&mut self, from: Monotonic) {
        self.trusted_from = self.trusted_from.min(from);
    }

    pub fn on_status(&mut self, status: &ArmStatus) {
        self.permit = status.permit;
        if status.mode != ArmMode::Enabled {
            return;
        }
        for joint in &mut self.joints {
            joint.blocked = joint.blocked.filter(|(permit, _)| *permit >= status.permit);
        }
    }

    /// The supervisor's word reached a driver. One that is cut off goes on without it: that is what a
    /// dead supervisor must not change.
    pub fn on_status_heard(&mut self, at: Monotonic, joints: Range<usize>, status: &ArmStatus) {
        let permitted = status.mode == ArmMode::Enabled;
        for joint in self.joints.get_mut(joints).into_iter().flatten() {
            joint.told = status.permit;
            joint.forbidden = if permitted { None } else { joint.forbidden.or(Some(at)) };
        }
    }

    pub fn on_command_heard(&mut self, at: Monotonic, joints: Range<usize>) {
        for joint in self.joints.get_mut(joints).into_iter().flatten() {
            joint.heard = at;
        }
    }

    pub fn on_driver_end(&mut self, at: Monotonic, joints: Range<usize>) {
        let permit = self.permit;
        for joint in self.joints.get_mut(joints).into_iter().flatten() {
            joint.blocked = Some((permit, joint.blocked.map_or(at, |(_, since)| since)));
            joint.driver = DriverState::Offline;
        }
    }

    /// A driver that begins to wait for a permit needs one above that it was told.
    pub fn on_feedback(&mut self, at: Monotonic, feedback: &JointFeedback) {
        let Some(joint) = self.joints.get_mut(feedback.joint) else { return };
        let waits = |state| matches!(state, DriverState::Blocked | DriverState::Faulted);
        let begins = waits(feedback.driver) && !waits(joint.driver);
        joint.driver = feedback.driver;
        if begins && joint.told >= self.permit && joint.blocked.is_none() {
            joint.blocked = Some((joint.told, at));
        }
    }

    pub fn on_sent(&mut self, at: Monotonic, frame: &Frame) -> Option<Finding> {
        let Some(Service::Rpdo(PdoNumber::One, node)) = frame.cob_id().and_then(Service::of) else {
            return None;
        };
        let mut joints = self.facts.joints.iter().zip(&mut self.joints);
        let (facts, watch) =
            joints.find(|(facts, _)| NodeId::new(facts.node_id).is_ok_and(|id| id == node))?;
        let (controlword, target) = setpoint(frame)?;
        let before = watch.setpoint.take();
        if controlword & ENABLED != ENABLED {
            return None;
        }
        watch.setpoint = Some((at, target));
        let (then, last) = before?;
        judge_step(facts, self.facts.period, at.since(then), target.wrapping_sub(last))
    }

    pub fn on_truth(&mut self, truth: &Truth) -> Option<Finding> {
        if truth.time < self.trusted_from {
            // Wherever the joints were pushed to, they are judged from there.
            for (watch, position) in self.joints.iter_mut().zip(&truth.position) {
                watch.stood = *position;
            }
            return None;
        }
        let state = truth.position.iter().zip(&truth.velocity);
        for (watch, (position, velocity)) in self.joints.iter_mut().zip(state) {
            if velocity.abs() <= FAST {
                watch.stood = *position;
            }
        }
        let state = truth.position.iter().zip(&truth.velocity);
        let known = self.facts.joints.iter().zip(&self.joints);
        known.zip(state).find_map(|((facts, watch), (&position, &velocity))| {
            let beyond = beyond_limits(facts, position, velocity);
            let moves = velocity.abs() > FAST && (position - watch.stood).abs() > FAR;
            let unasked = || self.without_reason(facts, watch, truth.time, velocity);
            beyond.or_else(|| moves.then(unasked).flatten())
        })
    }

    fn without_reason(
        &self,
        facts: &JointFacts,
        watch: &Watch,
        now: Monotonic,
        velocity: f64,
    ) -> Option<Finding> {
        let brake = braking_time(&facts.limits);
        let over = |since: Monotonic, allowed: Duration| {
            (now.since(since) > allowed).then(|| now.since(since))
        };
        let moves = |rule, why: String| {
            Some((rule, format!("{} moves at {velocity:.3} rad/s, {why}", facts.name)))
        };
        if let Some(time) =
            watch.forbidden.and_then(|since| over(since, WORD + WATCHDOG + brake * 2))
        {
            return moves(Rule::Permit, format!("{time:?} after motion was forbidden"));
        }
        let blocked = watch.blocked.and_then(|(_, since)| over(since, WATCHDOG + brake * 2));
        if let (Some(time), Some((permit, _))) = (blocked, watch.blocked) {
            let why = format!("{time:?} after its driver began to need a permit above {permit}");
            return moves(Rule::Permit, why);
        }
        let silent = over(watch.heard, self.facts.valid_for + WATCHDOG + brake * 2);
        silent.and_then(|time| moves(Rule::Silence, format!("no command heard for {time:?}")))
    }
}

fn setpoint(frame: &Frame) -> Option<(u16, i32)> {
    let data = frame.data();
    let controlword = u16::from_le_bytes(data.get(..2)?.try_into().ok()?);
    Some((controlword, i32::from_le_bytes(data.get(2..6)?.try_into().ok()?)))
}

fn judge_step(
    facts: &JointFacts,
    period: Duration,
    elapsed: Duration,
    counts: i32,
) -> Option<Finding> {
    let step = f64::from(counts) / facts.counts_per_radian;
    let time = elapsed.max(period) + JITTER;
    let reach = facts.limits.velocity * time.as_secs_f64() + JUMP_MARGIN;
    (step.abs() > reach).then(|| {
        let text =
            format!("{}: {step:.6} rad within {elapsed:?}, {reach:.6} rad allowed", facts.name);
        (Rule::Continuity, text)
    })
}

fn beyond_limits(facts: &JointFacts, position: f64, velocity: f64) -> Option<Finding> {
    let JointLimits { lower, upper, velocity: fastest, .. } = facts.limits;
    let name = &facts.name;
    if !(lower - POSITION_MARGIN..=upper + POSITION_MARGIN).contains(&position) {
        let text = format!("{name} stands at {position:.5} rad, limits {lower} to {upper}");
        return Some((Rule::Limits, text));
    }
    (velocity.abs() > fastest * (1.0 + VELOCITY_MARGIN))
        .then(|| (Rule::Limits, format!("{name} moves at {velocity:.4} rad/s, limit {fastest}")))
}

/// From full speed to rest.
fn braking_time(limits: &JointLimits) -> Duration {
    Duration::from_secs_f64(limits.velocity / limits.acceleration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use can_bus::canopen::cob;

    fn facts() -> Facts {
        let limits =
            JointLimits { lower: -1.0, upper: 1.0, velocity: 2.0, acceleration: 8.0, effort: 10.0 };
        let joints = [1, 2, 3, 4, 5, 6].map(|node_id| JointFacts {
            name: format!("joint_{node_id}"),
            limits,
            node_id,
            counts_per_radian: 1000.0,
        });
        let (period, valid_for) = (Duration::from_millis(4), Duration::from_millis(50));
        Facts { joints, period, valid_for }
    }

    fn permitted() -> Motions {
        let mut motions = Motions::new(facts());
        let status = ArmStatus { mode: ArmMode::Enabled, permit: 1, ..ArmStatus::default() };
        motions.on_status(&status);
        motions.on_status_heard(Monotonic(0), 0..JOINTS, &status);
        motions
    }

    fn setpoint(motions: &mut Motions, ms: u64, controlword: u16, counts: i32) -> Option<Finding> {
        let node = NodeId::new(2).unwrap();
        let mut data = controlword.to_le_bytes().to_vec();
        data.extend(counts.to_le_bytes());
        data.extend([0, 0]);
        let frame = Frame::standard(cob::rpdo(PdoNumber::One, node), &data).unwrap();
        motions.on_sent(Monotonic(ms * 1_000_000), &frame)
    }

    fn truth(ms: u64, position: f64, velocity: f64) -> Truth {
        let zero = [0.0; JOINTS];
        let (mut positions, mut velocities) = (zero, zero);
        (positions[1], velocities[1]) = (position, velocity);
        Truth {
            time: Monotonic(ms * 1_000_000),
            position: positions,
            velocity: velocities,
            acceleration: zero,
            effort: zero,
            current: zero,
            winding_temperature: zero,
            housing_temperature: zero,
            stage_temperature: zero,
        }
    }

    fn rule(finding: Option<Finding>) -> Option<Rule> {
        finding.map(|(rule, _)| rule)
    }

    #[test]
    fn a_jump_on_the_wire_is_found_but_not_at_enabling() {
        let mut motions = permitted();
        assert_eq!(setpoint(&mut motions, 0, 0x07, 0), None);
        assert_eq!(setpoint(&mut motions, 4, 0x0F, 500), None);
        assert_eq!(setpoint(&mut motions, 8, 0x0F, 508), None);
        assert_eq!(rule(setpoint(&mut motions, 12, 0x0F, 528)), Some(Rule::Continuity));
    }

    #[test]
    fn a_joint_that_moves_on_without_commands_is_found() {
        let mut motions = permitted();
        motions.on_command_heard(Monotonic(0), 0..6);
        assert_eq!(motions.on_truth(&truth(10, 0.0, 0.5)), None);
        assert_eq!(motions.on_truth(&truth(900, 0.3, 0.5)), None);
        assert_eq!(rule(motions.on_truth(&truth(1000, 0.4, 0.5))), Some(Rule::Silence));
    }

    #[test]
    fn a_driver_that_was_told_to_stop_may_decelerate_and_no_more() {
        let mut motions = permitted();
        let stopped = ArmStatus { mode: ArmMode::Stopped, permit: 1, ..ArmStatus::default() };
        motions.on_status(&stopped);
        motions.on_status_heard(Monotonic(0), 1..2, &stopped);
        let mut at = |ms: u64| {
            motions.on_command_heard(Monotonic(ms * 1_000_000), 0..6);
            rule(motions.on_truth(&truth(ms, ms as f64 * 1e-4, 0.5)))
        };
        assert_eq!(at(1000), None);
        assert_eq!(at(1150), Some(Rule::Permit));
    }

    #[test]
    fn a_joint_beyond_its_limits_is_found() {
        let mut motions = permitted();
        assert_eq!(rule(motions.on_truth(&truth(1, 1.006, 0.0))), Some(Rule::Limits));
        assert_eq!(rule(motions.on_truth(&truth(1, 0.0, 2.2))), Some(Rule::Limits));
    }

    #[test]
    fn a_restarted_driver_may_not_move_its_joint_before_the_next_permit() {
        let mut motions = permitted();
        motions.on_driver_end(Monotonic(0), 1..2);
        let mut at = |ms: u64| {
            motions.on_command_heard(Monotonic(ms * 1_000_000), 0..6);
            rule(motions.on_truth(&truth(ms, ms as f64 * 1e-4, 0.5)))
        };
        assert_eq!(at(100), None);
        assert_eq!(at(1000), Some(Rule::Permit));
        let status = ArmStatus { mode: ArmMode::Enabled, permit: 2, ..ArmStatus::default() };
        motions.on_status(&status);
        assert_eq!(motions.on_truth(&truth(1001, 0.1, 0.5)), None);
    }
}
