//! The process of planning.

use node::start;
use planning::host;
use std::process::ExitCode;

fn main() -> ExitCode {
    start::main(host::NAME, host::run)
}
