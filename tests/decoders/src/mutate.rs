//! Makes inputs that are almost right: most faults of decoders lie next to what is valid.

use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// Numbers at which lengths and counts go wrong.
const EDGES: [u64; 8] = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF_FFFF, u64::MAX / 2, u64::MAX];

/// Words that texts of all kinds choke on.
const WORDS: [&[u8]; 8] = [b"NaN", b"-inf", b"1e999", b"\xFF\xFE", b"<", b"&a;", b"- [", b"\"\"\""];

/// Changes bytes, always in the same way under the same seed.
#[derive(Debug)]
pub struct Mutator(ChaCha8Rng);

impl Mutator {
    /// With a seed of its own.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// One of `seeds`, changed in one to four places; now and then noise instead.
    pub fn next(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let noise = self.0.random_ratio(1, 16);
        let chosen = seeds.choose(&mut self.0).filter(|_| !noise);
        let mut bytes = chosen.cloned().unwrap_or_else(|| self.noise());
        for _ in 0..self.0.random_range(1..=4) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn noise(&mut self) -> Vec<u8> {
        let length = self.0.random_range(0..64);
        (0..length).map(|_| self.0.random()).collect()
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let place = self.0.random_range(0..=bytes.len());
        match self.0.random_range(0..6) {
            0 => bytes.truncate(place),
            1 => drop(bytes.drain(place..bytes.len().min(place + 4))),
            2 => {
                let edge = EDGES.choose(&mut self.0).map_or([0; 8], |edge| edge.to_le_bytes());
                overwrite(bytes, place, &edge);
            }
            3 => {
                let word = WORDS.choose(&mut self.0).copied().unwrap_or_default();
                bytes.splice(place..place, word.iter().copied());
            }
            4 => {
                let end = bytes.len().min(place + self.0.random_range(1..32));
                let piece: Vec<u8> = bytes.get(place..end).unwrap_or_default().to_vec();
                bytes.splice(place..place, piece);
            }
            _ => {
                let bit = 1_u8 << self.0.random_range(0..8);
                bytes.get_mut(place).into_iter().for_each(|byte| *byte ^= bit);
            }
        }
    }
}

fn overwrite(bytes: &mut [u8], place: usize, with: &[u8]) {
    for (byte, new) in bytes.iter_mut().skip(place).zip(with) {
        *byte = *new;
    }
}
