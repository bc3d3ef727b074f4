//! Samples that fill the space evenly and are the same each time (J. Halton 1960).

/// One base per joint.
const PRIMES: [u32; collision::MAX_JOINTS] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
/// Digits kept per number: base 2 then has a period of 2^24.
const DIGITS: usize = 24;

/// A Halton sequence, shifted as a whole by its seed (R. Cranley and T. Patterson 1976).
#[derive(Debug, Clone)]
pub(crate) struct Halton {
    axes: Vec<Axis>,
}

#[derive(Debug, Clone)]
struct Axis {
    base: u32,
    digits: [u32; DIGITS],
    /// base^-(i + 1)
    weights: [f32; DIGITS],
    value: f32,
    shift: f32,
}

impl Halton {
    /// Seed 0 is the sequence itself, from its second element on.
    pub fn new(joints: usize, seed: u64) -> Self {
        let mut state = seed;
        let axes = PRIMES.iter().take(joints).map(|base| {
            let shift = if seed == 0 { 0.0 } else { fraction(&mut state) };
            Axis::new(*base, shift)
        });
        Self { axes: axes.collect() }
    }

    /// The next point, every coordinate in 0..1.
    pub fn next(&mut self, point: &mut [f32]) {
        for (x, axis) in point.iter_mut().zip(&mut self.axes) {
            *x = axis.next();
        }
    }
}

impl Axis {
    fn new(base: u32, shift: f32) -> Self {
        let mut weight = 1.0;
        let weights = std::array::from_fn(|_| {
            weight /= base as f32;
            weight
        });
        Self { base, digits: [0; DIGITS], weights, value: 0.0, shift }
    }

    /// Counts up by one, from the digit behind the point on.
    fn next(&mut self) -> f32 {
        for (digit, weight) in self.digits.iter_mut().zip(&self.weights) {
            *digit += 1;
            self.value += weight;
            if *digit < self.base {
                break;
            }
            self.value -= self.base as f32 * weight;
            *digit = 0;
        }
        (self.value + self.shift).rem_euclid(1.0).min(1.0 - f32::EPSILON)
    }
}

/// A number in 0..1 (SplitMix64, G. Steele and others 2014).
pub(crate) fn fraction(state: &mut u64) -> f32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 40) as f32 / (1u64 << 24) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_numbers_are_those_of_the_textbook() {
        let mut halton = Halton::new(2, 0);
        let expected = [[1.0 / 2.0, 1.0 / 3.0], [1.0 / 4.0, 2.0 / 3.0], [3.0 / 4.0, 1.0 / 9.0]];
        for expected in expected {
            let mut point = [0.0; 2];
            halton.next(&mut point);
            assert!(point.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{point:?}");
        }
    }

    #[test]
    fn numbers_stay_in_range_and_even_for_every_seed() {
        for seed in [0, 1, 77] {
            let mut halton = Halton::new(12, seed);
            let mut sums = [0.0; 12];
            for _ in 0..20_000 {
                let mut point = [0.0; 12];
                halton.next(&mut point);
                assert!(point.iter().all(|x| (0.0..1.0).contains(x)));
                sums.iter_mut().zip(point).for_each(|(s, x)| *s += x / 20_000.0);
            }
            assert!(sums.iter().all(|s| (s - 0.5).abs() < 0.01), "{sums:?}");
        }
    }

    #[test]
    fn another_seed_gives_other_numbers() {
        let first = |seed| {
            let mut point = [0.0; 6];
            Halton::new(6, seed).next(&mut point);
            point
        };
        assert_eq!(first(3), first(3));
        assert_ne!(first(3), first(4));
    }
}
