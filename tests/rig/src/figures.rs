//! What a test measured, told in a line that `cargo xtask chaos` reads.
//!
//! The one rule: a figure never fails a test. Beyond its limit it is a MISS in the report; what must
//! hold whatever the machine does is an `ensure!` of the test.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use report::Target;
use std::time::Duration;

/// How such a line begins; the rest is a [`Target`] as JSON.
pub const MARK: &str = "FIGURE ";

/// Tells a figure that should not exceed `limit`.
pub fn at_most(name: &str, unit: &str, value: f64, limit: f64) {
    tell(&Target::at_most(name, unit, value, limit));
}

/// Tells a figure that should reach `limit`.
pub fn at_least(name: &str, unit: &str, value: f64, limit: f64) {
    tell(&Target::at_least(name, unit, value, limit));
}

/// Tells how long something took, ms.
pub fn took(name: &str, value: Duration, limit_ms: f64) {
    at_most(name, "ms", value.as_secs_f64() * 1e3, limit_ms);
}

fn tell(target: &Target) {
    match serde_json::to_string(target) {
        Ok(text) => println!("{MARK}{text}"),
        Err(error) => eprintln!("{}: {error}", target.name),
    }
}

/// The seed of this run: `ARMATURE_SEED`, else 1.
#[must_use]
pub fn seed() -> u64 {
    std::env::var("ARMATURE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Whatever a test leaves to chance is drawn from here, so that its seed tells it again.
#[must_use]
pub fn dice() -> ChaCha8Rng {
    println!("ARMATURE_SEED={}", seed());
    ChaCha8Rng::seed_from_u64(seed())
}
