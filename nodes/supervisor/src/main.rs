//! The process of the supervisor.

use node::start;
use std::process::ExitCode;
use supervisor::host;

fn main() -> ExitCode {
    start::main(host::NAME, host::run)
}
