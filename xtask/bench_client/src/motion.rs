//! An arm that never rests: pick and place again and again while others look at it.

use crate::ears::Ears;
use anyhow::{Context, Result};
use r2r::GoalStatus;
use r2r::armature_msgs::msg::{ControlState, Lease};
use rig::program::point;
use rig::tracking::Deviation;
use rig::{RunningGoal, Scenario, Tracking};
use std::time::{Duration, Instant};

/// The arm in endless motion.
pub struct Moving {
    /// The arm.
    pub scenario: Scenario,
    /// What the drivers say.
    pub ears: Ears,
    /// Truth against program since it was taken last.
    pub tracking: Tracking,
    goal: RunningGoal,
    /// Goals that succeeded.
    pub succeeded: u32,
    /// How goals failed.
    pub failures: Vec<String>,
}

/// Path time left in which something can still be done to an arm in motion, s.
const ROOM: f64 = 2.5;

/// What a joint that fell behind needs to come to where control holds it.
const SETTLING: Duration = Duration::from_secs(1);

/// Time for the way to the beginning of the program, s.
const HOME: f64 = 5.0;

impl Moving {
    /// Brings the arm up and sets it to work.
    pub fn start(name: &str, arguments: &[&str]) -> Result<Self> {
        Self::begin(Scenario::enabled(name, arguments)?)
    }

    /// Lets the arm do its program once, so that it begins where it ends, and then again and again.
    pub fn begin(mut scenario: Scenario) -> Result<Self> {
        let ears = Ears::open(&mut scenario.arm)?;
        let mut first = scenario.start_motion()?;
        scenario.expect_success(&mut first)?;
        let home = scenario.program.waypoints.last().context("an empty program")?.position.clone();
        let goal = scenario.arm.send(scenario.program.trajectory())?;
        let tracking = Tracking::new(home);
        let mut moving =
            Self { scenario, ears, tracking, goal, succeeded: 0, failures: Vec::new() };
        moving.forget();
        Ok(moving)
    }

    /// Forgets all that was heard.
    pub fn forget(&mut self) {
        self.scenario.arm.world.take_truth();
        self.scenario.arm.world.take_control_states();
        let home = self.scenario.program.waypoints.last().map(|w| w.position.clone());
        self.tracking = Tracking::new(home.unwrap_or_default());
        self.ears.clear();
    }

    /// Pumps once; sends the next goal when one has ended.
    pub fn pump(&mut self) -> Result<()> {
        let ended = self.scenario.arm.poll_goal(&mut self.goal)?;
        self.tracking.take(&mut self.scenario.arm.world);
        let Some(outcome) = ended else { return Ok(()) };
        if outcome.status == GoalStatus::Succeeded {
            self.succeeded += 1;
        } else {
            let world = self.scenario.arm.world.describe();
            self.failures.push(format!("{:?}: {}; {world}", outcome.status, outcome.error_string));
            self.go_home()?;
        }
        self.goal = self.scenario.arm.send(self.scenario.program.trajectory())?;
        Ok(())
    }

    /// From wherever the arm was left to where the program begins; the way is not measured. A joint
    /// that was left behind has caught up by then.
    fn go_home(&mut self) -> Result<()> {
        self.scenario.resume()?;
        self.walk_home()
    }

    /// Begins the endless motion again, from wherever the enabled arm rests.
    pub fn anew(&mut self) -> Result<()> {
        self.walk_home()?;
        self.goal = self.scenario.arm.send(self.scenario.program.trajectory())?;
        self.forget();
        Ok(())
    }

    fn walk_home(&mut self) -> Result<()> {
        self.scenario.arm.pump_for(SETTLING);
        let mut way = self.scenario.program.trajectory();
        way.points = way.points.last().map(|end| point(&end.positions, HOME)).into_iter().collect();
        let mut way = self.scenario.arm.send(way)?;
        self.scenario.expect_success(&mut way).map(|_| ())
    }

    /// Reference minus truth since it was taken last.
    pub fn deviations(&self) -> Vec<Deviation> {
        self.tracking.deviations(&self.scenario.program)
    }

    /// Lets the motion under way end; the arm, at rest.
    pub fn rest(mut self) -> Result<Scenario> {
        self.scenario.expect_success(&mut self.goal)?;
        Ok(self.scenario)
    }

    /// Keeps moving for a while.
    pub fn keep_moving(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.pump()?;
        }
        Ok(())
    }

    /// Keeps moving until `condition` holds; false after `limit`.
    pub fn until(
        &mut self,
        limit: Duration,
        condition: impl Fn(&rig::World) -> bool,
    ) -> Result<bool> {
        let until = Instant::now() + limit;
        while !condition(&self.scenario.arm.world) {
            if Instant::now() > until {
                return Ok(false);
            }
            self.pump()?;
        }
        Ok(true)
    }

    /// Keeps moving until the arm is on its path with some way to go.
    pub fn reach_the_middle(&mut self) -> Result<()> {
        let reached = self.until(Duration::from_secs(40), |world| {
            world.control.as_ref().is_some_and(|control| {
                control.phase == ControlState::EXECUTING as u8
                    && control.path_time > 0.5
                    && control.path_time < control.path_duration - ROOM
            })
        })?;
        let world = self.scenario.arm.world.describe();
        reached.then_some(()).with_context(|| format!("the arm does not move: {world}"))
    }

    /// Keeps moving until the lease names a holder and a successor, both alive; the lease.
    pub fn wait_for_pair(&mut self) -> Result<Lease> {
        let before = self.scenario.arm.world.heartbeats.clone();
        self.until(Duration::from_secs(20), |world| {
            // Who died is remembered: alive is who has spoken since.
            let alive = |id: u64| {
                world.heartbeats.iter().filter(|(_, beat)| beat.boot_id == id).any(
                    |(node, beat)| {
                        let known = before.get(node).filter(|old| old.boot_id == id);
                        known.is_none_or(|old| beat.sequence > old.sequence + 2)
                    },
                )
            };
            world.lease.as_ref().is_some_and(|lease| {
                lease.successor != 0
                    && !lease.probation
                    && alive(lease.holder)
                    && alive(lease.successor)
            })
        })?;
        let world = &self.scenario.arm.world;
        let lease = world.lease.clone().filter(|lease| lease.successor != 0);
        lease.with_context(|| format!("nobody is named successor: {}", world.describe()))
    }
}
