//! Command lines as a person types them, and the daemon that makes those of `ros2` quick.

use crate::launch::target;
use crate::process::Process;
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The daemon of the `ros2` command line in this process's domain; ended with the test.
#[derive(Debug)]
pub struct Daemon;

impl Daemon {
    /// Starts it.
    ///
    /// # Errors
    /// When `ros2` is not there (run through `cargo xtask`).
    pub fn start() -> Result<Self> {
        ros2(&["daemon", "start"])?;
        Ok(Self)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = ros2(&["daemon", "stop"]);
    }
}

/// Output of `ros2 <words>`, which must end well in 30 s.
///
/// # Errors
/// With what it said when it does not.
pub fn ros2(words: &[&str]) -> Result<String> {
    let output = Command::new("timeout").args(["30", "ros2"]).args(words).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "ros2 {}: {}\n{text}\n{}",
        words.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(text)
}

/// A command line that was typed in and runs.
#[derive(Debug)]
pub struct Typed {
    process: Process,
    log: PathBuf,
    begin: Instant,
}

/// How a command line ended.
#[derive(Debug)]
pub struct Ended {
    /// With exit code 0.
    pub success: bool,
    /// All that it printed.
    pub said: String,
    /// How long it took.
    pub took: Duration,
}

impl Typed {
    /// Types it in, at the root of the repository; it is ended after `limit`, also when we are gone by
    /// then.
    ///
    /// # Errors
    /// When no shell can be started.
    pub fn start(command: &str, limit: Duration) -> Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = target().join("log");
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {folder:?}"))?;
        let log = folder.join(format!("typed-{}-{number}.log", std::process::id()));
        let output = File::create(&log).with_context(|| format!("cannot write {log:?}"))?;
        let mut shell = Command::new("timeout");
        shell.args(["--kill-after=5", &limit.as_secs().to_string(), "bash", "-c", command]);
        shell.current_dir(root()).stdin(Stdio::null());
        shell.stdout(output.try_clone()?).stderr(output);
        let process = Process::start(command, &mut shell)?;
        Ok(Self { process, log, begin: Instant::now() })
    }

    /// How it ended, once it has.
    ///
    /// # Errors
    /// When what it printed cannot be read.
    pub fn ended(&mut self) -> Result<Option<Ended>> {
        let took = self.begin.elapsed();
        let Some(success) = self.process.success() else { return Ok(None) };
        let bytes = std::fs::read(&self.log).with_context(|| self.log.display().to_string())?;
        let said = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Some(Ended { success, said, took }))
    }
}

/// Types a command line in, which must end well; what it printed.
///
/// # Errors
/// With that when it does not.
pub fn type_in(command: &str, limit: Duration) -> Result<String> {
    let mut typed = Typed::start(command, limit)?;
    loop {
        match typed.ended()? {
            Some(ended) => {
                ensure!(ended.success, "{command} failed:\n{}", ended.said);
                return Ok(ended.said);
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// The repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Drop for Typed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.log);
    }
}
