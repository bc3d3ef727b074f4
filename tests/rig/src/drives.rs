//! What the drivers say of the commands they follow, sample by sample.

use crate::client::ArmClient;
use anyhow::{Context, Result, ensure};
use r2r::QosProfile;
use r2r::armature_msgs::msg::JointFeedback;
use std::cell::RefCell;
use std::rc::Rc;

/// Joints of the arm.
const JOINTS: usize = 6;

/// One bus sample of one joint.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sample {
    /// Steady clock of the host, s.
    at: f64,
    epoch: u64,
    sequence: u64,
    state: u8,
    /// Position and velocity, and when they hold.
    setpoint: (f64, f64),
    setpoint_at: f64,
}

/// The client's subscriptions to all feedback.
#[derive(Debug, Clone)]
pub struct Drives(Rc<RefCell<[Vec<Sample>; JOINTS]>>);

/// How one epoch followed another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// From the instant asked about to the first sample in which every joint follows the new epoch, s.
    pub after: f64,
    /// Longest time between two new commands at any joint, s; one period is due.
    pub between: f64,
    /// Largest step of a setpoint beyond its own velocity around the change, rad.
    pub step: f64,
}

impl Drives {
    /// Subscribes.
    ///
    /// # Errors
    /// When a subscription cannot be made.
    pub fn watch(arm: &mut ArmClient) -> Result<Self> {
        let drives = Self(Rc::default());
        for joint in 0..JOINTS {
            let samples = Rc::clone(&drives.0);
            let topic = format!("joints/joint_{}/feedback", joint + 1);
            let qos = QosProfile::default().best_effort().keep_last(16);
            arm.each::<JointFeedback>(&topic, qos, move |feedback| {
                if let Some(samples) = samples.borrow_mut().get_mut(joint) {
                    samples.push(sample(&feedback));
                }
            })?;
        }
        Ok(drives)
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.0.borrow_mut().iter_mut().for_each(Vec::clear);
    }

    /// The newest epoch that any joint follows.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        let samples = self.0.borrow();
        samples.iter().filter_map(|joint| joint.last()).map(|s| s.epoch).max().unwrap_or(0)
    }

    /// All epochs followed since [`Drives::clear`], in order, joint by joint without repetition.
    #[must_use]
    pub fn epochs(&self) -> Vec<Vec<u64>> {
        let followed = |joint: &Vec<Sample>| {
            let mut epochs: Vec<_> = joint.iter().map(|s| s.epoch).filter(|e| *e != 0).collect();
            epochs.dedup();
            epochs
        };
        self.0.borrow().iter().map(followed).collect()
    }

    /// The largest sequence of a command followed since [`Drives::clear`].
    #[must_use]
    pub fn largest_sequence(&self) -> u64 {
        self.0.borrow().iter().flatten().map(|s| s.sequence).max().unwrap_or(0)
    }

    /// Every joint has followed commands since [`Drives::clear`], in epochs that only rise.
    ///
    /// # Errors
    /// Naming the joint.
    pub fn expect_following(&self) -> Result<()> {
        for (index, joint) in self.0.borrow().iter().enumerate() {
            let name = index + 1;
            ensure!(!joint.is_empty(), "no feedback of joint {name}");
            let bad = joint.iter().find(|s| s.state != JointFeedback::DRIVER_FOLLOWING as u8);
            ensure!(bad.is_none(), "joint {name} left FOLLOWING: {bad:?}");
            let sorted = joint.is_sorted_by_key(|s| s.epoch);
            ensure!(sorted, "the epoch of joint {name} fell");
        }
        Ok(())
    }

    /// The change to an epoch above `old`, seen from the instant `from` of the steady clock, s.
    ///
    /// # Errors
    /// When a joint did not change.
    pub fn change(&self, old: u64, from: f64) -> Result<Change> {
        let mut change = Change { after: 0.0, between: 0.0, step: 0.0 };
        for (index, joint) in self.0.borrow().iter().enumerate() {
            let first = joint.iter().position(|s| s.epoch > old);
            let first = first.with_context(|| format!("joint {} did not change", index + 1))?;
            let at = joint.get(first).map_or(f64::NAN, |s| s.at);
            change.after = change.after.max(at - from);
            let around = joint.iter().filter(|s| (s.at - at).abs() < 0.2);
            let around: Vec<_> = around.copied().collect();
            change.between = change.between.max(longest_wait(&around));
            change.step = change.step.max(largest_step(&around));
        }
        Ok(change)
    }
}

fn sample(feedback: &JointFeedback) -> Sample {
    Sample {
        at: feedback.sampled_at_ns as f64 * 1e-9,
        epoch: feedback.applied_epoch,
        sequence: feedback.applied_sequence,
        state: feedback.driver_state,
        setpoint: (feedback.setpoint_position, feedback.setpoint_velocity),
        setpoint_at: feedback.setpoint_at_ns as f64 * 1e-9,
    }
}

/// Longest time from one sample with a new command to the next, s.
fn longest_wait(samples: &[Sample]) -> f64 {
    let mut news = samples.to_vec();
    news.dedup_by_key(|s| (s.epoch, s.sequence));
    let pairs = news.iter().zip(news.iter().skip(1));
    pairs.map(|(a, b)| b.at - a.at).fold(0.0, f64::max)
}

/// Largest difference of a setpoint from where the one before it would have come, rad.
fn largest_step(samples: &[Sample]) -> f64 {
    let pairs = samples.iter().zip(samples.iter().skip(1));
    let pairs = pairs.filter(|(a, b)| b.setpoint_at - a.setpoint_at < 0.006);
    let steps = pairs.map(|(a, b)| {
        let mean = 0.5 * (a.setpoint.1 + b.setpoint.1);
        (b.setpoint.0 - a.setpoint.0 - mean * (b.setpoint_at - a.setpoint_at)).abs()
    });
    steps.fold(0.0, f64::max)
}

/// The steady clock that all processes of this host share, s.
#[must_use]
pub fn steady_clock() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: plain system call into a local.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
