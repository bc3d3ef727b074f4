//! `cargo xtask …`: everything a person types.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use xtask::bench::{self, Bench};
use xtask::env::RosEnv;
use xtask::simulate::{self, Task};
use xtask::station::{self, Language};
use xtask::system::{self, Choice, Tests};
use xtask::upgrade::{self, Node};
use xtask::{
    api, build, chaos, demo, doctor, fuzz, heat, paths, replay, socketcan, status, targets, test,
};

/// Builds, runs and tests the Armature servo arm.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

/// What can be drawn.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Picture {
    /// Temperatures, bounds, alarms, derating.
    Thermal,
    /// A motion among obstacles, its speed and torque.
    Planning,
    /// The page of the working arm.
    Dashboard,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Bring the simulated arm up by ros2 launch and watch it pick and place.
    Demo {
        /// Plain lines, no picture; for scripts. The exit code says whether the motion succeeded.
        #[arg(long)]
        headless: bool,
        /// The cell instead: a line that goes on while a station joins and is killed.
        #[arg(long)]
        cell: bool,
    },
    /// Write a station that runs, as a beginning: stations/NAME/.
    NewStation {
        /// Its name: a to z, 0 to 9 and _, first a letter.
        name: String,
        /// What it is written in.
        #[arg(long)]
        lang: Language,
    },
    /// Run a station beside a cell: cargo xtask station inspection camera_1
    Station {
        /// The one of that name in stations/, or a program in Python.
        which: String,
        /// Words for it, the name that it shall have for one.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Run every test: formatting, lints, unit tests, then the whole system.
    Test {
        /// Only tests whose name contains this.
        filter: Option<String>,
        /// Also run the driver on a kernel CAN interface in an emulated machine.
        #[arg(long)]
        socketcan: bool,
        /// Also the system tests that take long.
        #[arg(long)]
        all: bool,
        /// Also look at the dashboard with Chromium; installs it when it is not there.
        #[arg(long)]
        browser: bool,
        /// Also what takes hours: a thousand virtual ones instead of one.
        #[arg(long)]
        nightly: bool,
    },
    /// Prepare ROS 2 if needed; build and install messages, nodes, launch files.
    Build {
        /// Messages only.
        #[arg(long)]
        messages: bool,
    },
    /// Run the ros2 command line: cargo xtask ros2 -- topic list
    Ros2 {
        /// What follows `ros2`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Open a shell (or run one command) in the ROS 2 environment.
    Shell {
        /// A command to run instead of a shell.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Measure what was promised; writes target/report/bench_<NAME>.json.
    Bench {
        /// What to measure.
        name: Bench,
        /// Fewer trials, at most three minutes.
        #[arg(long)]
        quick: bool,
        /// One part only: idle, kill, freeze, hand-over, roll-back or restart of `control`, virtual or alarm
        /// of `thermal`.
        #[arg(long)]
        only: Option<String>,
    },
    /// Replace a node of the running arm, in motion; the old one goes on when the new one is no good.
    Upgrade {
        /// What to replace.
        node: Node,
        /// The new executable.
        #[arg(long)]
        binary: PathBuf,
        /// How long the predecessor watches and may take back, s.
        #[arg(long, default_value_t = 5.0)]
        canary: f64,
    },
    /// Show the whole arm in a live table, also while half of it is dead.
    Status {
        /// Print it once, plain.
        #[arg(long)]
        once: bool,
        /// ROS namespace of the arm.
        #[arg(long, default_value = "/")]
        namespace: String,
    },
    /// Play seeded schedules of faults on the virtual arm and check every rule at every step:
    /// cargo xtask simulate --seed 1 --hours 10 --faults crash,partition
    #[command(disable_help_flag = true)]
    Simulate {
        /// --seed, --hours, --faults, --replay FILE, --schedule N, --threads, --shrink S; --help tells.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Count downtime under the same faults in many processes and in one:
    /// cargo xtask availability --seed 1 --faults 200
    #[command(disable_help_flag = true)]
    Availability {
        /// --seed, --seeds, --faults; --help tells.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Hurt the whole arm, again and again, and tell how fast it coped; writes target/report/chaos.json.
    Chaos {
        /// Only the case of this number (docs/degrade.md), long or not.
        #[arg(long)]
        case: Option<u32>,
        /// Seed of the first run; every repetition takes the next one.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Runs of each case.
        #[arg(long, default_value_t = 1)]
        repeat: u64,
        /// Also the cases that take long.
        #[arg(long)]
        all: bool,
        /// Hurt nobody: write docs/degrade.md from what the cases say of themselves.
        #[arg(long, conflicts_with_all = ["case", "seed", "repeat", "all"])]
        document: bool,
    },
    /// Search for bytes that break a decoder, guided by coverage; needs a nightly compiler.
    Fuzz {
        /// Decoders, all without a name: can_frame, sdo, socketcand, message, recording, parameters, urdf, mesh.
        decoders: Vec<String>,
        /// Time for each, min.
        #[arg(long, default_value_t = 10.0)]
        minutes: f64,
    },
    /// Write docs/api.md and docs/nodes/ from msg/ and the nodes.
    Api,
    /// Say what is there, what is missing, and what to do.
    Doctor,
    /// List every figure of target/report/ against its limit, what falls short first; or draw heat or a motion.
    Report {
        /// Draw something instead: `thermal` writes target/report/thermal.svg, `planning` planning.svg,
        /// `dashboard` dashboard.png.
        what: Option<Picture>,
        /// `thermal`: the recording to draw (MCAP); without one, work of the virtual arm. `planning`:
        /// the name of a problem, shelf_01 for one.
        recording: Option<PathBuf>,
        /// Draw what a running arm says.
        #[arg(long, conflicts_with = "recording")]
        live: bool,
        /// How long to listen or to let the virtual arm work, s.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Fit the motors' thermal parameters to a recording (MCAP) and report the residual.
    IdentifyThermal {
        /// The recording.
        bag: PathBuf,
    },
    /// Feed recordings into a node's library, with their time as its clock, and tell what it would say.
    Replay {
        /// Recordings (MCAP), oldest first.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Whose library: thermal, joint_state or recorder.
        #[arg(long)]
        node: String,
        /// Parameter file of the node; those of config/ without one.
        #[arg(long)]
        config: Option<PathBuf>,
        /// Write the outputs as a recording (MCAP) instead of lines.
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Print a completion script for the alias xtask="cargo xtask".
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// The tests of the whole arm alone, on what is built: a stage of `test`.
    #[command(hide = true)]
    System {
        /// Only tests whose name contains this.
        #[arg(default_value = "")]
        filter: String,
        /// Also those that take long.
        #[arg(long)]
        all: bool,
        /// Those of the dashboard's page in Chromium instead.
        #[arg(long)]
        browser: bool,
    },
    /// The stage of `test --socketcan`.
    #[command(hide = true)]
    Socketcan,
}

fn main() -> ExitCode {
    match run(Arguments::parse().verb) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> Result<bool> {
    match verb {
        Verb::Demo { headless, cell: true } => demo::cell(headless),
        Verb::Demo { headless, cell: false } => demo::demo(headless),
        Verb::NewStation { name, lang } => station::create(&name, lang),
        Verb::Station { which, words } => station::run(&which, &words),
        Verb::Test { filter, socketcan, all, browser, nightly } => {
            Ok(test::test(&test::Options { filter, socketcan, all, browser, nightly }))
        }
        Verb::System { filter, all, browser } => {
            let tests = if browser { Tests::Browser } else { Tests::System };
            system::run(&Choice { filter, all, tests })
        }
        Verb::Build { messages: true } => build::messages(&RosEnv::ensure()?).map(|()| true),
        Verb::Build { messages: false } => build::everything().map(|_| true),
        Verb::Ros2 { words } => become_program("ros2", &words),
        Verb::Shell { words } => shell(&words),
        Verb::Bench { name, quick, only } => bench::bench(name, quick, only.as_deref()),
        Verb::Upgrade { node, binary, canary } => upgrade::upgrade(node, &binary, canary),
        Verb::Status { once, namespace } => status::status(once, &namespace),
        Verb::Simulate { words } => simulate::run(Task::Campaign, &words),
        Verb::Availability { words } => simulate::run(Task::Availability, &words),
        Verb::Fuzz { decoders, minutes } => fuzz::fuzz(&fuzz::Wish { decoders, minutes }),
        Verb::Chaos { document: true, .. } => chaos::document(),
        Verb::Chaos { case, seed, repeat, all, .. } => {
            chaos::run(&chaos::Wish { case, seed, repeat, all })
        }
        Verb::Api => api::document(),
        Verb::Doctor => Ok(doctor::doctor()),
        Verb::Report { what: None, .. } => targets::print(&paths::reports()),
        Verb::Report { what: Some(Picture::Thermal), recording, live, seconds } => {
            heat::plot(recording, live, seconds)
        }
        Verb::Report { what: Some(Picture::Planning), recording, .. } => {
            bench::draw_planning(recording.as_deref())
        }
        Verb::Report { what: Some(Picture::Dashboard), .. } => bench::draw_dashboard(),
        Verb::IdentifyThermal { bag } => heat::identify(&bag),
        Verb::Replay { files, node, config, output } => {
            replay::replay(&replay::Wish { files, node, config, output })
        }
        Verb::Completions { shell } => {
            completions(shell);
            Ok(true)
        }
        Verb::Socketcan => socketcan::test().map(|()| true),
    }
}

fn shell(words: &[OsString]) -> Result<bool> {
    match words.split_first() {
        Some((program, rest)) => become_program(&program.to_string_lossy(), rest),
        None => {
            let shell = std::env::var("SHELL").unwrap_or_else(|_| "/bin/sh".into());
            eprintln!("ROS 2 Jazzy; leave with exit");
            become_program(&shell, &[])
        }
    }
}

/// Replaces this process by `program` in the ROS environment: signals and the
/// exit code are then the program's own.
fn become_program(program: &str, words: &[OsString]) -> Result<bool> {
    let ros = RosEnv::ensure()?;
    build::messages(&ros)?;
    let mut command: Command = ros.command(program);
    let error = command.args(words).exec();
    Err(error).with_context(|| format!("cannot start {program}"))
}

fn completions(shell: Shell) {
    clap_complete::generate(shell, &mut Arguments::command(), "xtask", &mut std::io::stdout());
}
