//! A million inputs that are almost right, the same ones every time.

use decoders::{ALL, Decoder, Mutator};
use std::panic;

/// Feeds its share; names the input that broke the rule.
fn feed(decoder: &Decoder, seed: u64) {
    let (seeds, mut mutator) = ((decoder.seeds)(), Mutator::new(seed));
    assert!(!seeds.is_empty(), "{} has nothing to begin with", decoder.name);
    for input in &seeds {
        (decoder.feed)(input);
    }
    for case in 0..decoder.share * 1000 {
        let input = mutator.next(&seeds);
        let outcome = panic::catch_unwind(|| (decoder.feed)(&input));
        assert!(outcome.is_ok(), "{}, case {case}, input {input:?}", decoder.name);
    }
}

#[test]
fn no_decoder_panics_or_contradicts_itself_on_a_million_inputs() {
    assert_eq!(ALL.iter().map(|decoder| decoder.share).sum::<u32>(), 1000);
    std::thread::scope(|scope| {
        for decoder in &ALL {
            scope.spawn(move || feed(decoder, 1));
        }
    });
}
