//! The smallest node: lifecycle, parameters, heartbeat and diagnostics, and no work.
//!
//! `cargo run -p node --example bare -- --ros-args -r __node:=mine -p greeting:=hello`

use node::realtime::CycleTimer;
use node::{Shell, StartError, signal, start};
use serde::Deserialize;
use std::process::ExitCode;
use std::time::Duration;
use vocabulary::health::{LogLine, NodeHealth};

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    greeting: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { greeting: "hello".to_owned() }
    }
}

fn run(mut shell: Shell) -> anyhow::Result<()> {
    let config: Config = shell.parameters().config().map_err(StartError::from)?;
    let mut timer = CycleTimer::new(Duration::from_millis(4));
    shell.start();
    shell.log(&LogLine::info(config.greeting));
    while !signal::stop_requested() {
        timer.wait();
        let now = shell.poll();
        shell.beat(now, || timer.annotate(NodeHealth::default()));
    }
    Ok(())
}

fn main() -> ExitCode {
    start::main("bare", run)
}
