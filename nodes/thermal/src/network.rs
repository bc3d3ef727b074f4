//! Heat of one motor as a network of two nodes, winding and housing, solved in closed form.
//!
//! The one rule: copper resistance is linear in temperature, so at constant mean-square current the
//! network is linear and every step is exact, however long. Nothing here is integrated in pieces.
//!
//! ```text
//! Tw' = g q (1 + α (Tw − 25)) − b (Tw − Th)           q: mean-square current, A²
//! Th' = c (Tw − Th) − d (Th − Ta) + e F               F: heat of friction and brake, W
//! ```
//! with g = R/Cw, b = 1/(Rwh Cw), c = 1/(Rwh Ch), d = 1/(Rha Ch), e = 1/Ch. Both eigenvalues are
//! real because b c > 0; one becomes positive where the current runs away (maxon calculator, CMU).

/// Temperature coefficient of copper from 25 °C, 1/K (IEC 60028: 0.00393 from 20 °C).
pub const COPPER: f64 = 0.0039;
/// Temperature at which data sheets give the resistance, °C.
pub const REFERENCE: f64 = 25.0;
/// Nobody waits longer for a limit than this, s: a day.
const EVER: f64 = 86_400.0;
/// Halvings of an interval in the search for an instant: a day to below a microsecond.
const HALVINGS: usize = 40;

/// Coefficients of the network of one motor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Network {
    /// Warming of the winding per mean-square current, K/(s·A²).
    pub gain: f64,
    /// From winding to housing, as the winding feels it, 1/s.
    pub coupling: f64,
    /// The same as the housing feels it, 1/s.
    pub inflow: f64,
    /// From housing to the surroundings, 1/s.
    pub outflow: f64,
    /// Warming of the housing per power, K/(s·W).
    pub friction: f64,
}

/// What drives the network.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// Mean-square current, A².
    pub current_squared: f64,
    /// Power into the housing: friction and brake coil, W.
    pub power: f64,
    /// Surroundings, °C.
    pub ambient: f64,
}

/// Temperatures of winding and housing, °C.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pair {
    /// Winding.
    pub winding: f64,
    /// Housing.
    pub housing: f64,
}

/// x ↦ M x + v on (winding, housing): what a stretch of time does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passage {
    matrix: [f64; 4],
    offset: Pair,
}

impl Passage {
    /// No time.
    pub const NONE: Self =
        Self { matrix: [1.0, 0.0, 0.0, 1.0], offset: Pair { winding: 0.0, housing: 0.0 } };

    /// The state at its end.
    #[must_use]
    pub fn apply(&self, from: Pair) -> Pair {
        let [a, b, c, d] = self.matrix;
        Pair {
            winding: a * from.winding + b * from.housing + self.offset.winding,
            housing: c * from.winding + d * from.housing + self.offset.housing,
        }
    }

    /// This one, then `next`.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        let [a, b, c, d] = self.matrix;
        let [p, q, r, s] = next.matrix;
        let matrix = [p * a + q * c, p * b + q * d, r * a + s * c, r * b + s * d];
        Self { matrix, offset: next.apply(self.offset) }
    }

    /// This one `times` times.
    #[must_use]
    pub fn repeated(&self, mut times: u32) -> Self {
        let (mut power, mut result) = (*self, Self::NONE);
        while times > 0 {
            if times & 1 == 1 {
                result = result.then(&power);
            }
            power = power.then(&power);
            times >>= 1;
        }
        result
    }

    /// The state that repeats itself; `None` when repetition runs away.
    #[must_use]
    pub fn fixed_point(&self) -> Option<Pair> {
        let [a, b, c, d] = self.matrix;
        let (trace, determinant) = (a + d, a * d - b * c);
        let largest = 0.5 * (trace + (trace * trace - 4.0 * determinant).max(0.0).sqrt());
        if largest >= 1.0 {
            return None;
        }
        let scale = (1.0 - a) * (1.0 - d) - b * c;
        let Pair { winding: v, housing: w } = self.offset;
        let winding = ((1.0 - d) * v + b * w) / scale;
        let housing = (c * v + (1.0 - a) * w) / scale;
        Some(Pair { winding, housing })
    }
}

/// The winding under a constant load: T(t) = start + a₁ φ(λ₁, t) + a₂ φ(λ₂, t), with
/// φ(λ, t) = (e^{λt} − 1)/λ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    start: f64,
    terms: [(f64, f64); 2],
}

