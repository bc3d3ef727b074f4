//! The steps that fault cases share: bring the arm up, get it moving, hurt it, look.

use crate::client::{ArmClient, GoalOutcome, RunningGoal};
use crate::launch::Launch;
use crate::process;
use crate::program::Program;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use r2r::armature_msgs::msg::{ArmStatus, ControlState};
use r2r::lifecycle_msgs::msg::Transition;
use r2r::lifecycle_msgs::srv::ChangeState;
use r2r::std_srvs::srv::Trigger;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest time for a lifecycle transition.
const CHANGE: Duration = Duration::from_secs(10);

/// The arm, a client and a program to run.
pub struct Scenario {
    /// The running launch file; ends with the scenario.
    pub launch: Launch,
    /// The client.
    pub arm: ArmClient,
    /// Pick and place.
    pub program: Program,
}

/// Which process ran under which node name.
pub type Boots = BTreeMap<String, u64>;

/// Nodes that stand for hardware.
pub const HARDWARE: [&str; 2] = ["can_hub", "servo_sim"];

impl Scenario {
    /// Brings the arm up, drives without power.
    ///
    /// # Errors
    /// When it does not come up in 60 s.
    pub fn up(name: &str, arguments: &[&str]) -> Result<Self> {
        Self::over(Launch::start(name, arguments)?)
    }

    /// Waits until an arm that was launched is up, drives without power.
    ///
    /// # Errors
    /// When it does not come up in 60 s.
    pub fn over(launch: Launch) -> Result<Self> {
        let mut arm = ArmClient::new("rig")?;
        let program = demo_program()?;
        arm.wait_until_up(Duration::from_secs(60))
            .with_context(|| format!("launch output:\n{}", launch.output()))?;
        Ok(Self { launch, arm, program })
    }

    /// Brings the arm up and enables it.
    ///
    /// # Errors
    /// When it does not come up or cannot be enabled.
    pub fn enabled(name: &str, arguments: &[&str]) -> Result<Self> {
        let mut scenario = Self::up(name, arguments)?;
        scenario.enable()?;
        Ok(scenario)
    }

    /// Gives the arm power and waits until control holds it.
    ///
    /// # Errors
    /// With the refusal, or when it is not held within 5 s.
    pub fn enable(&mut self) -> Result<Duration> {
        self.arm.trigger("arm/enable")?;
        self.arm.wait_for("control to hold the arm", Duration::from_secs(5), |w| {
            w.phase() == Some(ControlState::HOLDING as u8) && w.true_position().is_some()
        })
    }

    /// Nodes by the process that they run in, as far as heard.
    #[must_use]
    pub fn processes(&self) -> BTreeMap<u32, Vec<String>> {
        let mut processes = BTreeMap::<u32, Vec<String>>::new();
        for (node, beat) in &self.arm.world.heartbeats {
            processes.entry(beat.pid).or_default().push(node.clone());
        }
        processes
    }

    /// Starts the program and waits until the arm is in the middle of it.
    ///
    /// # Errors
    /// When it does not get there.
    pub fn start_motion(&mut self) -> Result<RunningGoal> {
        let goal = self.arm.send(self.program.trajectory())?;
        self.wait_for_motion()?;
        Ok(goal)
    }

    /// Waits until the arm is in the middle of the program.
    ///
    /// # Errors
    /// When it does not get there.
    pub fn wait_for_motion(&mut self) -> Result<Duration> {
        self.arm.wait_for("the middle of the motion", Duration::from_secs(20), |w| {
            w.control
                .as_ref()
                .is_some_and(|c| c.phase == ControlState::EXECUTING as u8 && c.path_time > 2.2)
        })
    }

    /// A goal that is under way, another one when the last has succeeded.
    ///
    /// # Errors
    /// When it ended otherwise, or the next is not accepted.
    pub fn keep_moving(&mut self, goal: &mut Option<RunningGoal>) -> Result<()> {
        let over = match goal {
            Some(running) => self.arm.poll_goal(running)?,
            None => None,
        };
        if let Some(outcome) = over {
            ensure!(outcome.status == r2r::GoalStatus::Succeeded, "{outcome:?}");
            *goal = None;
        }
        if goal.is_none() {
            *goal = Some(self.arm.send(self.program.trajectory())?);
        }
        Ok(())
    }

