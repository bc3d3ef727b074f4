//! The process of the trajectory API.

use motion::host;
use node::start;
use std::process::ExitCode;

fn main() -> ExitCode {
    start::main(host::NAME, host::run)
}
