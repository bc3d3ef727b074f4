//! What the dynamics must bear besides the arm: gravity, and a payload at the tip.
//!
//! The rule: a [`Payload`] that exists is physical, so the dynamics need not check it. It is an
//! argument of each call, because a gripper changes it while the arm moves.

use nalgebra::{Matrix3, Vector3};

use crate::LoadError;
use crate::spatial::RigidInertia;
use crate::symmetric::Symmetric;

/// Standard gravity pointing down a base that stands upright [m/s²] (ISO 80000-3).
pub const STANDARD_GRAVITY: Vector3<f64> = Vector3::new(0.0, 0.0, -9.80665);

/// Asymmetry and violation of the triangle inequality allowed, relative to the largest entry:
/// descriptions are printed with few digits.
const PRINTED_DIGITS: f64 = 1e-3;

/// A rigid mass at the tip.
#[derive(Debug, Clone, Copy)]
pub struct Payload {
    inertia: RigidInertia,
}

impl Payload {
    /// Nothing at the tip.
    pub const NONE: Self = Self { inertia: RigidInertia::ZERO };

    /// A rigid body: `mass` [kg], centre of mass in the tip frame [m], inertia about the centre of
    /// mass along the axes of the tip frame [kg m²].
    pub fn new(
        mass: f64,
        center_of_mass: Vector3<f64>,
        inertia: Matrix3<f64>,
    ) -> Result<Self, LoadError> {
        if !(mass.is_finite() && mass >= 0.0) {
            return Err(LoadError::Mass(mass));
        }
        if !center_of_mass.iter().all(|x| x.is_finite()) {
            return Err(LoadError::CenterOfMass(center_of_mass.into()));
        }
        check_moments(&inertia, Zero::Allowed).map_err(LoadError::Inertia)?;
        if mass == 0.0 && inertia.amax() > 0.0 {
            return Err(LoadError::Massless(inertia.amax()));
        }
        Ok(Self {
            inertia: RigidInertia::about_origin(mass, center_of_mass, Symmetric::of(&inertia)),
        })
    }

    /// A point mass [kg] at a place in the tip frame [m].
    pub fn point(mass: f64, center_of_mass: Vector3<f64>) -> Result<Self, LoadError> {
        Self::new(mass, center_of_mass, Matrix3::zeros())
    }

    /// What lies between this payload and `other`: `share` 0 is this one, 1 the other. Masses and
    /// moments mix linearly, so whatever lies between two bodies could be one.
    #[must_use]
    #[inline]
    pub fn between(&self, other: &Self, share: f64) -> Self {
        let share = share.clamp(0.0, 1.0);
        Self { inertia: self.inertia.scaled(1.0 - share) + other.inertia.scaled(share) }
    }

    /// Mass [kg].
    #[inline]
    pub fn mass(&self) -> f64 {
        self.inertia.mass
    }

    #[inline]
    pub(crate) fn inertia(&self) -> &RigidInertia {
        &self.inertia
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::NONE
    }
}

/// Gravity and payload.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Acceleration of free fall, in the base frame [m/s²].
    pub gravity: Vector3<f64>,
    /// What hangs at the tip.
    pub payload: Payload,
}

impl Load {
    /// An upright base on earth and nothing at the tip.
    pub const EMPTY: Self = Self { gravity: STANDARD_GRAVITY, payload: Payload::NONE };

    /// An upright base on earth with this payload.
    pub const fn with_payload(payload: Payload) -> Self {
        Self { gravity: STANDARD_GRAVITY, payload }
    }
}

impl Default for Load {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Whether an inertia may have a principal moment of zero, as a point mass or a thin rod does.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Zero {
    Allowed,
    Refused,
}

/// Ok when some distribution of mass has this inertia about its centre; else the principal moments.
pub(crate) fn check_moments(inertia: &Matrix3<f64>, zero: Zero) -> Result<(), [f64; 3]> {
    if !inertia.iter().all(|x| x.is_finite()) {
        return Err([f64::NAN; 3]);
    }
    let mut moments: [f64; 3] = inertia.symmetric_eigenvalues().into();
    moments.sort_by(f64::total_cmp);
    let [small, middle, large] = moments;
    let slack = PRINTED_DIGITS * large.abs();
    let symmetric = (inertia - inertia.transpose()).amax() <= slack;
    let positive = if zero == Zero::Allowed { small >= -1e-9 * slack } else { small > 0.0 };
    let triangle = small + middle >= large - slack;
    if symmetric && positive && triangle { Ok(()) } else { Err(moments) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_that_cannot_be_is_refused() {
        let place = Vector3::zeros();
        assert_eq!(Payload::point(-1.0, place).unwrap_err(), LoadError::Mass(-1.0));
        assert!(matches!(Payload::point(f64::NAN, place), Err(LoadError::Mass(_))));
        let nowhere = Vector3::new(0.0, f64::INFINITY, 0.0);
        assert!(matches!(Payload::point(1.0, nowhere), Err(LoadError::CenterOfMass(_))));
        let needle = Matrix3::from_diagonal(&Vector3::new(3.0, 1.0, 1.0));
        assert!(matches!(Payload::new(1.0, place, needle), Err(LoadError::Inertia(_))));
        let skew = Matrix3::new(1.0, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0);
        assert!(matches!(Payload::new(1.0, place, skew), Err(LoadError::Inertia(_))));
        let ball = Matrix3::identity();
        assert_eq!(Payload::new(0.0, place, ball).unwrap_err(), LoadError::Massless(1.0));
    }

    #[test]
    fn payload_of_no_mass_is_no_payload() {
        assert_eq!(Payload::point(0.0, Vector3::zeros()).unwrap().mass(), Payload::NONE.mass());
    }

    #[test]
    fn halfway_between_two_payloads_every_moment_is_the_mean() {
        let heavy = Payload::point(2.0, Vector3::new(0.0, 0.0, 0.1)).unwrap();
        let half = Payload::NONE.between(&heavy, 0.5);
        assert_eq!(half.mass(), 1.0);
        assert_eq!(half.inertia().first_moment, heavy.inertia().first_moment / 2.0);
        assert_eq!(half.inertia().second_moment, heavy.inertia().second_moment.scaled(0.5));
        assert_eq!(Payload::NONE.between(&heavy, 7.0).mass(), 2.0);
    }

    #[test]
    fn thin_rod_is_a_payload() {
        let rod = Matrix3::from_diagonal(&Vector3::new(0.0, 0.1, 0.1));
        assert!(Payload::new(1.0, Vector3::zeros(), rod).is_ok());
    }
}
