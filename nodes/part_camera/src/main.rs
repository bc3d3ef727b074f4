//! The process of the camera.

use node::start;
use part_camera::host;
use std::process::ExitCode;

fn main() -> ExitCode {
    start::main(host::NAME, host::run)
}
