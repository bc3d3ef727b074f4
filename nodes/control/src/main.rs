//! The process of the servo loop.

use control::host;
use node::start;
use std::process::ExitCode;

fn main() -> ExitCode {
    start::main(host::NAME, host::run)
}
