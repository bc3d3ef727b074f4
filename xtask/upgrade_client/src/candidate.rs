//! A second controller of another binary, started as launch started the first one.

use anyhow::{Context, Result, ensure};
use rig::process;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Its node name while it is tried.
pub const NAME: &str = "control_next";

/// How launch started a process.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The executable.
    pub program: PathBuf,
    arguments: Vec<String>,
}

impl Invocation {
    /// Reads it from a running process.
    pub fn of(pid: u32) -> Result<Self> {
        let line = fs::read(format!("/proc/{pid}/cmdline"))
            .with_context(|| format!("process {pid} does not run on this host"))?;
        let line = String::from_utf8_lossy(&line).into_owned();
        let mut words = line.split_terminator('\0').map(str::to_owned);
        let program = words.next().map(PathBuf::from).context("a process without a name")?;
        Ok(Self { program, arguments: words.collect() })
    }

    /// The same words for a node of another name.
    fn renamed(&self, node: &str) -> Vec<String> {
        let rename = |word: &String| match word.split_once("__node:=") {
            Some((before, _)) => format!("{before}__node:={node}"),
            None => word.clone(),
        };
        self.arguments.iter().map(rename).collect()
    }
}

/// The running candidate; ended when dropped unless it was kept.
#[derive(Debug)]
pub struct Candidate {
    child: Option<Child>,
    log: PathBuf,
}

impl Candidate {
    /// Starts `binary` with the parameters of `like`.
    pub fn start(binary: &Path, like: &Invocation) -> Result<Self> {
        let renamed = like.renamed(NAME);
        ensure!(renamed != like.arguments, "{} has no node name to change", like.program.display());
        let log = std::env::temp_dir().join(format!("armature-{NAME}-{}.log", std::process::id()));
        let output = File::create(&log).with_context(|| format!("cannot write {log:?}"))?;
        let mut command = Command::new(binary);
        command.args(renamed).process_group(0).stdin(Stdio::null());
        command.stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().with_context(|| format!("cannot start {binary:?}"))?;
        Ok(Self { child: Some(child), log })
    }

    /// Why it is no longer there, or nothing.
    pub fn ended(&mut self) -> Option<String> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(5).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        Some(format!("the candidate ended with {status}:\n{}", tail.join("\n")))
    }

    /// Lets it run on.
    pub fn keep(mut self) {
        self.child = None;
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let _gone = process::signal(child.id(), libc::SIGINT);
        let until = Instant::now() + Duration::from_secs(3);
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ended_already = child.kill();
        let _status = child.wait();
    }
}

/// Puts `binary` where launch finds it: whole or not at all.
pub fn install(binary: &Path, over: &Path) -> Result<()> {
    let fresh = over.with_extension("new");
    fs::copy(binary, &fresh).with_context(|| format!("cannot write {}", fresh.display()))?;
    fs::rename(&fresh, over).with_context(|| format!("cannot replace {}", over.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_node_name_changes() {
        let words = ["--ros-args", "-r", "__node:=control", "--params-file", "a__b.yaml"];
        let arguments = words.map(str::to_owned).to_vec();
        let like = Invocation { program: "control".into(), arguments };
        let expected = ["--ros-args", "-r", "__node:=control_next", "--params-file", "a__b.yaml"];
        assert_eq!(like.renamed(NAME), expected);
    }
}
