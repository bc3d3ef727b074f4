//! One node alone, started as launch would start it, with its output at hand.

use crate::process::Process;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A running node.
#[derive(Debug)]
pub struct Single {
    process: Process,
    log: PathBuf,
}

impl Single {
    /// Starts executable `name` with `arm.yaml`, `<name>.yaml`, the robot description, and
    /// `parameters` (`key:=value`) on top.
    ///
    /// # Errors
    /// When the executable is not installed.
    pub fn start(name: &str, parameters: &[&str]) -> Result<Self> {
        Self::start_in("", name, parameters)
    }

    /// As [`Single::start`], in a namespace.
    ///
    /// # Errors
    /// When the executable is not installed.
    pub fn start_in(namespace: &str, name: &str, parameters: &[&str]) -> Result<Self> {
        Self::run(name, Self::command(namespace, name, parameters)?)
    }

    /// What [`Single::start_in`] starts.
    ///
    /// # Errors
    /// When the executable is not installed.
    pub fn command(namespace: &str, name: &str, parameters: &[&str]) -> Result<Command> {
        let config = find("share/armature_bringup/config")?;
        let mut command = Command::new(find(&format!("lib/armature_nodes/{name}"))?);
        command.arg("--ros-args");
        if !namespace.is_empty() {
            command.args(["-r", &format!("__ns:={namespace}")]);
        }
        for file in ["arm".to_owned(), name.to_owned()] {
            let path = config.join(file + ".yaml");
            if path.is_file() {
                command.arg("--params-file").arg(path);
            }
        }
        command.arg("--params-file").arg(description_file(&config)?);
        if name == "planning" {
            command.arg("--params-file").arg(semantic_file(&config)?);
        }
        for parameter in parameters {
            command.args(["-p", parameter]);
        }
        Ok(command)
    }

    /// Starts a controller under a node name of its own, with the parameters of launch and
    /// `environment` on top.
    ///
    /// # Errors
    /// When the executable is not installed.
    pub fn controller(executable: &str, node: &str, environment: &[(&str, &str)]) -> Result<Self> {
        let config = find("share/armature_bringup/config")?;
        let mut command = Command::new(find(&format!("lib/armature_nodes/{executable}"))?);
        command.args(["--ros-args", "-r", &format!("__node:={node}")]);
        for file in ["arm.yaml", "control.yaml"] {
            command.arg("--params-file").arg(config.join(file));
        }
        command.arg("--params-file").arg(description_file(&config)?);
        command.envs(environment.iter().copied());
        Self::run(node, command)
    }

    /// Starts any program in the same way.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(name: &str, mut command: Command) -> Result<Self> {
        let log = std::env::temp_dir().join(format!(
            "armature-{name}-{}-{:?}.log",
            std::process::id(),
            Instant::now()
        ));
        let output = File::create(&log).with_context(|| format!("cannot write {log:?}"))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        Ok(Self { process: Process::start(name, &mut command)?, log })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Everything printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until one line holds all of `parts`; that line.
    ///
    /// # Errors
    /// After `limit`, with everything it printed.
    pub fn wait_for_line(&self, parts: &[&str], limit: Duration) -> Result<String> {
        let until = Instant::now() + limit;
        loop {
            let output = self.output();
            let mut lines = output.lines();
            if let Some(line) = lines.find(|line| parts.iter().all(|part| line.contains(part))) {
                return Ok(line.to_owned());
            }
            if Instant::now() > until {
                bail!("no line with all of {parts:?} within {limit:?} in:\n{output}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// After `limit`.
    pub fn wait_for_end(&mut self, limit: Duration) -> Result<()> {
        let until = Instant::now() + limit;
        while self.process.is_running() {
            if Instant::now() > until {
                bail!("still running after {limit:?}:\n{}", self.output());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Single {
    fn drop(&mut self) {
        self.process.stop(Duration::from_secs(3));
        let _ = std::fs::remove_file(&self.log);
    }
}

/// The parameter `robot_description` in a file, for nodes that want it.
fn description_file(config: &Path) -> Result<PathBuf> {
    text_file("robot_description", &config.join("description/armature.urdf"))
}

/// The parameter `robot_description_semantic` in a file.
fn semantic_file(config: &Path) -> Result<PathBuf> {
    text_file("robot_description_semantic", &config.join("description/armature.srdf"))
}

/// A parameter whose value is a file's text, in a parameter file.
fn text_file(parameter: &str, from: &Path) -> Result<PathBuf> {
    let text = std::fs::read_to_string(from).with_context(|| format!("cannot read {from:?}"))?;
    let quoted = text.lines().map(|line| format!("      {line}\n")).collect::<String>();
    let name = format!("armature-{parameter}-{}.yaml", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, format!("/**:\n  ros__parameters:\n    {parameter}: |\n{quoted}"))?;
    Ok(path)
}

/// A file or folder of an installed package.
///
/// # Errors
/// When no prefix of the environment has it.
pub fn find(relative: &str) -> Result<PathBuf> {
    let prefixes = std::env::var_os("AMENT_PREFIX_PATH")
        .context("AMENT_PREFIX_PATH is not set: run this through `cargo xtask`")?;
    std::env::split_paths(&prefixes)
        .map(|prefix| prefix.join(relative))
        .find(|path| path.exists())
        .with_context(|| format!("{relative} is not installed: run `cargo xtask build`"))
}
