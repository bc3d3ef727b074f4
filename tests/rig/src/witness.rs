//! Who must not notice a fault: the processes that run, and how punctual their cycles are, before it
//! and until its end.
//!
//! The one rule: who was restarted fails the test; who was late is told as a figure.
//!
//! Terms: *period*, what a node says it is, and by how much the 99th percentile of its cycles began
//! late.

use crate::figures;
use crate::scenario::{Boots, Scenario};
use anyhow::{Result, ensure};
use r2r::armature_msgs::msg::Histogram;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the arm is watched before it is hurt.
const WINDOW: Duration = Duration::from_secs(3);
/// Histograms come once a second.
const FRESH: Duration = Duration::from_millis(1100);
/// The 99th percentile of a period may be so many times what it was.
const LIMIT: f64 = 1.1;

/// Everybody, as they were before the fault.
#[derive(Debug, Clone)]
pub struct Witness {
    boots: Boots,
    pids: BTreeMap<String, u32>,
    /// 99th percentile of the period, s.
    usual: BTreeMap<String, f64>,
    since: BTreeMap<String, Histogram>,
}

impl Scenario {
    /// Watches everybody for three seconds.
    pub fn witness(&mut self) -> Witness {
        self.arm.pump_for(FRESH);
        let begin = self.arm.world.lateness.clone();
        self.arm.pump_for(WINDOW);
        let since = self.arm.world.lateness.clone();
        let beats = self.arm.world.heartbeats.iter();
        let pids = beats.map(|(node, beat)| (node.clone(), beat.pid)).collect();
        let usual = self.periods(&begin, &since);
        Witness { boots: self.boots(), pids, usual, since }
    }

    /// The 99th percentile of everybody's period between two looks, s.
    fn periods(
        &self,
        from: &BTreeMap<String, Histogram>,
        to: &BTreeMap<String, Histogram>,
    ) -> BTreeMap<String, f64> {
        let of = |(node, to): (&String, &Histogram)| {
            let period = self.arm.world.heartbeats.get(node)?.period;
            let late = percentile(from.get(node)?, to)?;
            (period > 0.0).then(|| (node.clone(), period + late))
        };
        to.iter().filter_map(of).collect()
    }
}

impl Witness {
    /// Boot ids before the fault.
    #[must_use]
    pub fn boots(&self) -> &Boots {
        &self.boots
    }

    /// All but `except` are the same processes; tells how their periods fared since.
    ///
    /// # Errors
    /// Naming who was restarted.
    pub fn expect_undisturbed(&self, s: &mut Scenario, except: &[&str]) -> Result<()> {
        s.arm.pump_for(FRESH);
        s.expect_undisturbed(&self.boots, except)?;
        for (node, pid) in self.pids.iter().filter(|(node, _)| !except.contains(&node.as_str())) {
            let now = s.arm.world.pid(node);
            ensure!(now == Some(*pid), "{node} was process {pid} and is {now:?}");
        }
        let newest = s.arm.world.lateness.clone();
        let periods = s.periods(&self.since, &newest);
        let growth = |(node, usual): (&String, &f64)| {
            let now = periods.get(node).filter(|_| !except.contains(&node.as_str()))?;
            Some((now / usual, node.clone()))
        };
        let growths: Vec<_> = self.usual.iter().filter_map(growth).collect();
        let others = growths.iter().max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((growth, node)) = others {
            println!("the most disturbed of {} is {node}: {growth:.3} times", growths.len());
            figures::at_most("p99 period of the worst bystander", "times", *growth, LIMIT);
        }
        if let Some((growth, _)) = growths.iter().find(|(_, node)| node == "control") {
            figures::at_most("p99 period of control", "times", *growth, LIMIT);
        }
        Ok(())
    }
}

/// 99th percentile of what was counted between two looks, s.
fn percentile(from: &Histogram, to: &Histogram) -> Option<f64> {
    let counts = to.counts.iter().zip(&from.counts).map(|(to, from)| to.saturating_sub(*from));
    let counts: Vec<_> = counts.collect();
    let wanted = (counts.iter().sum::<u64>() as f64 * 0.99).ceil() as u64;
    let mut seen = 0;
    let bucket = counts.iter().position(|count| {
        seen += count;
        seen >= wanted && seen > 0
    })?;
    Some(to.bounds.get(bucket).copied().unwrap_or(to.worst))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_between_two_looks_counts() {
        let look = |counts: &[u64]| Histogram {
            bounds: vec![1.0, 2.0],
            counts: counts.to_vec(),
            worst: 9.0,
            ..Histogram::default()
        };
        let percentile = |a: &[u64], b: &[u64]| percentile(&look(a), &look(b));
        assert_eq!(percentile(&[0, 0, 5], &[100, 0, 5]), Some(1.0));
        assert_eq!(percentile(&[0, 0, 0], &[90, 10, 0]), Some(2.0));
        assert_eq!(percentile(&[0, 0, 0], &[0, 1, 1]), Some(9.0));
        assert_eq!(percentile(&[7, 7, 7], &[7, 7, 7]), None);
    }
}
