//! Taking the lease, losing it, and going on where another controller was.
//!
//! The one rule: whoever takes over continues the motion from the last command that the drives obey.
//! Until then a controller without the lease does everything that the holder does, from the same
//! inputs and in step with it, but sends nothing.

use crate::canary::{Canary, Finding};
use crate::control::{Control, Inputs};
use crate::joints::Readiness;
use crate::shadow::Word;
use crate::tenure::{Change, Heard};
use std::time::Duration;
use trajectory::State;
use vocabulary::command::JointCommand;
use vocabulary::health::{Health, LogLine};
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::lease::Claim;
use vocabulary::plan::ControlPhase;
use vocabulary::time::{Monotonic, Now};

/// Path time by which a shadow may be moved in one plan while it watches: the two began it in
/// different cycles, s.
const SLIP: f64 = 0.02;

/// How long the reason for taking back is told.
const TELL: Duration = Duration::from_secs(2);

/// Largest difference between where a driver says that its setpoint is and where the last command
/// puts it, rad: beyond it, that command was not obeyed.
const OBEYED: f64 = 1e-3;

/// What is known of the path times of a successor on probation.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Slip {
    plan: (u64, u32),
    left: f64,
}

impl Control {
    /// Hears supervisor, drivers and the other controllers; takes or loses the lease.
    pub(crate) fn attend(&mut self, now: Now, inputs: &Inputs, log: &mut Vec<LogLine>) {
        self.tenure.tick(now.mono);
        if let Some(lease) = &inputs.lease {
            self.tenure.hear_lease(now.mono, lease);
        }
        self.tenure.hear_drivers(now.mono, self.joints.leases(now.mono));
        self.hear_gaps();
        let finding = self.hear_others(now.mono, inputs);
        let was_silent = self.tenure.epoch().is_none();
        if was_silent && self.joints.first_silent(now.mono).is_none() {
            self.tenure.claim(now.mono, finding.is_some());
        }
        self.tell_changes(now, finding, log);
    }

    fn hear_gaps(&mut self) {
        for (index, joint) in self.joints.iter() {
            if let Some(feedback) = joint.newest() {
                self.gap.hear(index, feedback);
            }
        }
    }

    /// Takes in what other controllers say; what is wrong with one on probation.
    fn hear_others(&mut self, now: Monotonic, inputs: &Inputs) -> Option<Finding> {
        let mut finding = None;
        for received in &inputs.commands {
            match self.tenure.hear_command(received) {
                Heard::Own => {}
                Heard::Obeyed(admitted) => {
                    self.shadow.obeyed(now, &admitted);
                    if self.tenure.watches() && self.seeded {
                        let off = self.differences(&admitted.command, admitted.setpoint_at);
                        finding = finding.or(self.canary.command(&off));
                        finding = finding.or_else(|| self.pushes(&admitted.command));
                    }
                }
                Heard::Refused(reason) => {
                    let lease = self.tenure.lease();
                    let sender = (received.value.boot_id, received.value.epoch);
                    if self.tenure.watches() && sender == (lease.holder(), lease.epoch()) {
                        finding = finding.or(Canary::refused(reason));
                    }
                }
            }
        }
        for handover in &inputs.handovers {
            if handover.boot_id == self.tenure.lease().holder() {
                self.shadow.told(handover);
            }
        }
        if self.tenure.watches() && self.tenure.epoch().is_none() {
            let epoch = self.tenure.lease().epoch();
            let period = Duration::from_secs_f64(self.config.period);
            finding = finding.or(self.canary.hearing(now, epoch, &self.joints, period));
        }
        // Who was held up cannot tell a bad controller from a slow machine by how the arm follows.
        let sees = self.seeded && !self.tenure.was_held_up(now);
        if self.tenure.watches() && self.tenure.epoch().is_none() && sees {
            finding = finding.or(self.canary.tracking(&self.measured));
        }
        finding
    }

