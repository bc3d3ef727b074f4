//! Random problems, the same as those of fixtures/generate.py, and what the peers answered.
#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // tests

use time_parameterization::{JointLimits, Limits, State};

/// Stations of toppra's answers.
pub const STATIONS: usize = 200;

/// splitmix64.
pub struct Random(pub u64);

impl Random {
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let z = z ^ (z >> 31);
        low + (high - low) * ((z >> 11) as f64 * (1.0 / (1_u64 << 53) as f64))
    }
}

/// A move with limits of its own.
pub struct Move {
    pub limits: Limits<6>,
    pub from: State<6>,
    pub to: State<6>,
}

impl Move {
    pub fn draw(random: &mut Random, at_rest: bool) -> Self {
        let still = State::at_rest([0.0; 6]);
        let (mut from, mut to) = (still, still);
        let joints = std::array::from_fn(|j| {
            let velocity = random.uniform(0.5, 4.0);
            let acceleration = random.uniform(1.0, 20.0);
            let jerk = random.uniform(10.0, 200.0);
            from.position[j] = random.uniform(-3.0, 3.0);
            to.position[j] = random.uniform(-3.0, 3.0);
            for state in [&mut from, &mut to].into_iter().filter(|_| !at_rest) {
                state.velocity[j] = random.uniform(-0.8, 0.8) * velocity;
                let room = (1.6 * jerk * (velocity - state.velocity[j].abs())).sqrt();
                state.acceleration[j] = random.uniform(-1.0, 1.0) * room.min(0.8 * acceleration);
            }
            let (lower, upper, torque) = (-100.0, 100.0, f64::INFINITY);
            JointLimits { lower, upper, velocity, acceleration, jerk, torque }
        });
        let names = std::array::from_fn(|j| format!("joint_{}", j + 1));
        Self { limits: Limits::new(names, &joints).unwrap(), from, to }
    }
}

/// Waypoints of a path.
pub fn waypoints(random: &mut Random) -> Vec<[f64; 6]> {
    let count = 4 + random.uniform(0.0, 8.0) as usize;
    (0..count).map(|_| std::array::from_fn(|_| random.uniform(-1.5, 1.5))).collect()
}

/// What a peer answered: seed and durations, s.
pub struct Answers {
    pub seed: u64,
    pub durations: Vec<Vec<f64>>,
}

impl Answers {
    /// Of a fixture with these lists.
    pub fn read(json: &str, lists: &[&str]) -> Self {
        let fixture: serde_json::Value = serde_json::from_str(json).unwrap();
        let list = |name: &&str| numbers(fixture[*name].as_str().unwrap());
        Self {
            seed: fixture["seed"].as_u64().unwrap(),
            durations: lists.iter().map(list).collect(),
        }
    }

    pub fn ruckig() -> Self {
        let json = include_str!("../fixtures/ruckig.json");
        Self::read(json, &["rest_to_rest", "state_to_state"])
    }

    pub fn toppra() -> Self {
        Self::read(include_str!("../fixtures/toppra.json"), &["paths"])
    }
}

/// Little-endian 64-bit numbers in base64.
fn numbers(text: &str) -> Vec<f64> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => panic!("not base64: {c}"),
    };
    let digits: Vec<u8> = text.bytes().filter(|c| *c != b'=').map(digit).collect();
    let bytes: Vec<u8> = digits
        .chunks(4)
        .flat_map(|four| {
            let bits = four.iter().fold(0_u32, |bits, d| bits << 6 | u32::from(*d));
            let bits = bits << (6 * (4 - four.len()));
            bits.to_be_bytes()[1..four.len()].to_vec()
        })
        .collect();
    bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
}
