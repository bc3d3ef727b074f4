//! Stations that join the arm: somebody else's node, in rclpy.
#![allow(unreachable_pub)]

use anyhow::{Context, Result};
use rig::Single;
use std::process::Command;
use std::time::Duration;

/// A running station, which prints once how long it took to hear the joints.
pub struct Station(Single);

impl Station {
    pub fn start(number: usize, rate: u32) -> Result<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/station.py");
        let mut command = Command::new("python3");
        command.args([script, &number.to_string(), &rate.to_string()]);
        Ok(Self(Single::run("station", command)?))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// From its node's creation until it heard the joints, s; none while it has not.
    pub fn usable(&self) -> Result<Option<f64>> {
        let output = self.0.output();
        let Some(line) = output.lines().find(|line| line.starts_with("usable ")) else {
            return Ok(None);
        };
        let text = line.trim_start_matches("usable ");
        Ok(Some(text.parse().with_context(|| line.to_owned())?))
    }

    pub fn wait_until_usable(&self, limit: Duration) -> Result<f64> {
        self.0.wait_for_line(&["usable "], limit)?;
        self.usable()?.context("it said so")
    }
}
