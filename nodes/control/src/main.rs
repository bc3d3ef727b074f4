//! The process of the servo loop.

mod host;

use node::start;
use std::process::ExitCode;

fn main() -> ExitCode {
    start::main("control", |shell| host::run(shell, |_, _, _| {}))
}