    /// Whether the torques of a command are far from what we would have asked for; another law that
    /// runs the drives in another mode cannot be compared.
    fn pushes(&mut self, command: &JointCommand) -> Option<Finding> {
        if command.mode != self.applied.mode {
            return None;
        }
        let mut off = [0.0; JOINTS];
        let pairs = command.effort.iter().zip(&self.applied.effort);
        for (off, (theirs, ours)) in off.iter_mut().zip(pairs) {
            *off = (theirs - ours).abs();
        }
        self.canary.torque(&off, &self.limits.map(|l| l.effort))
    }

    /// By how much a command is off from what we would have commanded for that instant, rad.
    fn differences(&self, command: &JointCommand, at: Monotonic) -> PerJoint<f64> {
        let beyond = at.seconds_from(self.reference_at).max(0.0);
        let mut off = [0.0; JOINTS];
        for ((index, off), position) in off.iter_mut().enumerate().zip(&command.position) {
            if let Some((own, velocity)) = self.history.at(index, at) {
                *off = (own + velocity * beyond - position).abs();
            }
        }
        off
    }

    fn tell_changes(&mut self, now: Now, finding: Option<Finding>, log: &mut Vec<LogLine>) {
        let changes: [Option<Change>; 8] = {
            let mut changes = self.tenure.changes();
            std::array::from_fn(|_| changes.next())
        };
        for change in changes.into_iter().flatten() {
            log.push(describe(change, finding));
            self.report_now = true;
            match change {
                Change::Claims(epoch, Claim::Reclaim) => {
                    self.took_back = Some((finding, now.mono));
                    self.begin_to_command(epoch, now, log);
                }
                Change::Granted(_) | Change::Succeeded(_) if self.commands => {}
                // A claim may be followed after it was given up: one of its commands came late.
                Change::Granted(epoch) | Change::Succeeded(epoch) | Change::Claims(epoch, _) => {
                    self.begin_to_command(epoch, now, log);
                }
                Change::BackedOff(_) | Change::Lost(..) => self.commands = false,
            }
        }
    }

    /// A shadow is well when it may be appointed successor.
    pub(crate) fn shadow_health(&self) -> (Health, String) {
        let now = self.last_cycle.unwrap_or_default();
        let settled = self.seeded && self.shadow.is_settled(now);
        (if settled { Health::Ok } else { Health::Warn }, self.shadow.text())
    }

    /// A holder says for a while why it took the lease back.
    pub(crate) fn took_back_lately(&self) -> (Health, String) {
        let now = self.last_cycle.unwrap_or_default();
        let lately = self.took_back.filter(|(_, at)| now.since(*at) <= TELL);
        match lately {
            Some((Some(finding), _)) => (Health::Warn, format!("took the lease back: {finding}")),
            Some((None, _)) => (Health::Warn, "took the lease back: silence".to_owned()),
            None => (Health::Ok, String::new()),
        }
    }

    /// From now on we command, in `epoch`: the motion goes on if we know where it was.
    fn begin_to_command(&mut self, epoch: u64, now: Now, log: &mut Vec<LogLine>) {
        self.commands = true;
        self.gap.restart();
        let fresh = self.follows_holder(now.mono);
        if self.seeded && fresh {
            self.continue_from_drives(now.mono);
            return;
        }
        if fresh {
            log.push(LogLine::warn(format!("cannot go on: {}", self.shadow.text())));
        }
        if self.seeded {
            self.interrupt("control was replaced by one that did not know where it was");
        }
        self.since_epoch = Some(epoch);
        self.seeded = false;
    }

    /// Whether a command that the drives may still obey was heard.
    fn follows_holder(&self, now: Monotonic) -> bool {
        let valid_for = Duration::from_secs_f64(self.config.valid_for_ms * 1e-3);
        self.shadow.last().is_some_and(|(_, heard)| now.since(heard) <= valid_for)
    }

    /// Whether it is for us to say how the arm is controlled: with the lease, or when nobody else
    /// says it.
    pub(crate) fn may_report(&self, now: Monotonic) -> bool {
        self.tenure.held() != 0 || !self.commands && !self.follows_holder(now)
    }