impl Course {
    /// The winding after `time` s, °C.
    #[must_use]
    pub fn at(&self, time: f64) -> f64 {
        self.start + self.terms.iter().map(|(a, rate)| a * phi(*rate, time)).sum::<f64>()
    }

    /// When it turns from rising to falling or back, s.
    fn turn(&self) -> Option<f64> {
        let [(a, fast), (b, slow)] = self.terms;
        let time = (-b / a).ln() / (fast - slow);
        (time.is_finite() && time > 0.0).then_some(time)
    }

    /// The warmest within `horizon` s, °C.
    #[must_use]
    pub fn peak(&self, horizon: f64) -> f64 {
        let end = self.start.max(self.at(horizon));
        self.turn().filter(|turn| *turn < horizon).map_or(end, |turn| end.max(self.at(turn)))
    }

    /// When it passes `limit` °C, s from now; infinite when it does not within a day.
    #[must_use]
    pub fn time_to(&self, limit: f64) -> f64 {
        if self.start >= limit {
            return 0.0;
        }
        let turn = self.turn().filter(|turn| *turn < EVER);
        for (from, to) in [(0.0, turn.unwrap_or(EVER)), (turn.unwrap_or(EVER), EVER)] {
            if self.at(to) >= limit {
                return self.crossing(limit, from, to);
            }
        }
        f64::INFINITY
    }

    fn crossing(&self, limit: f64, mut low: f64, mut high: f64) -> f64 {
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if self.at(middle) < limit { low = middle } else { high = middle }
        }
        high
    }
}

fn phi(rate: f64, time: f64) -> f64 {
    let x = rate * time;
    if x.abs() < 1e-9 { time } else { x.exp_m1() / rate }
}

/// e^{λt}-like functions of the 2×2 matrix, by Sylvester's formula.
struct Spectrum {
    matrix: [f64; 4],
    fast: f64,
    slow: f64,
}

impl Network {
    /// From resistance [Ω at 25 °C], thermal resistances [K/W] and capacities [J/K].
    #[must_use]
    pub fn new(
        resistance: f64,
        (winding_to_housing, housing_to_ambient): (f64, f64),
        (winding_capacity, housing_capacity): (f64, f64),
    ) -> Self {
        Self {
            gain: resistance / winding_capacity,
            coupling: 1.0 / (winding_to_housing * winding_capacity),
            inflow: 1.0 / (winding_to_housing * housing_capacity),
            outflow: 1.0 / (housing_to_ambient * housing_capacity),
            friction: 1.0 / housing_capacity,
        }
    }

    fn spectrum(&self, load: &Load) -> Spectrum {
        let rise = self.gain * load.current_squared * COPPER;
        let matrix =
            [rise - self.coupling, self.coupling, self.inflow, -self.inflow - self.outflow];
        let [a, b, c, d] = matrix;
        let (middle, half) = (0.5 * (a + d), 0.5 * (a - d));
        let spread = (half * half + b * c).sqrt();
        Spectrum { matrix, fast: middle - spread, slow: middle + spread }
    }

    fn drive(&self, load: &Load) -> Pair {
        Pair {
            winding: self.gain * load.current_squared * (1.0 - COPPER * REFERENCE),
            housing: self.outflow * load.ambient + self.friction * load.power,
        }
    }

    /// What `time` s under a constant load do.
    #[must_use]
    pub fn passage(&self, load: &Load, time: f64) -> Passage {
        let spectrum = self.spectrum(load);
        let matrix = spectrum.function((spectrum.fast * time).exp(), (spectrum.slow * time).exp());
        let integral = spectrum.function(phi(spectrum.fast, time), phi(spectrum.slow, time));
        Passage { matrix, offset: product(&integral, self.drive(load)) }
    }

    /// The winding under a constant load, beginning at `from`.
    #[must_use]
    pub fn course(&self, load: &Load, from: Pair) -> Course {
        let spectrum = self.spectrum(load);
        let drive = self.drive(load);
        let flow = product(&spectrum.matrix, from);
        let rate =
            Pair { winding: flow.winding + drive.winding, housing: flow.housing + drive.housing };
        let of = |fast, slow| product(&spectrum.function(fast, slow), rate).winding;
        let terms = [(of(1.0, 0.0), spectrum.fast), (of(0.0, 1.0), spectrum.slow)];
        Course { start: from.winding, terms }
    }

