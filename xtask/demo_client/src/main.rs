//! The working half of `cargo xtask demo`: launches the arm, enables it, sends the program as a
//! `FollowJointTrajectory` goal, shows what happens and measures it.
//!
//! The one rule: the reference is computed here from the program, and compared with the
//! simulator's true position at the same instant; the controller does not grade itself.

mod cell;
mod figures;
mod measure;
mod screen;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use measure::Recording;
use r2r::GoalStatus;
use rig::{ArmClient, GoalOutcome, Launch, Program};
use screen::Screen;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Enables the arm, moves it through a program, and measures.
#[derive(Debug, Parser)]
struct Arguments {
    /// The motion program.
    #[arg(long)]
    program: PathBuf,
    /// Where demo.json goes.
    #[arg(long)]
    report: PathBuf,
    /// Plain lines instead of a live picture.
    #[arg(long)]
    headless: bool,
    /// The cell and a station instead of the program.
    #[arg(long)]
    cell: bool,
    /// Use an arm that is already up in this ROS domain instead of launching one.
    #[arg(long)]
    attach: bool,
    /// When the command was typed, seconds since 1970: bring-up counts from here.
    #[arg(long)]
    since: Option<f64>,
}

/// The arm as it comes, with its black box; of that only a little is kept.
fn launch(more: &[&str]) -> Result<Launch> {
    let folder = std::path::absolute(rig::launch::target().join("recordings"))?;
    let recordings = format!("recordings:={}", folder.display());
    let mine = ["record:=true", &recordings, "recordings_mb:=512.0"];
    Launch::start("demo", &[&mine, more].concat())
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.cell {
        let good = cell::show(&arguments.report, || launch(&["cell:=true"]))?;
        ensure!(good, "the cell did not do as promised");
        return Ok(());
    }
    let program = Program::read(&arguments.program)?;
    let since = arguments.since.unwrap_or_else(unix_time);
    let mut screen = Screen::new(arguments.headless, &program);

    screen.say("launching armature_bringup arm.launch.xml");
    let launch = if arguments.attach { None } else { Some(launch(&[])?) };
    let mut arm = ArmClient::new("demo")?;
    if let Err(error) = arm.wait_until_up(Duration::from_secs(60)) {
        let log = launch.map_or(String::new(), |l| format!("; see {}", l.log().display()));
        anyhow::bail!("{error}{log}");
    }
    screen.say("enabling the drives");
    screen.say(&arm.trigger("arm/enable")?);
    arm.wait_for("a first true position of the simulator", Duration::from_secs(5), |w| {
        w.true_position().is_some()
    })?;

    let (recording, outcome) = run(&mut arm, &program, &mut screen)?;
    let summary = recording.summary(&program, since);
    let report = figures::report(&summary, &outcome);
    screen.finish();
    println!("{}", figures::joints_table(&program, &summary));
    println!("{}", figures::nodes_table(&summary));
    println!("{}", report.table());
    let path = report.write(&arguments.report, "demo").context("cannot write the report")?;
    println!("report: {}", path.display());
    ensure!(
        outcome.status == GoalStatus::Succeeded,
        "the motion failed: {} (error code {})",
        outcome.error_string,
        outcome.error_code
    );
    Ok(())
}

/// Sends the program and records until the goal has ended and the arm has stood for a second.
fn run(
    arm: &mut ArmClient,
    program: &Program,
    screen: &mut Screen,
) -> Result<(Recording, GoalOutcome)> {
    let mut recording = Recording::begin(&mut arm.world)?;
    let mut goal = arm.send(program.trajectory())?;
    let limit = SystemTime::now() + Duration::from_secs_f64(program.duration() * 2.0 + 20.0);
    let outcome = loop {
        let outcome = arm.poll_goal(&mut goal)?;
        recording.take(&mut arm.world);
        screen.show(&arm.world, &recording, program);
        if let Some(outcome) = outcome {
            break outcome;
        }
        ensure!(SystemTime::now() < limit, "the goal does not end: {}", arm.world.describe());
    };
    recording.stop_clock(&arm.world);
    arm.pump_for(Duration::from_secs(1));
    recording.take(&mut arm.world);
    Ok((recording, outcome))
}

/// Seconds since 1970.
fn unix_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}
