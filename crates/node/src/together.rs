//! Several nodes in one process, each on a thread of its own.
//!
//! The rule: they share everything that a process is, and so its end: a node that panics or gives up
//! takes the others with it. Launch starts all of them again.

use crate::middleware;
use crate::params::Value;
use crate::realtime::NODE_THREAD;
use crate::shell::Shell;
use crate::signal;
use crate::start::{StartError, create, end};
use std::collections::BTreeMap;
use std::process::{self, ExitCode};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// What a node does with its shell, until it is asked to stop.
pub type Work = Box<dyn FnOnce(Shell) -> anyhow::Result<()> + Send>;

/// One node of several.
pub struct Guest {
    /// Its name, without namespace.
    pub name: String,
    /// Its parameters; what the command line says comes on top.
    pub parameters: BTreeMap<String, Value>,
    /// Its loop.
    pub work: Work,
}

/// Runs all guests until a signal asks the process to end, or one of them ends it.
#[must_use]
pub fn run(guests: Vec<Guest>) -> ExitCode {
    let profile = middleware::choose_transport();
    signal::install();
    let (created, answers) = channel();
    let mut threads = Vec::new();
    for guest in guests {
        let name = format!("{NODE_THREAD}{}", guest.name);
        let created = created.clone();
        match thread::Builder::new().name(name).spawn(move || live(guest, &created)) {
            Ok(thread) => threads.push(thread),
            Err(error) => return end("monolith", &StartError::config(error).into()),
        }
    }
    drop(created);
    // The middleware reads its profile when the first node is created.
    for () in answers {}
    drop(profile);
    for thread in threads {
        let _never_panicked = thread.join();
    }
    ExitCode::SUCCESS
}

fn live(guest: Guest, created: &Sender<()>) {
    let _guard = DieOfPanic;
    let Guest { name, parameters, work } = guest;
    let shell = create(&name, parameters);
    let _heard = created.send(());
    let ended = shell.map_err(anyhow::Error::from).and_then(work);
    if let Err(error) = ended {
        let _code = end(&name, &error);
        end_process(&error);
    }
}

/// Ends the others, too, with the code that says whether a new start may help.
fn end_process(error: &anyhow::Error) {
    process::exit(if error.is::<StartError>() { 2 } else { 1 });
}

/// Ends the process when its thread panics: no node may live on with half of itself.
struct DieOfPanic;

impl Drop for DieOfPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            process::abort();
        }
    }
}
