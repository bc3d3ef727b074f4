//! Decoder `can_frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (decoders::decoder("can_frame").feed)(bytes));