    /// Keeps the arm moving for so long; whether it was enabled all the time.
    ///
    /// # Errors
    /// When a goal ends otherwise than in success.
    pub fn move_for(&mut self, goal: &mut Option<RunningGoal>, time: Duration) -> Result<bool> {
        let until = Instant::now() + time;
        let enabled = |s: &Self| s.arm.world.mode() == Some(ArmStatus::ENABLED as u8);
        while Instant::now() < until {
            match self.keep_moving(goal) {
                Err(error) if enabled(self) => return Err(error),
                _ if !enabled(self) => return Ok(false),
                _ => {}
            }
        }
        Ok(true)
    }

    /// Asks a node for a lifecycle transition, by its id in `lifecycle_msgs/msg/Transition`.
    ///
    /// # Errors
    /// With the refusal.
    pub fn change_state(&mut self, node: &str, id: u8) -> Result<()> {
        let request = ChangeState::Request { transition: Transition { id, ..Default::default() } };
        let name = format!("{node}/change_state");
        let answer = self.arm.call::<ChangeState::Service>(&name, &request, CHANGE)?;
        ensure!(answer.success, "{node} refuses transition {id}");
        Ok(())
    }

    /// Boot ids of all nodes heard so far.
    #[must_use]
    pub fn boots(&self) -> Boots {
        let beats = self.arm.world.heartbeats.iter();
        beats.map(|(node, beat)| (node.clone(), beat.boot_id)).collect()
    }

    /// Sends `signal` to a node by the process id in its heartbeat.
    ///
    /// # Errors
    /// When the node was never heard.
    pub fn signal(&mut self, node: &str, signal: i32) -> Result<()> {
        let pid = self.arm.world.pid(node);
        process::signal(pid.with_context(|| format!("{node} was never heard"))?, signal)
    }

    /// Kills a node without warning, and whoever shares its process.
    ///
    /// # Errors
    /// When the node was never heard.
    pub fn kill(&mut self, node: &str) -> Result<()> {
        self.signal(node, libc::SIGKILL)
    }

    /// Waits until `node` speaks with another boot id than in `before`.
    ///
    /// # Errors
    /// When launch does not bring it back in 10 s.
    pub fn wait_until_back(&mut self, node: &str, before: &Boots) -> Result<Duration> {
        let old = before.get(node).copied();
        let name = node.to_owned();
        self.arm.wait_for(&format!("{node} to come back"), Duration::from_secs(10), move |w| {
            w.heartbeats.get(&name).is_some_and(|beat| Some(beat.boot_id) != old)
        })
    }

    /// Waits until the arm is in a mode of `arm/status`.
    ///
    /// # Errors
    /// After `limit`.
    pub fn wait_for_mode(&mut self, mode: u8, limit: Duration) -> Result<Duration> {
        self.arm.wait_for(&format!("arm mode {mode}"), limit, |w| w.mode() == Some(mode))
    }

    /// Waits for HOLD (a fault was noticed).
    ///
    /// # Errors
    /// After 2 s.
    pub fn wait_for_hold(&mut self) -> Result<Duration> {
        self.wait_for_mode(ArmStatus::HOLD as u8, Duration::from_secs(2))
    }

    /// All nodes but `except` run as the same process as in `before`.
    ///
    /// # Errors
    /// Naming the node that was restarted.
    pub fn expect_undisturbed(&self, before: &Boots, except: &[&str]) -> Result<()> {
        for (node, boot) in self.boots() {
            if !except.contains(&node.as_str()) {
                ensure!(
                    before.get(&node).is_none_or(|old| *old == boot),
                    "{node} was restarted although it had no part"
                );
            }
        }
        Ok(())
    }

