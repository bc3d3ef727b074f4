//! `cargo xtask test`: every stage from formatting to system tests, each with a
//! time limit, and one line of counts at the end.
//!
//! Rule: what needs no ROS runs first and fails first; a stage that depends on
//! a failed one is skipped and counted as failed. A new stage is one entry in
//! [`stages`].
//!
//! A system test runs a whole arm in real time. On a machine shared with others
//! everything may stand still for longer than a command is valid; the arm then
//! holds, as it must, and a test that wanted it to move fails. So a few failed
//! system tests get a second attempt, each alone, and the summary names those
//! that needed it. More than a few are no matter of chance.

use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::build::{self, cargo};
use crate::env::RosEnv;
use crate::prepare;
use crate::process::{Ending, run_limited};

/// What a person asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only tests whose name contains this; formatting and lints are left out.
    pub filter: Option<String>,
    /// Also the driver on a kernel CAN interface in an emulated machine.
    pub socketcan: bool,
    /// Also the system tests that take long.
    pub all: bool,
    /// Also the dashboard in Chromium.
    pub browser: bool,
    /// What takes hours, too.
    pub nightly: bool,
}

/// What a stage needs to have succeeded before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    RosBuild,
}

struct Stage {
    name: &'static str,
    limit: Duration,
    needs: Needs,
    /// Lints, builds and what has no tests to choose from; left out when a filter is given, unless
    /// tests need it.
    is_check: bool,
    /// Failed tests may be tried once more: they depend on real time.
    second_attempt: bool,
    command: fn(&Options) -> Result<Command>,
}

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

const BUILD: &str = "ROS 2, messages, nodes";

fn stages(options: &Options) -> Vec<Stage> {
    let stage = |is_check, name, limit, needs, command| {
        let second_attempt = false;
        Stage { name, limit, needs, is_check, second_attempt, command }
    };
    let check = |name, limit, needs, command| stage(true, name, limit, needs, command);
    let test = |name, limit, needs, command| stage(false, name, limit, needs, command);
    let hours_limit = minutes(if options.nightly { 1200 } else { 20 });
    let system_limit = minutes(if options.all { 90 } else { 30 });
    let mut stages = vec![
        check("formatting", minutes(2), Needs::Nothing, format_check),
        check("clippy, without ROS", minutes(20), Needs::Nothing, clippy_plain),
        test("unit and property tests", minutes(30), Needs::Nothing, unit_tests),
        test("code in the documentation", minutes(10), Needs::Nothing, documentation_tests),
        check("virtual hours of faults", hours_limit, Needs::Nothing, simulated_hours),
        test("CAN tools of others", minutes(10), Needs::Nothing, can_tools_tests),
        test(BUILD, minutes(40), Needs::Nothing, ros_build),
        check("clippy, with ROS", minutes(20), Needs::RosBuild, clippy_ros),
        test("unit tests with ROS", minutes(20), Needs::RosBuild, ros_unit_tests),
        Stage {
            second_attempt: true,
            ..test("system tests", system_limit, Needs::RosBuild, system_tests)
        },
    ];
    if options.nightly {
        stages.push(check(
            "search for bytes that break a decoder",
            minutes(120),
            Needs::Nothing,
            fuzz,
        ));
    }
    if options.browser {
        stages.push(Stage {
            second_attempt: true,
            ..test("the page in a browser", minutes(15), Needs::RosBuild, browser_tests)
        });
    }
    if options.socketcan {
        stages.push(test("kernel CAN", minutes(15), Needs::RosBuild, socketcan_test));
    }
    if options.filter.is_some() {
        stages.retain(|stage| !stage.is_check);
    }
    stages
}

fn format_check(_: &Options) -> Result<Command> {
    let mut command = cargo();
    command.args(["fmt", "--all", "--check"]);
    Ok(command)
}

/// In the profile of [`clippy_ros`], so that what both look at in passing is looked at once.
fn clippy_plain(_: &Options) -> Result<Command> {
    let mut command = cargo();
    command.args(["clippy", "--quiet", "--release", "--all-targets", "--", "--deny", "warnings"]);
    Ok(command)
}

fn unit_tests(options: &Options) -> Result<Command> {
    let mut command = cargo();
    // Examples are looked at by clippy; building them here takes longer than many a test.
    command.args(["test", "--quiet", "--no-fail-fast", "--tests"]);
    Ok(filtered(command, options))
}

