//! The client that launches and hurts the arm does the measuring; here it is built and started. What
//! the law costs is measured by an example, beside Pinocchio where that can be had.

use crate::build::{self, cargo};
use crate::paths;
use crate::prepare::python::Interpreter;
use crate::process::output;
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// The release of Pinocchio beside us.
const PINOCCHIO: &str = "pin==4.1.0";

pub(super) fn run(quick: bool, only: Option<&str>) -> Result<bool> {
    let mut client = client(quick)?;
    client.arg("--law").arg(law_cost()?);
    match pinocchio_cost() {
        Ok(cost) => {
            client.arg("--pinocchio").arg(cost);
        }
        Err(error) => eprintln!("no Pinocchio beside us: {error:#}"),
    }
    if let Some(part) = only {
        client.args(["--only", part]);
    }
    Ok(client.status()?.success())
}

/// The client, with everything it needs built.
pub(super) fn client(quick: bool) -> Result<Command> {
    let ros = build::everything()?;
    let mut client = ros.command(paths::target().join("release").join("bench_client"));
    client.env("ARMATURE_TARGET", paths::target());
    client.arg("--report").arg(paths::reports());
    if quick {
        client.arg("--quick");
    }
    Ok(client)
}

fn law_cost() -> Result<String> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "control", "--example", "law_cost"]);
    output(&mut command)
}

fn pinocchio_cost() -> Result<String> {
    let mut command = Command::new(pinocchio()?);
    command.arg(paths::root().join("nodes/control/examples/pinocchio_cost.py"));
    output(&mut command)
}

/// A Python that has Pinocchio; prepared once, in target/.
fn pinocchio() -> Result<PathBuf> {
    let root = paths::target().join("peers").join("venv");
    let python = root.join("bin").join("python");
    if !python.is_file() {
        let log = paths::logs().join("venv-peers.log");
        Interpreter::find()?.make_environment(&root, &log)?;
    }
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PINOCCHIO]);
    output(&mut install)?;
    Ok(python)
}
