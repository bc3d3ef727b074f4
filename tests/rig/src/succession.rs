//! Who holds the lease, who comes next, and planned changes.

use crate::client::ArmClient;
use crate::scenario::Scenario;
use anyhow::{Context, Result};
use r2r::armature_msgs::srv::HandOverControl;
use std::time::Duration;

impl Scenario {
    /// Epoch in force, as the supervisor says.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.arm.world.lease.as_ref().map_or(0, |lease| lease.epoch)
    }

    /// Node name of the holder of the lease.
    ///
    /// # Errors
    /// When nobody of that boot id was heard.
    pub fn holder(&self) -> Result<String> {
        let holder = self.arm.world.lease.as_ref().map_or(0, |lease| lease.holder);
        let beats = self.arm.world.heartbeats.iter();
        let mut found = beats.filter(|(_, beat)| beat.boot_id == holder).map(|(node, _)| node);
        found.next().cloned().with_context(|| format!("boot id {holder:016x} was never heard"))
    }

    /// Waits until a live, settled successor is named.
    ///
    /// # Errors
    /// After 15 s.
    pub fn wait_for_successor(&mut self) -> Result<Duration> {
        self.arm.wait_for("a successor", Duration::from_secs(15), |w| {
            let successor = w.lease.as_ref().map_or(0, |lease| lease.successor);
            w.heartbeats.values().any(|b| b.boot_id == successor && b.boot_id != 0 && b.health == 0)
        })
    }

    /// Waits until a node is ready to be handed the lease.
    ///
    /// # Errors
    /// After 20 s.
    pub fn wait_until_ready(&mut self, node: &str) -> Result<Duration> {
        let name = node.to_owned();
        self.arm.wait_for(&format!("{node} to agree"), Duration::from_secs(20), move |w| {
            let beat = w.heartbeats.get(&name);
            beat.is_some_and(|b| b.health == 0 && b.message.starts_with("shadowing"))
        })
    }

    /// Hands the lease over to `to` and waits for the end of the probation of `canary` s.
    ///
    /// # Errors
    /// When the service does not answer.
    pub fn hand_over(&mut self, to: &str, canary: f64) -> Result<HandOverControl::Response> {
        self.arm.hand_over(to, canary)
    }
}

impl ArmClient {
    /// Hands the lease over to `to` and waits for the end of the probation of `canary` s.
    ///
    /// # Errors
    /// When the service does not answer.
    pub fn hand_over(&mut self, to: &str, canary: f64) -> Result<HandOverControl::Response> {
        let request = HandOverControl::Request { to: to.to_owned(), canary };
        let limit = Duration::from_secs_f64(canary + 10.0);
        self.call::<HandOverControl::Service>("arm/hand_over", &request, limit)
    }
}