fn documentation_tests(options: &Options) -> Result<Command> {
    let mut command = cargo();
    command.args(["test", "--quiet", "--no-fail-fast", "--doc"]);
    Ok(filtered(command, options))
}

/// The same hours every time: what changes is the code. One takes about a minute of one core; the
/// nightly tier plays a thousand.
fn simulated_hours(options: &Options) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    let hours = if options.nightly { "1000" } else { "1" };
    command.args(["simulate", "--seed", "1", "--hours", hours]);
    Ok(command)
}

fn fuzz(_: &Options) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("fuzz");
    Ok(command)
}

fn can_tools_tests(options: &Options) -> Result<Command> {
    let mut command = cargo();
    command.env("ARMATURE_TOOLS_PYTHON", prepare::tools()?);
    command.args(["test", "--quiet", "--package", "can_hub", "--features", "tools"]);
    command.args(["--test", "python_tools"]);
    Ok(filtered(command, options))
}

fn ros_build(_: &Options) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("build");
    Ok(command)
}

fn clippy_ros(_: &Options) -> Result<Command> {
    let mut command = in_ros(&RosEnv::ensure()?);
    command.args(["clippy", "--quiet", "--release", "--workspace", "--all-targets"]);
    command.args(["--features", &ros_features()]).args(["--", "--deny", "warnings"]);
    Ok(command)
}

fn ros_unit_tests(options: &Options) -> Result<Command> {
    let mut command = in_ros(&RosEnv::ensure()?);
    command.args(["test", "--quiet", "--release", "--no-fail-fast", "--lib", "--bins"]);
    command.args(["--package", "node", "--package", "rig", "--package", "demo_client"]);
    Ok(filtered(command, options))
}

fn system_tests(options: &Options) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("system").args(&options.filter);
    if options.all {
        command.arg("--all");
    }
    Ok(command)
}

/// Not in every run: Chromium is a large package, and every node dies once.
fn browser_tests(options: &Options) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["system", "--browser"]).args(&options.filter);
    Ok(command)
}

fn socketcan_test(_: &Options) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("socketcan");
    Ok(command)
}

fn in_ros(ros: &RosEnv) -> Command {
    let mut command = cargo();
    ros.apply(&mut command);
    command
}

fn ros_features() -> String {
    let nodes = build::nodes().map(|node| format!("{node}/ros"));
    nodes
        .chain(["armature/browser".to_owned(), "armature/system".to_owned()])
        .collect::<Vec<_>>()
        .join(",")
}

fn filtered(mut command: Command, options: &Options) -> Command {
    if let Some(filter) = &options.filter {
        command.args(["--", filter]);
    }
    command
}

/// Tests that passed and failed, as their runner said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    passed: u32,
    failed: u32,
}

impl Counts {
    /// Adds what a closing line of cargo test or pytest says; other lines say nothing.
    fn read(&mut self, line: &str) {
        let closing = line.starts_with("test result:") || line.starts_with("==");
        if closing {
            self.passed += number_before(line, "passed");
            self.failed += number_before(line, "failed");
        }
    }
}

fn number_before(line: &str, word: &str) -> u32 {
    let mut before = 0;
    for part in line.split([' ', ';', ',', '.']).filter(|part| !part.is_empty()) {
        if part == word {
            return before;
        }
        before = part.parse().unwrap_or(0);
    }
    0
}

/// So many failed tests of a stage may be tried once more.
const FEW: usize = 3;

/// The name in a line by which a quiet test runner tells that a test failed.
fn failed_test(line: &str) -> Option<&str> {
    line.strip_suffix(" --- FAILED").filter(|name| !name.contains(' '))
}

/// How a stage ended.
struct Outcome {
    name: &'static str,
    counts: Counts,
    ok: bool,
    detail: String,
    took: Duration,
}

/// Runs all stages and prints the summary; true when nothing failed.
pub fn test(options: &Options) -> bool {
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut has_build = true;
    for stage in stages(options) {
        let outcome = match stage.needs {
            Needs::RosBuild if !has_build => skipped(&stage),
            _ => run_stage(&stage, options),
        };
        has_build &= stage.name != BUILD || outcome.ok;
        outcomes.push(outcome);
    }
    summarise(&outcomes)
}

