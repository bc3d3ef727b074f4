//! Decoder `parameters`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (decoders::decoder("parameters").feed)(bytes));
