//! What the joints may do, and how much of it the moment allows.
//!
//! The rule: [`Limits`] that exist are positive and finite (a torque may be infinite: not limited),
//! so nothing behind them checks again.
#![allow(clippy::indexing_slicing, clippy::needless_range_loop)] // arrays of N, indices below N

use arm_model::ArmModel;
use vocabulary::arm::Derating;
use vocabulary::joint::JOINTS;

use crate::error::{Place, TimingError};

/// Rounding allowed beyond a position limit, rad, as the motion service allows it.
const ROUNDING: f64 = 1e-9;

/// Limits of one joint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointLimits {
    /// Smallest position, rad.
    pub lower: f64,
    /// Largest position, rad.
    pub upper: f64,
    /// Largest speed, rad/s.
    pub velocity: f64,
    /// Largest acceleration, rad/s².
    pub acceleration: f64,
    /// Largest jerk, rad/s³.
    pub jerk: f64,
    /// Largest torque at the joint, N·m; infinite for no limit.
    pub torque: f64,
}

/// Limits of all joints, base to tip.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits<const N: usize> {
    pub(crate) names: [String; N],
    pub(crate) lower: [f64; N],
    pub(crate) upper: [f64; N],
    pub(crate) velocity: [f64; N],
    pub(crate) acceleration: [f64; N],
    pub(crate) jerk: [f64; N],
    pub(crate) torque: [f64; N],
}

/// What of the limits is left at the moment: fractions, more than 0 and at most 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Caps<const N: usize> {
    /// Of each joint's torque limit.
    pub torque: [f64; N],
    /// Of each joint's pace: velocities with it, accelerations with its square, jerks with its
    /// cube, as if time passed more slowly for the joint.
    pub pace: [f64; N],
}

impl<const N: usize> Caps<N> {
    /// Everything.
    pub const NONE: Self = Self { torque: [1.0; N], pace: [1.0; N] };
}

impl TryFrom<&Derating> for Caps<JOINTS> {
    type Error = TimingError;

    fn try_from(derating: &Derating) -> Result<Self, TimingError> {
        if derating.stop {
            return Err(TimingError::Stopped);
        }
        Ok(Self { torque: derating.torque, pace: [derating.speed; JOINTS] })
    }
}

impl<const N: usize> Limits<N> {
    /// Checks the limits of the joints called `names`.
    ///
    /// # Errors
    /// [`TimingError::Limit`] or [`TimingError::Range`].
    pub fn new(names: [String; N], joints: &[JointLimits; N]) -> Result<Self, TimingError> {
        for (name, joint) in names.iter().zip(joints) {
            joint.check(name)?;
        }
        Ok(Self {
            names,
            lower: joints.each_ref().map(|joint| joint.lower),
            upper: joints.each_ref().map(|joint| joint.upper),
            velocity: joints.each_ref().map(|joint| joint.velocity),
            acceleration: joints.each_ref().map(|joint| joint.acceleration),
            jerk: joints.each_ref().map(|joint| joint.jerk),
            torque: joints.each_ref().map(|joint| joint.torque),
        })
    }

    /// The limits of an arm, with the accelerations [rad/s²] and jerks [rad/s³] that its URDF has
    /// no word for.
    ///
    /// # Errors
    /// [`TimingError::Limit`].
    pub fn of_arm(
        arm: &ArmModel<N>,
        acceleration: &[f64; N],
        jerk: &[f64; N],
    ) -> Result<Self, TimingError> {
        let joints = std::array::from_fn(|j| {
            let arm_model::JointLimits { lower, upper, velocity, effort } = arm.limits()[j];
            let (acceleration, jerk) = (acceleration[j], jerk[j]);
            JointLimits { lower, upper, velocity, acceleration, jerk, torque: effort }
        });
        Self::new(arm.joint_names().clone(), &joints)
    }

    /// The limits of joint `index`, below `N`.
    ///
    /// # Panics
    /// When there is no such joint.
    #[must_use]
    pub fn joint(&self, index: usize) -> JointLimits {
        JointLimits {
            lower: self.lower[index],
            upper: self.upper[index],
            velocity: self.velocity[index],
            acceleration: self.acceleration[index],
            jerk: self.jerk[index],
            torque: self.torque[index],
        }
    }

    /// The largest speeds, rad/s.
    #[must_use]
    pub fn velocities(&self) -> [f64; N] {
        self.velocity
    }

    /// The largest accelerations, rad/s².
    #[must_use]
    pub fn accelerations(&self) -> [f64; N] {
        self.acceleration
    }

    /// The largest jerks, rad/s³.
    #[must_use]
    pub fn jerks(&self) -> [f64; N] {
        self.jerk
    }

    /// What `caps` leave of the limits.
    ///
    /// # Errors
    /// [`TimingError::Fraction`] naming the joint.
    pub fn capped(&self, caps: &Caps<N>) -> Result<Self, TimingError> {
        let mut capped = self.clone();
        for j in 0..N {
            let name = &self.names[j];
            capped.torque[j] *= fraction(|| format!("torque cap of {name}"), caps.torque[j])?;
            let pace = fraction(|| format!("pace cap of {name}"), caps.pace[j])?;
            capped.velocity[j] *= pace;
            capped.acceleration[j] *= pace * pace;
            capped.jerk[j] *= pace * pace * pace;
        }
        Ok(capped)
    }

    /// The limits of everything being slower by `speed`: velocities with it, accelerations with its
    /// square, jerks with its cube.
    #[must_use]
    pub(crate) fn slowed(&self, speed: f64) -> Self {
        let mut slowed = self.clone();
        for j in 0..N {
            slowed.velocity[j] *= speed;
            slowed.acceleration[j] *= speed * speed;
            slowed.jerk[j] *= speed * speed * speed;
        }
        slowed
    }

