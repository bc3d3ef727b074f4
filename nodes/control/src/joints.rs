//! What is known of each joint: its newest feedback, how old it is, whether it can follow.

use crate::tenure::DriverWord;
use vocabulary::command::{DriverState, JointFeedback};
use vocabulary::gate::ClockOffset;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

/// Whether a joint can take part in motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// Heard, and its driver follows or is about to.
    Ready,
    /// Heard, but its driver does not follow.
    Unready(DriverState),
    /// No feedback for too long, or ever.
    Silent,
}

/// One joint.
#[derive(Debug, Clone)]
pub(crate) struct Joint {
    newest: Option<JointFeedback>,
    received_at: Monotonic,
    /// Instant of the newest sample on our clock.
    pub(crate) sampled_at: Monotonic,
    /// Instant of the setpoint in it.
    pub(crate) setpoint_at: Monotonic,
    clock: ClockOffset,
    /// Punctual cycles in a row without new feedback.
    missed: u32,
}

/// All joints and the rule for silence.
#[derive(Debug, Clone)]
pub(crate) struct Joints {
    joints: PerJoint<Joint>,
    /// Age beyond which a joint is silent, s.
    silence: f64,
    /// Punctual cycles without news that it takes besides: when all processes of a host were held
    /// up, everything is old, but nobody is silent.
    silent_cycles: u32,
    shared_clock: bool,
}

impl Joints {
    pub(crate) fn new(period: f64, silence_periods: f64, shared_clock: bool) -> Self {
        let joint = Joint {
            newest: None,
            received_at: Monotonic(0),
            sampled_at: Monotonic(0),
            setpoint_at: Monotonic(0),
            clock: ClockOffset::new(shared_clock),
            missed: 0,
        };
        Self {
            joints: std::array::from_fn(|_| joint.clone()),
            silence: period * silence_periods,
            silent_cycles: silence_periods as u32,
            shared_clock,
        }
    }

    /// Takes the news of one cycle; samples with numbers that are not finite are as good as none. A
    /// cycle that was not `punctual` is no evidence of anybody's silence: what held it up, has held
    /// up the others as well.
    pub(crate) fn hear(
        &mut self,
        news: &PerJoint<Option<(JointFeedback, Monotonic)>>,
        punctual: bool,
    ) {
        let shared = self.shared_clock;
        for (joint, news) in self.joints.iter_mut().zip(news) {
            match news {
                Some((feedback, received_at)) if is_finite(feedback) => {
                    joint.hear(feedback, *received_at, shared);
                }
                _ => joint.missed = joint.missed.saturating_add(u32::from(punctual)),
            }
        }
    }

    pub(crate) fn feedback(&self, joint: usize) -> Option<&JointFeedback> {
        self.joints.get(joint)?.newest.as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Joint)> {
        self.joints.iter().enumerate()
    }

    /// Age of the newest feedback, s; infinite when there is none.
    pub(crate) fn age(&self, joint: usize, now: Monotonic) -> f64 {
        let heard = self.joints.get(joint).filter(|j| j.newest.is_some());
        heard.map_or(f64::INFINITY, |j| now.since(j.received_at).as_secs_f64())
    }

    pub(crate) fn readiness(&self, joint: usize, now: Monotonic) -> Readiness {
        let missed = self.joints.get(joint).map_or(u32::MAX, |j| j.missed);
        let late = self.age(joint, now) > self.silence && missed >= self.silent_cycles;
        match self.feedback(joint) {
            Some(feedback) if !late => match feedback.driver {
                DriverState::Following | DriverState::Holding => Readiness::Ready,
                other => Readiness::Unready(other),
            },
            _ => Readiness::Silent,
        }
    }

    /// The first joint that is not ready, and why.
    pub(crate) fn first_unready(&self, now: Monotonic) -> Option<(usize, Readiness)> {
        (0..JOINTS)
            .map(|joint| (joint, self.readiness(joint, now)))
            .find(|(_, readiness)| *readiness != Readiness::Ready)
    }

    /// The first joint never heard or silent.
    pub(crate) fn first_silent(&self, now: Monotonic) -> Option<usize> {
        (0..JOINTS).find(|joint| self.readiness(*joint, now) == Readiness::Silent)
    }

    /// What each driver of the joints heard lately says of the lease.
    pub(crate) fn leases(&self, now: Monotonic) -> impl Iterator<Item = DriverWord> + Clone {
        let heard = self.joints.iter().enumerate();
        let heard =
            heard.filter(move |(index, _)| self.readiness(*index, now) != Readiness::Silent);
        let newest = heard.filter_map(|(_, joint)| joint.newest.as_ref());
        newest.map(|feedback| DriverWord {
            epoch: feedback.lease_epoch,
            holder: feedback.lease_holder,
            follows: feedback.applied_epoch != 0,
        })
    }
}

impl Joint {
    fn hear(&mut self, feedback: &JointFeedback, received_at: Monotonic, shared_clock: bool) {
        let restarted = self.newest.as_ref().is_some_and(|old| old.boot_id != feedback.boot_id);
        if restarted {
            self.clock = ClockOffset::new(shared_clock);
        }
        self.clock.observe(received_at, feedback.sampled_at);
        self.sampled_at = self.clock.to_local(feedback.sampled_at);
        self.setpoint_at = self.clock.to_local(feedback.setpoint_at);
        self.received_at = received_at;
        self.missed = 0;
        self.newest = Some(feedback.clone());
    }

    /// Where its driver would be with it at `at`, rad, and how fast, rad/s, when nobody told it anything.
    pub(crate) fn heading(&self, at: Monotonic) -> Option<(f64, f64)> {
        let feedback = self.newest.as_ref()?;
        let velocity = feedback.setpoint_velocity;
        let way = velocity * at.seconds_from(self.setpoint_at);
        Some((feedback.setpoint_position + way, velocity))
    }

    pub(crate) fn newest(&self) -> Option<&JointFeedback> {
        self.newest.as_ref()
    }
}

fn is_finite(feedback: &JointFeedback) -> bool {
    let JointFeedback { position, velocity, setpoint_position, setpoint_velocity, .. } = feedback;
    [position, velocity, setpoint_position, setpoint_velocity].iter().all(|x| x.is_finite())
}
