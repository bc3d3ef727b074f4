//! An arm that never rests: pick and place again and again while others look at it.

use anyhow::{Result, bail};
use r2r::GoalStatus;
use rig::{RunningGoal, Scenario};
use std::time::{Duration, Instant};

/// The arm in endless motion.
pub struct Moving {
    /// The arm.
    pub scenario: Scenario,
    goal: RunningGoal,
    /// Goals that succeeded.
    pub succeeded: u32,
}

impl Moving {
    /// Brings the arm up and starts it.
    pub fn start(name: &str, arguments: &[&str]) -> Result<Self> {
        let mut scenario = Scenario::enabled(name, arguments)?;
        let goal = scenario.start_motion()?;
        Ok(Self { scenario, goal, succeeded: 0 })
    }

    /// Pumps once and sends the next goal when one has succeeded.
    pub fn pump(&mut self) -> Result<()> {
        let Some(outcome) = self.scenario.arm.poll_goal(&mut self.goal)? else { return Ok(()) };
        if outcome.status != GoalStatus::Succeeded {
            let world = self.scenario.arm.world.describe();
            bail!("a goal ended as {:?}: {}; {world}", outcome.status, outcome.error_string);
        }
        self.succeeded += 1;
        self.goal = self.scenario.start_motion()?;
        Ok(())
    }

    /// Keeps moving for a while.
    pub fn keep_moving(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.pump()?;
        }
        Ok(())
    }
}
