//! What thermal asks for, and what becomes of it when thermal is silent.
//!
//! The one rule: silence of thermal never stops the arm. The last derating goes on and tightens with
//! its age, down to a speed at which every motor of this arm stays cool by itself.

use vocabulary::arm::Derating;
use vocabulary::joint::{JOINTS, PerJoint};
use vocabulary::time::Monotonic;

/// Silence of thermal that means nothing yet, s: it repeats itself twice a second and starts again
/// within two.
const PATIENCE: f64 = 3.0;
/// Loss of allowed speed per second of silence beyond that, 1/s: faster than a winding warms (about
/// 1 % of its range per second at twice the rated torque).
const TIGHTENING: f64 = 0.01;
/// Silence alone never takes more than this: at 40 % of the speed the heat of motion is below 3 %.
const LOOSEST_FLOOR: f64 = 0.4;

/// The newest derating and its age.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Heat {
    newest: Option<(Derating, Monotonic)>,
    now: Monotonic,
}

impl Heat {
    /// Lets time pass.
    pub(crate) fn advance(&mut self, now: Monotonic) {
        self.now = now;
    }

    /// Takes a derating; refuses fractions that are none.
    pub(crate) fn take(&mut self, derating: Derating) -> Result<(), &'static str> {
        let mut fractions = derating.torque.iter().chain([&derating.speed]);
        if !fractions.all(|x| (0.0..=1.0).contains(x)) {
            return Err("derating refused: fractions must be 0 to 1");
        }
        self.newest = Some((derating, self.now));
        Ok(())
    }

    /// Whether thermal wants the arm to stand.
    pub(crate) fn stops(&self) -> bool {
        self.newest.is_some_and(|(derating, _)| derating.stop)
    }

    /// Path speed allowed, 0 to 1. Without any word of thermal there is no restriction.
    pub(crate) fn speed(&self) -> f64 {
        let Some((Derating { speed, .. }, at)) = self.newest else { return 1.0 };
        let silent = self.now.seconds_from(at) - PATIENCE;
        let kept = 1.0 - TIGHTENING * silent.max(0.0);
        (speed * kept).max(LOOSEST_FLOOR).min(speed)
    }

    /// Fraction of each joint's torque limit.
    pub(crate) fn torque(&self) -> PerJoint<f64> {
        self.newest.map_or([1.0; JOINTS], |(derating, _)| derating.torque)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vocabulary::time::Stamp;

    fn derating(speed: f64) -> Derating {
        Derating { stamp: Stamp(0), boot_id: 1, stop: false, torque: [1.0; JOINTS], speed }
    }

    impl Heat {
        fn at(mut self, seconds: f64) -> Self {
            self.advance(Monotonic(0).shifted(seconds));
            self
        }
    }

    #[test]
    fn without_any_word_of_thermal_nothing_is_restricted() {
        let heat = Heat::default().at(1e6);
        assert_eq!((heat.speed(), heat.stops()), (1.0, false));
    }

    #[test]
    fn silence_tightens_slowly_and_never_to_a_stop() {
        let mut heat = Heat::default();
        heat.take(derating(0.9)).unwrap();
        assert_eq!(heat.at(PATIENCE).speed(), 0.9);
        assert!((heat.at(PATIENCE + 30.0).speed() - 0.63).abs() < 1e-9);
        assert_eq!(heat.at(1e6).speed(), LOOSEST_FLOOR);
        heat = heat.at(1e6);
        heat.take(derating(0.2)).unwrap();
        assert_eq!(heat.at(2e6).speed(), 0.2);
        heat = heat.at(2e6);
        heat.take(derating(1.0)).unwrap();
        assert_eq!(heat.speed(), 1.0);
    }

    #[test]
    fn a_fraction_above_one_is_refused_and_the_old_one_stays() {
        let mut heat = Heat::default();
        heat.take(derating(0.5)).unwrap();
        assert!(heat.take(derating(1.5)).is_err());
        assert!(heat.take(derating(f64::NAN)).is_err());
        assert_eq!(heat.speed(), 0.5);
    }
}
