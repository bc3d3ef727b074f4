//! The process of the cell.

use cell::host;
use node::start;
use std::process::ExitCode;

fn main() -> ExitCode {
    start::main(host::NAME, host::run)
}
