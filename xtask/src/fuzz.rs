//! `cargo xtask fuzz`: a search, guided by coverage, for bytes that break a decoder.
//!
//! The one rule: what was found stays. The inputs of earlier searches (`target/fuzz/corpus`) begin the
//! next one; an input that broke a decoder lies in `target/fuzz/artifacts` until somebody removes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use report::{Report, Target};

use crate::build::cargo;
use crate::paths;
use crate::process::{output, run};
use crate::progress::Progress;

/// The program that builds with coverage.
const TOOL: &str = "cargo-fuzz";
const VERSION: &str = "=0.13.1";

/// What to search, and for how long.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Decoders; empty for all.
    pub decoders: Vec<String>,
    /// Time for each, min.
    pub minutes: f64,
}

/// Searches one decoder after the other; true when nothing broke.
///
/// # Errors
/// When the tools cannot be had or a decoder is unknown.
pub fn fuzz(wish: &Wish) -> Result<bool> {
    let known = decoders()?;
    if let Some(unknown) = wish.decoders.iter().find(|name| !known.contains(name)) {
        bail!("no decoder is called {unknown}; there are {}", known.join(", "));
    }
    let chosen = if wish.decoders.is_empty() { known } else { wish.decoders.clone() };
    let tool = tool()?;
    write_seeds()?;
    let mut progress = Progress::new("searching", chosen.len() as u64);
    let mut targets = Vec::new();
    for name in &chosen {
        let (tried, broke) = progress.step(name, || search(&tool, name, wish.minutes))?;
        println!("{name}: {tried} inputs");
        targets.push(Target::at_most(&format!("{name}: inputs that break it"), "", broke, 0.0));
        targets.push(Target::at_least(&format!("{name}: inputs tried"), "", tried as f64, 1.0));
    }
    let report = Report::new(targets).with("minutes_each", wish.minutes);
    println!("{}", report.table());
    report.write(&paths::reports(), "fuzz")?;
    Ok(report.ok())
}

fn folder() -> PathBuf {
    paths::target().join("fuzz")
}

/// The names of the fuzz targets, which are those of the decoders.
fn decoders() -> Result<Vec<String>> {
    let sources = paths::root().join("fuzz").join("fuzz_targets");
    let files = fs::read_dir(&sources).with_context(|| sources.display().to_string())?;
    let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
    let mut names: Vec<_> = files.flatten().filter_map(|file| stem(file.path())).collect();
    names.sort();
    Ok(names)
}

/// Instrumented code needs a nightly compiler, and cargo-fuzz to build it.
fn tool() -> Result<PathBuf> {
    let toolchains = output(Command::new("rustup").args(["toolchain", "list"]))?;
    if !toolchains.contains("nightly") {
        bail!("fuzzing needs a nightly compiler: rustup toolchain install nightly");
    }
    let root = paths::target().join("tools");
    let program = root.join("bin").join(TOOL);
    if !program.is_file() {
        let mut install = cargo();
        install.args(["install", "--quiet", "--locked", TOOL, "--version", VERSION]);
        run(install.arg("--root").arg(&root), "installing cargo-fuzz")?;
    }
    Ok(program)
}

fn write_seeds() -> Result<()> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", "decoders", "--example", "seeds", "--"]);
    run(command.arg(folder().join("corpus")), "writing valid inputs")
}

/// Searches one decoder; returns how many inputs were tried and how many broke it (0 or 1: a search
/// ends with what it finds).
fn search(tool: &Path, name: &str, minutes: f64) -> Result<(u64, f64)> {
    let seconds = (minutes * 60.0).ceil().max(1.0);
    let artifacts = folder().join("artifacts").join(name);
    fs::create_dir_all(&artifacts)?;
    let mut command = Command::new(tool);
    // cargo-fuzz calls cargo, which has to be that of the nightly toolchain.
    command.env("RUSTUP_TOOLCHAIN", "nightly").env_remove("RUSTC").env_remove("CARGO");
    command.arg("run").arg("--fuzz-dir").arg(paths::root().join("fuzz"));
    command.arg("--target-dir").arg(folder().join("build")).arg(name);
    command.arg(folder().join("corpus").join(name)).arg("--");
    command.arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
    command.arg("-timeout=10").arg(format!("-artifact_prefix={}/", artifacts.display()));
    let done = command.stdin(Stdio::null()).output().context("cannot start cargo-fuzz")?;
    let said = String::from_utf8_lossy(&done.stderr);
    let Some(tried) = executions(&said) else { bail!("{name} did not run:\n{said}") };
    if !done.status.success() {
        eprintln!("{said}\n{name}: what broke it lies in {}", artifacts.display());
    }
    Ok((tried, f64::from(u8::from(!done.status.success()))))
}

/// How many inputs a search says that it tried.
fn executions(said: &str) -> Option<u64> {
    let line = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    line?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_inputs_is_read_from_the_closing_statistics() {
        let said = "#2 INITED\nstat::number_of_executed_units: 65536\nstat::peak_rss_mb: 40\n";
        assert_eq!(executions(said), Some(65536));
        assert_eq!(executions("error: no such target"), None);
    }

    #[test]
    fn every_decoder_has_a_fuzz_target() {
        let names = decoders().unwrap();
        let listed = fs::read_to_string(paths::root().join("tests/decoders/src/lib.rs")).unwrap();
        assert!(
            names.iter().all(|name| listed.contains(&format!("name: \"{name}\""))),
            "{names:?}"
        );
        assert_eq!(listed.matches("Decoder { name: ").count(), names.len());
    }
}
