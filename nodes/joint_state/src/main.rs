//! The process of position feedback.

use joint_state::host;
use node::start;
use std::process::ExitCode;

fn main() -> ExitCode {
    start::main(host::NAME, host::run)
}
