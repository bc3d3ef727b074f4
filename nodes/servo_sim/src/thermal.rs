//! Heat of one motor: two nodes (winding, housing) and the driver stage.
//!
//! The one rule: losses depend on the temperature they cause; copper resistance rises by 0.39 %/K,
//! so a current above the stable one runs away (A. Johnson, motor thermal calculator, CMU).

/// Temperature coefficient of copper, 1/K, from 25 °C.
const COPPER: f64 = 0.0039;
/// Temperature at which the resistance is given, °C.
const REFERENCE: f64 = 25.0;

/// Constants of one motor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constants {
    /// Resistance at 25 °C, Ω.
    pub resistance: f64,
    /// Winding to housing, K/W.
    pub winding_to_housing: f64,
    /// Housing to ambient, K/W.
    pub housing_to_ambient: f64,
    /// Winding, J/K.
    pub winding_capacity: f64,
    /// Housing, J/K.
    pub housing_capacity: f64,
    /// Surroundings, °C.
    pub ambient: f64,
    /// Rise of the driver stage per current squared, K/A².
    pub stage_rise: f64,
    /// Time constant of the driver stage, s.
    pub stage_time: f64,
}

/// Temperatures of one joint, °C.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Temperatures {
    /// Winding.
    pub winding: f64,
    /// Housing.
    pub housing: f64,
    /// Driver stage.
    pub stage: f64,
}

impl Temperatures {
    /// Everything as warm as its surroundings.
    #[must_use]
    pub fn at(ambient: f64) -> Self {
        Self { winding: ambient, housing: ambient, stage: ambient }
    }

    /// Advances by `dt` s under motor current `current` A while friction and the brake's coil warm
    /// the housing with `friction` W. Explicit Euler: `dt` of a physics step is far below every time constant.
    pub fn advance(&mut self, c: &Constants, current: f64, friction: f64, dt: f64) {
        let squared = current * current;
        let loss = squared * c.resistance * (1.0 + COPPER * (self.winding - REFERENCE));
        let inward = (self.winding - self.housing) / c.winding_to_housing;
        let outward = (self.housing - c.ambient) / c.housing_to_ambient;
        self.winding += dt * (loss - inward) / c.winding_capacity;
        self.housing += dt * (inward + friction - outward) / c.housing_capacity;
        let goal = c.ambient + c.stage_rise * squared;
        self.stage += dt * (goal - self.stage) / c.stage_time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// maxon example of the CMU motor thermal calculator (CC BY 4.0).
    const MAXON: Constants = Constants {
        resistance: 0.836,
        winding_to_housing: 0.74,
        housing_to_ambient: 8.96,
        winding_capacity: 5.568,
        housing_capacity: 108.036,
        ambient: 25.0,
        stage_rise: 0.0,
        stage_time: 60.0,
    };

    #[test]
    fn overload_of_the_published_motor_warms_as_published() {
        let mut temperatures = Temperatures::at(25.0);
        let (mut time, mut warm, mut limit) = (0.0, None::<f64>, None::<f64>);
        while time < 30.0 {
            temperatures.advance(&MAXON, 11.494, 0.0, 1e-3);
            time += 1e-3;
            warm = warm.or((temperatures.winding > 130.0).then_some(time));
            limit = limit.or((temperatures.winding > 155.0).then_some(time));
        }
        assert!((warm.unwrap() - 10.729).abs() < 0.01, "{warm:?}");
        assert!((limit.unwrap() - 18.098).abs() < 0.02, "{limit:?}");
        assert!((temperatures.winding - 183.156).abs() < 0.02, "{temperatures:?}");
    }

    #[test]
    fn without_current_everything_cools_to_the_surroundings() {
        let mut temperatures = Temperatures { winding: 120.0, housing: 60.0, stage: 50.0 };
        for _ in 0..200_000 {
            temperatures.advance(&MAXON, 0.0, 0.0, 0.1);
        }
        assert!((temperatures.winding - 25.0).abs() < 0.01);
        assert!((temperatures.stage - 25.0).abs() < 0.01);
    }
}
