//! Ten thousand random requests are a test of the server without ROS; the rest is measured on the
//! running arm, with Chromium.

use super::control;
use crate::build::cargo;
use crate::process::output;
use crate::{paths, prepare};
use anyhow::Result;

/// The test, and the line in which it says how many it sent.
const FUZZ: &str = "ten_thousand_random_requests_are_answered_or_refused_and_none_reaches_the_arm";
const SAID: &str = "answered or refused: ";

pub(super) fn run(quick: bool) -> Result<bool> {
    let mut client = control::client(quick)?;
    match fuzzed() {
        Ok(count) => {
            client.arg("--fuzzed").arg(count);
        }
        Err(error) => eprintln!("the random requests failed: {error:#}"),
    }
    prepare::browser::ensure()?.apply(&mut client);
    Ok(client.args(["--only", "dashboard"]).status()?.success())
}

/// Takes a picture of the page of the working arm.
///
/// # Errors
/// When something is missing that it needs, Chromium for one.
pub fn picture() -> Result<bool> {
    let path = paths::reports().join("dashboard.png");
    std::fs::create_dir_all(paths::reports())?;
    let mut client = control::client(false)?;
    prepare::browser::ensure()?.apply(&mut client);
    Ok(client.arg("--picture").arg(path).status()?.success())
}

fn fuzzed() -> Result<String> {
    let mut command = cargo();
    command.args(["test", "--quiet", "--package", "dashboard", "--test", "requests"]);
    let text = output(command.args(["--", "--nocapture", FUZZ]))?;
    let said = text.lines().find_map(|line| line.split_once(SAID));
    Ok(said.map_or_else(String::new, |(_, count)| count.to_owned()))
}
