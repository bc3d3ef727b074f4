//! The working half of `cargo xtask bench control`.
#![forbid(unsafe_code)]

fn main() {
    println!("nothing to measure yet");
}