    /// Puts the reference where the drives are on their way to: along the last command, or, where a
    /// driver did not take that, along what it does instead.
    fn continue_from_drives(&mut self, now: Monotonic) {
        let Some((last, _)) = self.shadow.last() else { return };
        let (command, sent_for) = (last.command, last.setpoint_at);
        let at = self.reference_at;
        let mut state = State { velocity: command.velocity, ..State::at_rest(command.position) };
        let joints = state.position.iter_mut().zip(&mut state.velocity);
        for ((index, joint), (p, v)) in self.joints.iter().zip(joints) {
            let asked = |then: Monotonic| command.motion_at(index, then.seconds_from(sent_for));
            let there = joint.setpoint_at;
            let (Some(now_asked), Some((expected, velocity))) = (asked(at), asked(there)) else {
                continue;
            };
            (*p, *v) = now_asked;
            let Some(feedback) = joint.newest() else { continue };
            let ready = self.joints.readiness(index, now) == Readiness::Ready;
            let margin = OBEYED + velocity.abs() * self.config.period;
            if ready && (feedback.setpoint_position - expected).abs() > margin {
                (*p, *v) = joint.heading(at).unwrap_or((*p, *v));
            }
        }
        self.course.set_reference(state);
        self.applied.position = command.position;
        self.applied.velocity = command.velocity;
        self.applied.acceleration = command.acceleration;
        self.applied.effort = command.effort;
        self.applied.mode = command.mode;
        self.law.adopt(&self.acting());
    }

    /// A cycle without the lease: does what the holder does, and compares.
    pub(crate) fn shadow_cycle(&mut self, now: Now) {
        let mut unheard = Vec::new();
        if self.seeded && !self.follows_holder(now.mono) {
            self.forget_holder();
        }
        if let Some(word) = self.shadow.news() {
            self.follow(&word, now);
        }
        let setpoint_at = now.mono.shifted(self.config.lead);
        let behind = setpoint_at.seconds_from(self.reference_at);
        if self.seeded && behind <= self.config.valid_for_ms * 1e-3 {
            self.cycle(now, &mut unheard);
        } else {
            self.seeded = false;
        }
        if !self.tenure.watches() {
            self.canary.learn(&self.measured);
        }
    }

    /// Nobody commands: where the path would be now means nothing.
    fn forget_holder(&mut self) {
        self.interrupt("no holder is heard");
        self.seeded = false;
        self.shadow.lose("having heard nobody");
    }

    /// Goes along with the holder.
    fn follow(&mut self, word: &Word, now: Now) {
        if !self.seeded {
            let adopted = self.adopt(word);
            self.since_epoch = Some(word.command.epoch);
            self.shadow.compare(now.mono, 0.0, if adopted { "" } else { "the plan" });
            return;
        }
        let what = self.differs_in(word);
        let off = self.differences(&word.command, word.at).into_iter().fold(0.0, f64::max);
        let off = off.max(self.off_path(word));
        let too_long = self.shadow.compare(now.mono, off, what);
        match () {
            () if self.tenure.watches() => self.slip(word),
            () if too_long && self.adopt(word) => {}
            () => self.step_with(word, what.is_empty()),
        }
    }

