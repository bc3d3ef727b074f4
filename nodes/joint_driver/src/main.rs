//! The process of the drives of one bus.

use joint_driver::host;
use node::start;
use std::process::ExitCode;

fn main() -> ExitCode {
    start::main(host::NAME, host::run)
}