fn skipped(stage: &Stage) -> Outcome {
    let counts = Counts { passed: 0, failed: 1 };
    let detail = format!("skipped: \"{BUILD}\" failed");
    Outcome { name: stage.name, counts, ok: false, detail, took: Duration::ZERO }
}

fn run_stage(stage: &Stage, options: &Options) -> Outcome {
    println!("\n=== {} (limit {} min)", stage.name, stage.limit.as_secs() / 60);
    let start = Instant::now();
    let (mut counts, mut failed) = (Counts::default(), Vec::new());
    let (mut ok, mut detail) = run(stage, options, |line| {
        counts.read(line);
        failed.extend(failed_test(line).map(str::to_owned));
    });
    let accountable = failed.len() == counts.failed as usize && failed.len() <= FEW;
    if !ok && stage.second_attempt && accountable && !failed.is_empty() {
        let again = failed.iter().filter(|name| attempt_again(stage, options, name)).count();
        counts.passed += u32::try_from(again).unwrap_or(0);
        counts.failed -= u32::try_from(again).unwrap_or(0);
        ok = counts.failed == 0;
        let names = failed.join(", ");
        detail = format!("{again} of {} passed at the second attempt: {names}", failed.len());
    }
    // A stage that fails outside a test must not look like a success.
    if !ok && counts.failed == 0 {
        counts.failed = 1;
    }
    Outcome { name: stage.name, counts, ok, detail, took: start.elapsed() }
}

/// Runs the command of a stage; whether it succeeded, and how it ended.
fn run(stage: &Stage, options: &Options, each_line: impl FnMut(&str) + Send) -> (bool, String) {
    let command = (stage.command)(options);
    match command.and_then(|mut command| run_limited(&mut command, stage.limit, each_line)) {
        Ok(Ending::Exited(status)) if status.success() => (true, "ok".to_owned()),
        Ok(Ending::Exited(status)) => (false, status.to_string()),
        Ok(Ending::TimedOut) => (false, "ended at its time limit".to_owned()),
        Err(error) => (false, format!("{error:#}")),
    }
}

/// Runs one test of a stage once more; whether it passed.
fn attempt_again(stage: &Stage, options: &Options, name: &str) -> bool {
    println!("\n=== {name}: second attempt");
    let options = Options { filter: Some(name.to_owned()), ..options.clone() };
    let mut counts = Counts::default();
    let (ok, _) = run(stage, &options, |line| counts.read(line));
    ok && counts.passed > 0 && counts.failed == 0
}

fn summarise(outcomes: &[Outcome]) -> bool {
    println!("\n=== summary");
    for Outcome { name, counts, ok, detail, took } in outcomes {
        let mark = if *ok { "ok    " } else { "FAILED" };
        let Counts { passed, failed } = counts;
        let took = took.as_secs_f64();
        println!("{mark} {name:<26} {took:>7.1} s  {passed:>4} / {failed:<4} {detail}");
    }
    let total = |pick: fn(&Counts) -> u32| outcomes.iter().map(|o| pick(&o.counts)).sum::<u32>();
    println!("\n{} passed, {} failed", total(|c| c.passed), total(|c| c.failed));
    outcomes.iter().all(|outcome| outcome.ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_cargo_and_pytest_are_counted_and_others_are_not() {
        let mut counts = Counts::default();
        counts.read("test result: ok. 12 passed; 1 failed; 0 ignored; 0 measured");
        counts.read("========= 1 failed, 3 passed in 2.14s =========");
        counts.read("running 99 tests, 5 passed");
        counts.read("    test result: FAILED. 0 passed; 1 failed");
        assert_eq!(counts, Counts { passed: 15, failed: 2 });
    }

    #[test]
    fn the_name_of_a_failed_test_is_read_from_its_line_only() {
        assert_eq!(failed_test("chaos::a_b --- FAILED"), Some("chaos::a_b"));
        assert_eq!(failed_test("it said: x --- FAILED"), None);
        assert_eq!(failed_test("test result: FAILED. 0 passed"), None);
    }

    #[test]
    fn filter_leaves_out_formatting_and_lints_but_not_the_build() {
        let options = Options { filter: Some("lease".into()), ..Options::default() };
        let names: Vec<_> = stages(&options).iter().map(|stage| stage.name).collect();
        assert!(names.contains(&BUILD) && !names.contains(&"formatting"));
    }
}