    /// In what we are elsewhere than the holder; empty for nothing.
    fn differs_in(&self, word: &Word) -> &'static str {
        let own = self.plan.as_ref().map_or((0, 0), |p| (p.plan.plan_id, p.plan.revision));
        match () {
            () if own != (word.handover.plan_id, word.handover.revision) => "the plan",
            () if self.stage.phase() != word.handover.phase => "the phase",
            () => "",
        }
    }

    /// How far our path is from the holder's reference, rad.
    fn off_path(&self, word: &Word) -> f64 {
        let path = self.course.path().filter(|_| word.handover.phase == ControlPhase::Executing);
        let Some(path) = path else { return 0.0 };
        let there = path.sample(word.handover.path_time).position;
        let off = there.iter().zip(&word.handover.position).map(|(a, b)| (a - b).abs());
        off.fold(0.0, f64::max)
    }

    /// Takes over the holder's reference and, on the same path, its place on it.
    fn step_with(&mut self, word: &Word, same: bool) {
        let HandOverState { reference, path_time, path_speed } = HandOverState::of(word);
        self.course.set_reference(reference);
        self.reference_at = word.at;
        if same {
            self.course.set_path_time(self.path_time_here(path_time));
            self.course.set_speed(path_speed);
        }
    }

    /// Path time on the course under way for the one in a hand-over, s.
    fn path_time_here(&self, told: f64) -> f64 {
        let joins_at = self.plan.as_ref().map_or(0.0, |p| p.path_time);
        match self.stage.phase() {
            ControlPhase::Blending => {
                let duration = self.course.path_time() + self.course.remaining();
                (duration - (joins_at - told)).clamp(0.0, duration)
            }
            _ => told,
        }
    }

    /// Path time to tell, s; see [`vocabulary::handover::HandOver::path_time`].
    pub(crate) fn path_time_to_tell(&self) -> f64 {
        let noted = self.plan.as_ref().map_or(0.0, |p| p.path_time);
        match self.stage.phase() {
            ControlPhase::Blending => noted - self.course.remaining(),
            ControlPhase::Executing | ControlPhase::Settling | ControlPhase::Stopping => {
                self.course.path_time()
            }
            _ => noted,
        }
    }

    /// While we watch, the successor may be a little ahead or behind on the same path, no more.
    fn slip(&mut self, word: &Word) {
        let plan = (word.handover.plan_id, word.handover.revision);
        if self.slip.plan != plan {
            self.slip = Slip { plan, left: SLIP };
        }
        if !self.differs_in(word).is_empty() || self.course.path().is_none() {
            return;
        }
        let speed = self.course.speed();
        let there = self.path_time_here(word.handover.path_time);
        let here = self.course.path_time() - speed * self.reference_at.seconds_from(word.at);
        let shift = (there - here).clamp(-self.slip.left, self.slip.left);
        self.slip.left -= shift.abs();
        self.course.set_path_time(self.course.path_time() + shift);
    }

    /// Makes a command ours; none when the drivers would refuse it.
    pub(crate) fn seal(&mut self, mut command: JointCommand) -> Option<JointCommand> {
        let epoch = self.tenure.epoch()?;
        self.sequence += 1;
        (command.epoch, command.sequence) = (epoch, self.sequence);
        command.yields = self.tenure.yields() && self.seeded;
        let obeyed = self.tenure.sends(command.sent_at, &command).ok()?;
        if let Some(admitted) = obeyed {
            self.shadow.obeyed(command.sent_at, &admitted);
        }
        Some(command)
    }
}

/// The numbers of a hand-over as the course takes them.
pub(crate) struct HandOverState {
    pub(crate) reference: State,
    pub(crate) path_time: f64,
    pub(crate) path_speed: f64,
}

impl HandOverState {
    pub(crate) fn of(word: &Word) -> Self {
        let told = &word.handover;
        Self {
            reference: State {
                position: told.position,
                velocity: told.velocity,
                acceleration: told.acceleration,
            },
            path_time: told.path_time,
            path_speed: told.path_speed,
        }
    }
}

fn describe(change: Change, finding: Option<Finding>) -> LogLine {
    match (change, finding) {
        (Change::Granted(epoch), _) => LogLine::info(format!("lease of epoch {epoch} taken")),
        (Change::Claims(epoch, Claim::Takeover), _) => {
            LogLine::warn(format!("the holder is silent: takes over in epoch {epoch}"))
        }
        (Change::Claims(epoch, Claim::Yielded), _) => {
            LogLine::info(format!("the holder yields: takes over in epoch {epoch}"))
        }
        (Change::Claims(epoch, _), Some(finding)) => {
            LogLine::error(format!("takes the lease back in epoch {epoch}: {finding}"))
        }
        (Change::Claims(epoch, _), None) => {
            LogLine::error(format!("takes the lease back in epoch {epoch}: its holder is silent"))
        }
        (Change::Succeeded(epoch), _) => {
            LogLine::info(format!("the drivers follow in epoch {epoch}"))
        }
        (Change::BackedOff(epoch), _) => {
            LogLine::warn(format!("gives up epoch {epoch}: the drivers follow another"))
        }
        (Change::Lost(epoch, newer), _) => {
            LogLine::warn(format!("lease of epoch {epoch} lost to epoch {newer}"))
        }
    }
}
