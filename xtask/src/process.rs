//! Running other programs: to the end, into a log, or with a time limit.
//!
//! Rule: a program that fails is named with what it was for and the last lines
//! of what it said; a program that hangs is ended together with its children.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a running program is looked at.
const POLL: Duration = Duration::from_millis(50);
/// Time between the request to end and the end by force.
const GRACE: Duration = Duration::from_secs(3);
/// Lines of a log shown when its program failed.
const TAIL: usize = 25;

/// Runs `command` on this terminal; an exit code other than 0 is an error.
pub fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("{what}: cannot start {command:?}"))?;
    if !status.success() {
        bail!("{what}: {status}");
    }
    Ok(())
}

/// Runs `command` with all its output in `log`; a failure shows the log's end.
pub fn run_logged(command: &mut Command, log: &Path, what: &str) -> Result<()> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let status = command.status().with_context(|| format!("{what}: cannot start {command:?}"))?;
    if !status.success() {
        bail!("{what}: {status}\n{}\n(all of it: {})", tail(log), log.display());
    }
    Ok(())
}

/// Runs `command` and returns what it wrote to standard output, trimmed.
pub fn output(command: &mut Command) -> Result<String> {
    let out = command.output().with_context(|| format!("cannot start {command:?}"))?;
    if !out.status.success() {
        bail!("{command:?}: {}\n{}", out.status, String::from_utf8_lossy(&out.stderr));
    }
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(TAIL);
    lines.get(from..).unwrap_or_default().join("\n")
}

/// How a program with a time limit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this status.
    Exited(ExitStatus),
    /// By us, after the limit.
    TimedOut,
}

/// Runs `command` in a process group of its own for at most `limit`, and hands
/// every line of its standard output to `line` (and to our own output).
pub fn run_limited(
    command: &mut Command,
    limit: Duration,
    line: impl FnMut(&str) + Send,
) -> Result<Ending> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let (mut child, group) = spawn_group(command)?;
    let stdout = child.stdout.take();
    thread::scope(|scope| {
        scope.spawn(|| echo(stdout, line));
        let ending = wait(&mut child, limit);
        // Left-over children would keep the pipe open and this scope waiting.
        group.end();
        ending
    })
}

/// Runs `command` in a process group of its own for at most `limit`; its output goes where it was
/// told to.
pub fn run_quietly(command: &mut Command, limit: Duration) -> Result<Ending> {
    let (mut child, group) = spawn_group(command)?;
    let ending = wait(&mut child, limit);
    group.end();
    ending
}

fn spawn_group(command: &mut Command) -> Result<(Child, Group)> {
    command.process_group(0);
    let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let group = Group::of(&child);
    Ok((child, group))
}

fn echo(pipe: Option<impl Read>, mut line: impl FnMut(&str)) {
    let Some(pipe) = pipe else { return };
    for text in BufReader::new(pipe).split(b'\n').map_while(|bytes| bytes.ok()) {
        let text = String::from_utf8_lossy(&text);
        println!("{text}");
        line(&text);
    }
}

fn wait(child: &mut Child, limit: Duration) -> Result<Ending> {
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok(Ending::Exited(status));
        }
        thread::sleep(POLL);
    }
    signal(child.id() as i32, libc::SIGTERM);
    let asked = Instant::now();
    while asked.elapsed() < GRACE && child.try_wait()?.is_none() {
        thread::sleep(POLL);
    }
    signal(child.id() as i32, libc::SIGKILL);
    child.wait()?;
    Ok(Ending::TimedOut)
}

/// The process group that Ctrl-C must end with us; 0 when there is none.
static FOREGROUND: AtomicI32 = AtomicI32::new(0);

/// A child's process group, ended by force at the latest when it is done with.
struct Group(i32);

impl Group {
    fn of(child: &Child) -> Self {
        let group = child.id() as i32;
        FOREGROUND.store(group, Ordering::SeqCst);
        // SAFETY: the handler only reads an atomic and calls kill and _exit,
        // which are async-signal-safe.
        unsafe { libc::signal(libc::SIGINT, on_interrupt as *const () as libc::sighandler_t) };
        Self(group)
    }

    fn end(&self) {
        FOREGROUND.store(0, Ordering::SeqCst);
        signal(self.0, libc::SIGKILL);
    }
}

extern "C" fn on_interrupt(_signal: libc::c_int) {
    let group = FOREGROUND.load(Ordering::SeqCst);
    if group > 0 {
        signal(group, libc::SIGTERM);
    }
    // SAFETY: _exit is async-signal-safe and does not return.
    unsafe { libc::_exit(130) }
}

fn signal(group: i32, number: libc::c_int) {
    // SAFETY: kill has no memory effects; a group that is gone is no harm.
    unsafe { libc::kill(-group, number) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_that_hangs_is_ended_at_the_limit_with_its_children() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo started; sleep 60 & sleep 60"]);
        let mut lines = Vec::new();
        let start = Instant::now();
        let ending =
            run_limited(&mut command, Duration::from_millis(300), |l| lines.push(l.to_owned()));
        assert_eq!(ending.unwrap(), Ending::TimedOut);
        assert_eq!(lines, ["started"]);
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn failing_program_is_reported_with_what_it_said() {
        let log = std::env::temp_dir().join(format!("xtask-log-{}", std::process::id()));
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such bus; exit 3"]);
        let error = run_logged(&mut command, &log, "Starting").unwrap_err().to_string();
        fs::remove_file(&log).unwrap();
        assert!(error.contains("Starting") && error.contains("no such bus"), "{error}");
    }
}
