//! The process of the recorder.

use node::start;
use recorder::host;
use std::process::ExitCode;

fn main() -> ExitCode {
    start::listener(host::NAME, host::run)
}
