//! The process of the cell: look for stations, step, store, give the orders.
//!
//! The rule: what a step wants stored is on the disk before any of its orders leaves the process; when it
//! cannot be stored, the process ends rather than do something twice.

mod ros;

use crate::io::Inputs;
use crate::store::Store;
use crate::{Cell, Config};
use node::{Shell, StartError, signal, start};
use ros::{Arm, Desk, Show, Stations};
use std::path::{Path, PathBuf};
use std::time::Duration;
use vocabulary::health::LogLine;

/// Its name unless launch gives it another one.
pub const NAME: &str = "cell";

/// Longest sleep: deadlines and heartbeats of stations are judged so often.
const SLEEP: Duration = Duration::from_millis(20);

fn state_file(config: &Config, shell: &Shell) -> PathBuf {
    match config.state_file.as_str() {
        "" => start::state_folder(&shell.namespace()).join("cell.redb"),
        file => PathBuf::from(file),
    }
}

/// The text of the job that is configured; a file that cannot be read is told, and the cell waits.
fn job_text(config: &Config, shell: &Shell) -> Option<String> {
    let file = Path::new(&config.job);
    if config.job.is_empty() {
        return None;
    }
    match std::fs::read_to_string(file) {
        Ok(text) => Some(text),
        Err(error) => {
            shell.log(&LogLine::error(format!("job {}: {error}", file.display())));
            None
        }
    }
}

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(mut shell: Shell) -> anyhow::Result<()> {
    let config: Config = shell.parameters().config().map_err(StartError::from)?;
    config.validate().map_err(StartError::config)?;
    let store = Store::open(&state_file(&config, &shell))?;
    let job = job_text(&config, &shell);
    let (mut cell, lines) =
        Cell::new(&config, job.as_deref(), store.load()?).map_err(StartError::config)?;
    shell.log_all(&lines);
    let mut stations = Stations::default();
    let mut arm = Arm::create(&mut shell)?;
    let mut desk = Desk::create(&mut shell)?;
    let show = Show::create(&mut shell)?;
    shell.start();
    while !signal::stop_requested() {
        let now = shell.poll_within(SLEEP);
        if !shell.is_active() {
            desk.turn_away();
            shell.beat(now, || (cell.health(), cell.values()));
            continue;
        }
        let (heard, mut news) = stations.hear(&mut shell, now);
        news.extend(arm.news());
        let inputs = Inputs { heard, commands: desk.commands(), news };
        let outputs = cell.step(now, inputs);
        if let Some(save) = &outputs.save {
            store.save(save)?;
        }
        shell.log_all(&outputs.log);
        for order in &outputs.orders {
            if !arm.obey(order, &shell) {
                stations.obey(order, &shell);
            }
        }
        desk.answer(&outputs.replies);
        show.tell(&outputs, now);
        shell.beat(now, || (cell.health(), cell.values()));
    }
    Ok(())
}
