//! The work that the bench lets the arm do, and how it is watched.

use anyhow::{Context, Result, anyhow, ensure};
use std::f64::consts::FRAC_PI_2;
use std::time::Duration;
use virtual_arm::{GoalState, VirtualArm, VirtualConfig};

/// The joint that the heavy work heats.
pub const HEAVY: usize = 5;
/// Posture of the work: the demo's first, tool down.
const POSTURE: [f64; 6] = [0.0, 0.0, 0.0, 0.0, FRAC_PI_2, 0.0];
/// Half of the heavy swing, rad, and its time, s: 95 % of the joint's acceleration limit.
const SWING: (f64, f64) = (0.35, 0.46);
/// Payload of the heavy work: kg, m in the tool frame. At full speed it asks the last joint for almost
/// twice its rated torque.
pub const HEAVY_LOAD: (f64, [f64; 3]) = (2.0, [0.49, 0.0, 0.0]);
/// Heavier work, of forecast and throughput: the limit is passed within a quarter of an hour.
pub const FORECAST_LOAD: (f64, [f64; 3]) = (2.0, [0.53, 0.0, 0.0]);
/// What control is told when the payload will jump: half of the way, so that the jump is an error of
/// the feed-forward in both directions.
pub const EXPECTED_LOAD: (f64, [f64; 3]) = (2.0, [0.36, 0.0, 0.0]);
/// Payload of nominal work.
pub const LIGHT_LOAD: (f64, [f64; 3]) = (1.0, [0.2, 0.0, 0.0]);

pub type Points = Vec<([f64; 6], f64)>;

pub fn seconds(s: f64) -> Duration {
    Duration::from_secs_f64(s)
}

/// Swings of the last joint for `length` s of path time.
pub fn swings(length: f64) -> Points {
    let (half, time) = SWING;
    let count = (length / time).ceil() as usize;
    let point = |k: usize| {
        let mut position = POSTURE;
        position[HEAVY] = if k == 0 || k == count {
            0.0
        } else if k % 2 == 1 {
            half
        } else {
            -half
        };
        (position, 2.0 + k as f64 * time)
    };
    (0..=count).map(point).collect()
}

/// Payload that all joints feel in [`round`].
pub const BAG: (f64, [f64; 3]) = (4.0, [0.12, 0.0, 0.1]);
/// Half of it.
pub const HALF_BAG: (f64, [f64; 3]) = (2.0, [0.12, 0.0, 0.1]);
/// Posture of [`round`]: the arm stretched forward.
const STRETCHED: [f64; 6] = [0.0, 0.6, 0.4, 0.0, 0.6, 0.0];

/// All joints to and fro for `length` s of path time.
pub fn round(length: f64) -> Points {
    let time = 1.2;
    let count = (length / time).ceil() as usize;
    let way = [0.9, 0.5, 0.7, 1.2, 0.6, 1.2];
    let point = |k: usize| {
        let sign = if k == 0 || k == count {
            0.0
        } else if k % 2 == 1 {
            0.5
        } else {
            -0.5
        };
        let mut position = STRETCHED;
        position.iter_mut().zip(way).for_each(|(p, w)| *p += sign * w);
        (position, 2.0 + k as f64 * time)
    };
    (0..=count).map(point).collect()
}

/// An arm that is enabled and at work.
pub struct Work {
    pub arm: VirtualArm,
    goal: virtual_arm::GoalId,
    pub begun: f64,
}

impl Work {
    /// Starts `points` with temperatures (winding, housing) of all joints, a payload, and the
    /// payload that control reckons with.
    pub fn begin(
        seed: u64,
        mut config: VirtualConfig,
        points: &Points,
        warm: Option<(f64, f64)>,
        load: (f64, [f64; 3]),
        known: (f64, [f64; 3]),
    ) -> Result<Self> {
        config.with_thermal = true;
        (config.control.payload.mass, config.control.payload.center_of_mass) = known;
        let mut arm = VirtualArm::new(seed, config)?;
        if let Some((winding, housing)) = warm {
            arm.run_for(seconds(0.05));
            (0..6).for_each(|joint| arm.set_temperatures(joint, winding, housing, 30.0));
        }
        arm.hang_payload(load.0, load.1).map_err(|text| anyhow!(text))?;
        arm.enable().map_err(|text| anyhow!(text))?;
        let goal = arm.send_goal(arm.trajectory(points));
        let begun = at(&arm);
        Ok(Self { arm, goal, begun })
    }

    /// Seconds since the goal was sent.
    pub fn time(&self) -> f64 {
        at(&self.arm) - self.begun
    }

    pub fn goal(&self) -> GoalState {
        self.arm.goal(&self.goal)
    }

    /// Lets time pass; fails when the work was interrupted.
    pub fn run(&mut self, time: f64) -> Result<()> {
        self.arm.run_for(seconds(time));
        self.arm.verdict()?;
        if let Some(error) = self.arm.failure() {
            return Err(anyhow!("{error}"));
        }
        let state = self.goal();
        let fine = matches!(state, GoalState::Sent | GoalState::Active | GoalState::Succeeded);
        ensure!(fine, "{state:?}\n{}", self.arm.record().events().collect::<Vec<_>>().join("\n"));
        Ok(())
    }

    /// True winding temperature of the heavy joint, °C.
    pub fn winding(&self) -> f64 {
        self.arm.truth().winding_temperature[HEAVY]
    }

    /// What was done of the path, s.
    pub fn done(&self) -> Result<f64> {
        Ok(self.arm.heat().control.as_ref().context("control was not heard")?.path_time)
    }
}

/// World time, s.
pub fn at(arm: &VirtualArm) -> f64 {
    arm.now().0 as f64 * 1e-9
}
