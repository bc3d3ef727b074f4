//! The process of the simulated drives.

use node::start;
use servo_sim::host;
use std::process::ExitCode;

fn main() -> ExitCode {
    start::main(host::NAME, host::run)
}