    /// The same with `share` of the accelerations and jerks.
    pub(crate) fn weaker(&self, share: f64) -> Self {
        let mut weaker = self.clone();
        for j in 0..N {
            weaker.acceleration[j] *= share;
            weaker.jerk[j] *= share;
        }
        weaker
    }

    pub(crate) fn has_torque(&self) -> bool {
        self.torque.iter().any(|torque| torque.is_finite())
    }

    pub(crate) fn check_position(
        &self,
        position: &[f64; N],
        place: Place,
    ) -> Result<(), TimingError> {
        for j in 0..N {
            let (value, lower, upper) = (position[j], self.lower[j], self.upper[j]);
            self.check(j, place, "position", (value, lower - ROUNDING, upper + ROUNDING))?;
        }
        Ok(())
    }

    /// Whether a number is finite and between its limits: (value, lower, upper).
    pub(crate) fn check(
        &self,
        j: usize,
        place: Place,
        quantity: &'static str,
        (value, lower, upper): (f64, f64, f64),
    ) -> Result<(), TimingError> {
        let joint = || self.names[j].clone();
        if !value.is_finite() {
            return Err(TimingError::NotFinite { place, quantity, joint: joint(), value });
        }
        if value < lower || value > upper {
            let joint = joint();
            return Err(TimingError::Outside { place, quantity, joint, value, lower, upper });
        }
        Ok(())
    }
}

impl JointLimits {
    fn check(&self, name: &str) -> Result<(), TimingError> {
        let Self { lower, upper, velocity, acceleration, jerk, torque } = *self;
        let joint = || name.to_owned();
        if !(lower.is_finite() && upper.is_finite() && lower < upper) {
            return Err(TimingError::Range { joint: joint(), lower, upper });
        }
        let finite = [("velocity", velocity), ("acceleration", acceleration), ("jerk", jerk)];
        let bad = finite.into_iter().find(|(_, value)| !(value.is_finite() && *value > 0.0));
        let torque = Some(("torque", torque)).filter(|_| torque.is_nan() || torque <= 0.0);
        match bad.or(torque) {
            Some((what, value)) => Err(TimingError::Limit { joint: joint(), what, value }),
            None => Ok(()),
        }
    }
}

/// A number more than 0 and at most 1.
pub(crate) fn fraction(what: impl FnOnce() -> String, value: f64) -> Result<f64, TimingError> {
    if value > 0.0 && value <= 1.0 {
        return Ok(value);
    }
    Err(TimingError::Fraction { what: what(), value })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use vocabulary::time::Stamp;

    /// Six joints like those of the reference arm.
    pub(crate) fn limits() -> Limits<6> {
        let velocity = [3.0, 2.5, 3.0, 4.0, 4.0, 4.0];
        let acceleration = [6.0, 5.0, 8.0, 15.0, 15.0, 20.0];
        let joints = std::array::from_fn(|j| JointLimits {
            lower: -3.0,
            upper: 3.0,
            velocity: velocity[j],
            acceleration: acceleration[j],
            jerk: 10.0 * acceleration[j],
            torque: f64::INFINITY,
        });
        Limits::new(std::array::from_fn(|j| format!("joint_{}", j + 1)), &joints).unwrap()
    }

    fn broken(breaking: impl FnOnce(&mut JointLimits)) -> String {
        let good = JointLimits {
            lower: -1.0,
            upper: 1.0,
            velocity: 1.0,
            acceleration: 1.0,
            jerk: 1.0,
            torque: 1.0,
        };
        let mut joints = [good; 2];
        breaking(&mut joints[1]);
        Limits::new(["a".into(), "b".into()], &joints).unwrap_err().to_string()
    }

    #[test]
    fn a_limit_that_is_none_is_named_with_its_joint() {
        assert_eq!(broken(|j| j.jerk = 0.0), "the jerk limit of b is 0, must be positive");
        assert!(broken(|j| j.velocity = f64::NAN).contains("velocity limit of b is NaN"));
        assert!(broken(|j| j.acceleration = f64::INFINITY).contains("acceleration limit of b"));
        assert!(broken(|j| j.torque = -1.0).contains("torque limit of b is -1"));
        assert!(broken(|j| j.upper = -1.0).contains("position limits of b are -1 and -1"));
    }

    #[test]
    fn caps_slow_a_joint_in_time_and_weaken_it() {
        let mut caps = Caps::NONE;
        (caps.torque[1], caps.pace[2]) = (0.5, 0.5);
        let (full, capped) = (limits(), limits().capped(&caps).unwrap());
        assert_eq!(capped.jerk[2], full.jerk[2] / 8.0);
        assert_eq!(capped.acceleration[2], full.acceleration[2] / 4.0);
        assert_eq!(capped.velocity, [3.0, 2.5, 1.5, 4.0, 4.0, 4.0]);
        caps.torque[1] = 0.0;
        let refused = limits().capped(&caps).unwrap_err().to_string();
        assert!(refused.starts_with("torque cap of joint_2 is 0"), "{refused}");
    }

    #[test]
    fn a_derating_that_says_stop_leaves_no_motion() {
        let mut derating =
            Derating { stamp: Stamp(0), boot_id: 1, stop: false, torque: [0.8; 6], speed: 0.5 };
        assert_eq!(Caps::try_from(&derating).unwrap().pace, [0.5; 6]);
        derating.stop = true;
        assert_eq!(Caps::try_from(&derating), Err(TimingError::Stopped));
    }
}
