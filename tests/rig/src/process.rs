//! Child processes that are ended by their own id, and by nothing else.

use anyhow::{Context, Result};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command};
use std::time::{Duration, Instant};

/// A test that is killed must not leave an arm running: the child is interrupted when we die. And it
/// heeds SIGINT also where we were told not to, as everything is that a shell starts with `&`.
fn interruptible() -> std::io::Result<()> {
    // SAFETY: plain system call; the default action runs no code of ours.
    if unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) } == libc::SIG_ERR {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: plain system call.
    match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGINT) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// A child in its own process group; interrupted, then killed, when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts `command` in a process group of its own.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, command: &mut Command) -> Result<Self> {
        // SAFETY: what it calls is async-signal-safe and touches nothing but the new process.
        unsafe { command.pre_exec(interruptible) };
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}: {command:?}"))?;
        Ok(Self { child, name: name.to_owned() })
    }

    /// Its process id, which is also its group's.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its input, when it was piped, once.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Its output, when it was piped, once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether it ended well, once it has ended.
    pub fn success(&mut self) -> Option<bool> {
        self.child.try_wait().ok().flatten().map(|status| status.success())
    }

    /// SIGINT to the group (what Ctrl-C does), SIGKILL after `grace`.
    pub fn stop(&mut self, grace: Duration) {
        if !self.is_running() {
            return;
        }
        self.signal_group(libc::SIGINT);
        let until = Instant::now() + grace;
        while self.is_running() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        if self.is_running() {
            eprintln!("{} did not end within {grace:?} of SIGINT; killing it", self.name);
        }
        self.signal_group(libc::SIGKILL);
        let _ = self.child.wait();
    }

    fn signal_group(&self, signal: i32) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // SAFETY: plain system call; the negative id names the group this struct created.
            unsafe { libc::kill(-pid, signal) };
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(8));
    }
}

/// Fields of `/proc/<pid>/stat` behind the name: user and system time, and the start, ticks.
const USER: usize = 11;
const SYSTEM: usize = 12;
const START: usize = 19;

/// One field of `/proc/<pid>/stat`, s.
fn seconds(pid: u32, field: usize) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold blanks; what is wanted stands behind it.
    let rest = text.rsplit_once(')').context("/proc/…/stat without a name")?.1;
    let ticks = rest.split_whitespace().nth(field).and_then(|word| word.parse::<f64>().ok());
    // SAFETY: plain call without arguments in memory.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    Ok(ticks.context("/proc/…/stat is too short")? / per_second)
}

/// CPU time of all threads of a process, s.
///
/// # Errors
/// When there is no such process.
pub fn cpu_time(pid: u32) -> Result<f64> {
    Ok(seconds(pid, USER)? + seconds(pid, SYSTEM)?)
}

/// How long ago a process was started, s.
///
/// # Errors
/// When there is no such process.
pub fn age(pid: u32) -> Result<f64> {
    let text = std::fs::read_to_string("/proc/uptime")?;
    let up = text.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
    Ok(up.context("/proc/uptime")? - seconds(pid, START)?)
}

/// Memory of a process that is in RAM, MB.
///
/// # Errors
/// When there is no such process.
pub fn memory(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.with_context(|| format!("no VmRSS of process {pid}"))? / 1024.0)
}

/// Sends `signal` to one process.
///
/// # Errors
/// When there is no such process.
pub fn signal(pid: u32, signal: i32) -> Result<()> {
    // SAFETY: plain system call.
    let result = unsafe { libc::kill(i32::try_from(pid)?, signal) };
    anyhow::ensure!(result == 0, "process {pid}: {}", std::io::Error::last_os_error());
    Ok(())
}