    /// Where a constant load leads in the end; `None` when it runs away.
    #[must_use]
    pub fn settled(&self, load: &Load) -> Option<Pair> {
        let [a, b, c, d] = self.spectrum(load).matrix;
        let determinant = a * d - b * c;
        if a + d >= 0.0 || determinant <= 0.0 {
            return None;
        }
        let Pair { winding: v, housing: w } = self.drive(load);
        let winding = (b * w - d * v) / determinant;
        let housing = (c * v - a * w) / determinant;
        Some(Pair { winding, housing })
    }
}

impl Spectrum {
    /// f(A), given f at both eigenvalues.
    fn function(&self, fast: f64, slow: f64) -> [f64; 4] {
        let gap = self.slow - self.fast;
        let [a, b, c, d] = self.matrix;
        let slope = (slow - fast) / gap;
        let base = (fast * self.slow - slow * self.fast) / gap;
        [base + slope * a, slope * b, slope * c, base + slope * d]
    }
}

fn product(matrix: &[f64; 4], x: Pair) -> Pair {
    let [a, b, c, d] = matrix;
    Pair { winding: a * x.winding + b * x.housing, housing: c * x.winding + d * x.housing }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// maxon example of the CMU motor thermal calculator (CC BY 4.0).
    pub(crate) fn maxon() -> Network {
        Network::new(0.836, (0.74, 8.96), (5.568, 108.036))
    }

    fn load(current: f64) -> Load {
        Load { current_squared: current * current, power: 0.0, ambient: 25.0 }
    }

    const COLD: Pair = Pair { winding: 25.0, housing: 25.0 };

    #[test]
    fn overload_of_the_published_motor_passes_the_published_instants() {
        // The published current is rounded to 11.494 A, which is worth a millisecond or two.
        let course = maxon().course(&load(11.494), COLD);
        assert!((course.time_to(130.0) - 10.729).abs() < 2e-3, "{}", course.time_to(130.0));
        assert!((course.time_to(155.0) - 18.098).abs() < 2e-3, "{}", course.time_to(155.0));
        assert!((course.at(30.0) - 183.156).abs() < 0.01, "{}", course.at(30.0));
    }

    #[test]
    fn the_published_continuous_and_runaway_currents_are_found() {
        let settled = |current| maxon().settled(&load(current)).map(|pair| pair.winding);
        assert!((settled(3.262).unwrap() - 155.0).abs() < 0.1, "{:?}", settled(3.262));
        assert!(settled(5.61).is_some() && settled(5.64).is_none());
    }

    #[test]
    fn many_small_steps_arrive_where_one_large_step_does() {
        let (network, load) = (maxon(), load(4.0));
        let mut fine = COLD;
        for _ in 0..6000 {
            fine = network.passage(&load, 0.01).apply(fine);
        }
        let coarse = network.passage(&load, 60.0).apply(COLD);
        assert!((fine.winding - coarse.winding).abs() < 1e-6);
        assert!((network.course(&load, COLD).at(60.0) - coarse.winding).abs() < 1e-9);
        let repeated = network.passage(&load, 0.01).repeated(6000).apply(COLD);
        assert!((repeated.housing - coarse.housing).abs() < 1e-6);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_limit_is_passed_exactly_when_predicted(
            current in 0.0..8.0, winding in 20.0..120.0, housing in 20.0..80.0, limit in 60.0..160.0,
        ) {
            let from = Pair { winding, housing };
            let course = maxon().course(&load(current), from);
            let time = course.time_to(limit);
            if time.is_finite() && time > 0.0 {
                prop_assert!((course.at(time) - limit).abs() < 1e-3);
                prop_assert!(course.peak(0.999 * time) <= limit + 1e-6);
            } else if time.is_infinite() {
                prop_assert!(course.peak(EVER) < limit + 1e-6);
            }
            let settled = maxon().passage(&load(current), 100.0).fixed_point();
            prop_assert_eq!(settled.is_some(), maxon().settled(&load(current)).is_some());
            if let Some(at) = settled {
                prop_assert!((at.winding - maxon().settled(&load(current)).unwrap().winding).abs() < 1e-3);
            }
        }
    }
}