    /// The arm stands still, by the simulator's truth, for `time`.
    ///
    /// # Errors
    /// Naming the joint that moved and how far.
    pub fn expect_rest(&mut self, time: Duration) -> Result<()> {
        self.arm.pump();
        let begin = position(&self.arm.world)?;
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.arm.pump();
            for (joint, (a, b)) in begin.iter().zip(position(&self.arm.world)?).enumerate() {
                ensure!(
                    (a - b).abs() < 2e-3,
                    "joint {} moved {:.4} rad without a yes",
                    joint + 1,
                    b - a
                );
            }
        }
        Ok(())
    }

    /// Calls `arm/resume`, again and again while it is refused because something is still on its
    /// way up.
    ///
    /// # Errors
    /// With the last refusal after 10 s.
    pub fn resume(&mut self) -> Result<String> {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            match self.arm.trigger("arm/resume") {
                Ok(text) => return Ok(text),
                Err(error) if Instant::now() > until => return Err(error),
                Err(_) => self.arm.pump_for(Duration::from_millis(200)),
            }
        }
    }

    /// As [`Scenario::say_yes`]; the time from the yes until the arm is on its way.
    ///
    /// # Errors
    /// With the last refusal after 15 s, or when nothing moves after a yes.
    pub fn set_going(&mut self) -> Result<Duration> {
        let yes = self.say_yes()?;
        self.arm.wait_for("motion after arm/resume", Duration::from_secs(10), |w| {
            let moving = [ControlState::BLENDING as u8, ControlState::EXECUTING as u8];
            w.phase().is_some_and(|phase| moving.contains(&phase))
        })?;
        Ok(yes.elapsed())
    }

    /// `arm/resume`, with `arm/clear_faults` where that is asked for, until it is granted; when that was
    /// asked for.
    ///
    /// # Errors
    /// With the last refusal after 15 s.
    pub fn say_yes(&mut self) -> Result<Instant> {
        let limit = Duration::from_secs(15);
        let resume = self.arm.find::<Trigger::Service>("arm/resume", limit)?;
        let until = Instant::now() + limit;
        loop {
            let asked = Instant::now();
            let answer = resume.request(&Trigger::Request {})?;
            let answer = self.arm.complete("an answer of arm/resume", limit, answer)??;
            if answer.success {
                return Ok(asked);
            }
            ensure!(Instant::now() < until, "arm/resume was refused: {}", answer.message);
            if answer.message.contains("clear_faults") {
                self.arm.trigger("arm/clear_faults")?;
            }
            self.arm.pump_for(Duration::from_millis(100));
        }
    }

    /// When control began to stop the arm, s of the steady clock; of what was heard since
    /// [`World::take_control_states`] was called last.
    #[must_use]
    pub fn stop_began(&mut self) -> Option<f64> {
        let stopping = [ControlState::STOPPING as u8, ControlState::PAUSED as u8];
        let states = self.arm.world.take_control_states();
        let first = states.iter().find(|state| stopping.contains(&state.phase));
        first.map(|state| state.reference_at_ns as f64 * 1e-9)
    }

    /// The goal succeeds and the arm is where the program ends.
    ///
    /// # Errors
    /// With the outcome or the deviation.
    pub fn expect_success(&mut self, goal: &mut RunningGoal) -> Result<GoalOutcome> {
        let limit = Duration::from_secs_f64(self.program.duration() * 2.0 + 10.0);
        let outcome = self.arm.finish(goal, limit)?;
        ensure!(
            outcome.status == r2r::GoalStatus::Succeeded,
            "the goal ended as {:?}: {} ({})",
            outcome.status,
            outcome.error_string,
            outcome.error_code
        );
        self.arm.pump_for(Duration::from_millis(500));
        let end = self.program.waypoints.last().map(|w| w.position.clone()).unwrap_or_default();
        for (joint, (want, is)) in end.iter().zip(position(&self.arm.world)?).enumerate() {
            ensure!(
                (want - is).abs() < 1e-2,
                "joint {} ended {:.4} rad off its goal",
                joint + 1,
                is - want
            );
        }
        Ok(outcome)
    }
}

fn position(world: &World) -> Result<Vec<f64>> {
    Ok(world.true_position().context("the simulator's truth was never heard")?.to_vec())
}

/// The program of the demo.
///
/// # Errors
/// When the file is broken.
pub fn demo_program() -> Result<Program> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/demo/pick_and_place.yaml");
    Program::read(&file)
}
