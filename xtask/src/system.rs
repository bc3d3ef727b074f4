//! Tests of the whole arm, each in a process of its own: a ROS context, and the domain it is in, lasts
//! as long as its process.
//!
//! The one rule: what a test said is kept in `target/log/system/`, whatever became of it; on the
//! terminal a test is one line as long as it passes.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::build::cargo;
use crate::env::RosEnv;
use crate::prepare::browser::Browser;
use crate::process::{Ending, output, run_quietly};
use crate::{paths, prepare, station};

/// Longest time for one test: the arm is up in seconds, so this is a test that hangs.
const LIMIT: Duration = Duration::from_secs(300);
/// The same for a test that takes long by nature (`#[ignore]`).
const LONG_LIMIT: Duration = Duration::from_secs(2700);

/// Which tests to run.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Part of their names; empty for any.
    pub filter: String,
    /// Also those that take long (`#[ignore]`).
    pub all: bool,
    /// Of which set.
    pub tests: Tests,
}

/// A set of tests that is built at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tests {
    /// Everything but the page of the dashboard.
    #[default]
    System,
    /// The page in Chromium, which is prepared on first use.
    Browser,
}

impl Tests {
    /// The test target, and the feature that it needs.
    fn target(self) -> (&'static str, &'static str) {
        match self {
            Self::System => ("system", "system"),
            Self::Browser => ("browser_dashboard", "browser"),
        }
    }
}

/// The built tests and what they run in.
#[derive(Debug)]
pub struct Suite {
    ros: RosEnv,
    python: PathBuf,
    /// Where stations in Python find what they import.
    stations: OsString,
    browser: Option<Browser>,
    binary: PathBuf,
    /// The names of those that take long.
    long: Vec<String>,
}

/// How one test went.
#[derive(Debug)]
pub struct Trial {
    /// It passed.
    pub passed: bool,
    /// How long it took.
    pub took: Duration,
    /// All that it said.
    pub said: String,
}

impl Suite {
    /// Builds the tests; the nodes must have been built.
    ///
    /// # Errors
    /// What does not compile, or cannot be started.
    pub fn build(tests: Tests) -> Result<Self> {
        let (target, feature) = tests.target();
        let needs_browser = tests == Tests::Browser;
        let browser = needs_browser.then(prepare::browser::ensure).transpose()?;
        let ros = RosEnv::ensure()?;
        let mut command = cargo();
        ros.apply(&mut command);
        command.args(["test", "--no-run", "--quiet", "--release", "--message-format"]);
        command.arg("json-render-diagnostics");
        command.args(["--package", "armature", "--features", feature, "--test", target]);
        command.stderr(Stdio::inherit());
        let messages = output(&mut command).context("building the system tests")?;
        let binary = executable(&messages).context("cargo names no executable of the tests")?;
        let python = prepare::tools()?;
        let stations = station::search_path(&ros)?;
        let mut suite = Self { ros, python, stations, browser, binary, long: Vec::new() };
        suite.long = suite.listed(&["--ignored"])?;
        Ok(suite)
    }

    /// The names of the chosen tests, in alphabetical order.
    ///
    /// # Errors
    /// When the tests cannot be listed.
    pub fn names(&self, choice: &Choice) -> Result<Vec<String>> {
        let mut names = self.listed(&[&choice.filter])?;
        names.retain(|name| choice.all || !self.long.contains(name));
        names.sort();
        Ok(names)
    }

    fn listed(&self, words: &[&str]) -> Result<Vec<String>> {
        let mut command = self.command();
        command.args(["--list", "--format", "terse"]).args(words);
        Ok(test_names(&output(&mut command)?))
    }

    /// Runs one test, `--ignored` or not; what it needs to know beyond that goes through `set`.
    ///
    /// # Errors
    /// When it cannot be started or its log not be written.
    pub fn run(&self, name: &str, set: &[(&str, &str)]) -> Result<Trial> {
        let log = log_of(name)?;
        let file = File::create(&log).with_context(|| log.display().to_string())?;
        let mut command = self.command();
        command.args(["--exact", name, "--include-ignored", "--nocapture", "--test-threads=1"]);
        command.envs(set.iter().copied());
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let start = Instant::now();
        let is_long = self.long.iter().any(|long| long == name);
        let limit = if is_long { LONG_LIMIT } else { LIMIT };
        let ending = run_quietly(&mut command, limit)?;
        let took = start.elapsed();
        let mut said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        if ending == Ending::TimedOut {
            said.push_str(&format!("\nended after {} s\n", limit.as_secs()));
        }
        let passed = matches!(ending, Ending::Exited(status) if status.success());
        // A test that is renamed or filtered out passes without having run.
        if passed && !said.contains("1 passed") {
            bail!("{name}: no such test");
        }
        Ok(Trial { passed, took, said })
    }

    fn command(&self) -> Command {
        let mut command = self.ros.command(&self.binary);
        command.env("ARMATURE_TOOLS_PYTHON", &self.python).current_dir(paths::root());
        command.env(station::PACKAGES, &self.stations);
        self.browser.iter().for_each(|browser| browser.apply(&mut command));
        command
    }
}

/// Runs the chosen tests one after the other and says how each went, in the words of the common test
/// runner; true when all passed.
///
/// # Errors
/// When they cannot be built or started.
pub fn run(choice: &Choice) -> Result<bool> {
    let suite = Suite::build(choice.tests)?;
    let names = suite.names(choice)?;
    println!("running {} tests, each in a process of its own", names.len());
    let mut failed = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let trial = suite.run(name, &[])?;
        let mark = if trial.passed { "ok    " } else { "FAILED" };
        let seconds = trial.took.as_secs_f64();
        println!("{mark} {seconds:>6.1} s  {:>2}/{}  {name}", index + 1, names.len());
        if !trial.passed {
            println!("{}\n{name} --- FAILED", quoted(&trial.said));
            failed.push(name);
        }
    }
    let passed = names.len() - failed.len();
    let word = if failed.is_empty() { "ok" } else { "FAILED" };
    println!("test result: {word}. {passed} passed; {} failed", failed.len());
    Ok(failed.is_empty())
}

/// What a test said, set off from what is said of it: its own closing line counts nowhere.
fn quoted(said: &str) -> String {
    said.trim_end().lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn log_of(name: &str) -> Result<PathBuf> {
    let folder = paths::target().join("log").join("system");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("{}.log", name.replace("::", "-"))))
}

/// The executable that cargo's messages name last.
fn executable(messages: &str) -> Option<PathBuf> {
    let lines = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    let mut named = lines.filter_map(|message: serde_json::Value| {
        message.get("executable")?.as_str().map(|path| Path::new(path).to_owned())
    });
    named.next_back()
}

/// What a terse list calls a test.
fn test_names(list: &str) -> Vec<String> {
    list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_failed_test_are_not_taken_for_those_of_the_runner() {
        let said = quoted("running 1 test\ntest result: FAILED. 0 passed; 1 failed\n\n");
        assert_eq!(said, "    running 1 test\n    test result: FAILED. 0 passed; 1 failed");
    }

    #[test]
    fn the_executable_is_found_among_messages_of_all_kinds() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\nnoise\n\
                        {\"reason\":\"compiler-artifact\",\"executable\":\"/t/system-1\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/system-1")));
        assert_eq!(executable("{}"), None);
    }

    #[test]
    fn benchmarks_and_counts_are_no_tests() {
        let list = "chaos_01::holds: test\nfast: benchmark\n\n2 tests, 1 benchmark\n";
        assert_eq!(test_names(list), ["chaos_01::holds"]);
    }
}
