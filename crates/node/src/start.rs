//! How a process begins and ends.
//!
//! The rule: a start that cannot succeed ends with one clear line and exit code 2 (do not try
//! again without a change); a failure later with one line and exit code 1.

use crate::arm::ArmError;
use crate::inheritance;
use crate::middleware::{self, Part, Profile};
use crate::params::ParameterError;
use crate::raw::ArgumentsError;
use crate::restarts::Restarts;
use crate::shell::Shell;
use crate::signal;
use std::env;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use thiserror::Error;
use vocabulary::health::LogLine;

/// Why a node does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A parameter is unknown, of the wrong type or out of range.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The robot description is missing or does not fit.
    #[error(transparent)]
    Arm(#[from] ArmError),
    /// The node's own check of its configuration.
    #[error("{0}")]
    Config(String),
    /// The middleware refused.
    #[error("ROS middleware: {0}")]
    Middleware(#[from] r2r::Error),
    /// rcl gave up while reading the arguments.
    #[error("ROS arguments: {0}")]
    Arguments(String),
    /// The arguments of one node among several cannot be used.
    #[error(transparent)]
    Member(#[from] ArgumentsError),
}

impl StartError {
    /// From the error of a node's `Config::validate` or `new`.
    pub fn config(error: impl std::fmt::Display) -> Self {
        Self::Config(error.to_string())
    }
}

/// Runs a node: creates its shell and hands it to `work` until that returns.
#[must_use]
pub fn main(default_name: &str, work: impl FnOnce(Shell) -> anyhow::Result<()>) -> ExitCode {
    begin(default_name, Part::Actor, work)
}

/// As [`main`], for a node that must not miss anything of what is sent.
#[must_use]
pub fn listener(default_name: &str, work: impl FnOnce(Shell) -> anyhow::Result<()>) -> ExitCode {
    begin(default_name, Part::Listener, work)
}

fn begin(
    default_name: &str,
    part: Part,
    work: impl FnOnce(Shell) -> anyhow::Result<()>,
) -> ExitCode {
    let profile = prepare(default_name, part);
    let restarts = Restarts::take_down(default_name);
    thread::sleep(restarts.pause());
    let created = catch(|| Shell::create(default_name));
    profile.applied();
    match created {
        Err(error) => {
            let code = end(default_name, &error.into());
            thread::sleep(restarts.patience());
            code.into()
        }
        Ok(mut shell) => {
            let name = shell.name().to_owned();
            shell.keep_from_work(restarts.quarantine());
            let done = work(shell);
            if done.is_ok() {
                restarts.strike_out();
            }
            done.map_or_else(|error| end(&name, &error).into(), |()| ExitCode::SUCCESS)
        }
    }
}

/// What a process does first of all, while it has one thread. Keep what it returns until its nodes are
/// created.
pub(crate) fn prepare(name: &str, part: Part) -> Profile {
    inheritance::begin(name);
    let profile = middleware::choose_transport(part);
    signal::install();
    profile
}

/// r2r panics where rcl refuses the arguments (an unreadable parameter file, say): one line instead.
pub(crate) fn catch(
    create: impl FnOnce() -> Result<Shell, StartError>,
) -> Result<Shell, StartError> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let created = panic::catch_unwind(AssertUnwindSafe(create));
    panic::set_hook(hook);
    created.unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map_or("unreadable", String::as_str);
        Err(StartError::Arguments(first_line(text)))
    })
}

/// One line out of what may be several.
fn first_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Says why a node ends; the exit code of its process.
pub(crate) fn end(name: &str, error: &anyhow::Error) -> u8 {
    let line = LogLine::error(first_line(&format!("{error:#}")));
    r2r::log_error!(name, "{}", line.text);
    if error.is::<StartError>() { 2 } else { 1 }
}

/// Runs the loop of a node that lives on sockets, on this thread.
///
/// # Errors
/// What the loop ended with, or that there is no runtime.
pub fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Where the nodes of the arm in this namespace keep what outlives them: under `$XDG_STATE_HOME` or
/// `~/.local/state`.
#[must_use]
pub fn state_folder(namespace: &str) -> PathBuf {
    let home = || env::var_os("HOME").map_or_else(env::temp_dir, PathBuf::from);
    let state = env::var_os("XDG_STATE_HOME").filter(|given| !given.is_empty());
    let base = state.map_or_else(|| home().join(".local/state"), PathBuf::from);
    base.join("armature").join(namespace.trim_matches('/'))
}
