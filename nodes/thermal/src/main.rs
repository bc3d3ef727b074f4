//! The process of the thermal node.

use node::start;
use std::process::ExitCode;
use thermal::host;

fn main() -> ExitCode {
    start::main(host::NAME, host::run)
}
