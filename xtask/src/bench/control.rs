//! The client that launches and hurts the arm does the measuring; here it is built and started. What
//! the law costs is measured by an example, beside Pinocchio where that can be had.

use crate::build::{self, cargo};
use crate::paths;
use anyhow::{Result, ensure};
use std::path::PathBuf;
use std::process::Command;

/// The release of Pinocchio beside us.
const PINOCCHIO: &str = "pin==4.1.0";

pub(super) fn run(quick: bool, only: Option<&str>) -> Result<bool> {
    let ros = build::everything()?;
    let mut client = ros.command(paths::target().join("release").join("bench_client"));
    client.env("ARMATURE_TARGET", paths::target());
    client.arg("--report").arg(paths::reports());
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
    if quick {
        client.arg("--quick");
    }
    Ok(client.status()?.success())
}

fn law_cost() -> Result<String> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "control", "--example", "law_cost"]);
    said(command)
}

fn pinocchio_cost() -> Result<String> {
    let mut command = Command::new(pinocchio()?);
    command.arg(paths::root().join("nodes/control/examples/pinocchio_cost.py"));
    said(command)
}

/// A Python that has Pinocchio; prepared once, in target/.
fn pinocchio() -> Result<PathBuf> {
    let root = paths::target().join("peers").join("venv");
    let python = root.join("bin").join("python");
    if !python.is_file() {
        let mut make = Command::new("python3");
        make.args(["-m", "venv"]).arg(&root);
        said(make)?;
    }
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PINOCCHIO]);
    said(install)?;
    Ok(python)
}

/// What a command prints, when it succeeds.
fn said(mut command: Command) -> Result<String> {
    let output = command.output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}", complaint.trim());
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
