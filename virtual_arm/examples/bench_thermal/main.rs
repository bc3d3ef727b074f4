//! `cargo xtask bench thermal`: what the thermal node promises, measured on virtual time against the
//! simulator's own physics, which shares no code with the node.
#![allow(clippy::indexing_slicing)] // joints of an arm of six

mod cost;
mod faults;
mod forecast;
mod jump;
mod throughput;
mod work;

use anyhow::{Result, ensure};
use report::{Report, Target};
use std::path::PathBuf;

/// What one part of the bench found.
#[derive(Default)]
pub struct Found {
    /// Figures against limits.
    pub targets: Vec<Target>,
    /// What is useful beside them.
    pub detail: Vec<(&'static str, String)>,
}

type Part = fn(bool) -> Result<Found>;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let quick = words.iter().any(|word| word == "--quick");
    let value = |key: &str| words.iter().skip_while(|word| *word != key).nth(1).cloned();
    let folder = PathBuf::from(value("--report").unwrap_or_else(|| "target/report".to_owned()));
    let only = value("--only");
    let parts: [(&str, Part); 5] = [
        ("jump", jump::run),
        ("forecast", forecast::run),
        ("faults", faults::run),
        ("throughput", throughput::run),
        ("cost", cost::run),
    ];
    let mut found = Found::default();
    for (name, part) in parts {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let begin = std::time::Instant::now();
        let mut part = part(quick)?;
        println!("{name}: {:.0} s", begin.elapsed().as_secs_f64());
        part.detail.iter().for_each(|(key, text)| println!("  {key}: {text}"));
        found.targets.append(&mut part.targets);
        found.detail.append(&mut part.detail);
    }
    let mut report = Report::new(found.targets);
    report.quick = quick;
    for (key, text) in found.detail {
        report = report.with(key, text);
    }
    print!("{}", report.table());
    report.write(&folder, "bench_thermal")?;
    ensure!(report.ok(), "a target was missed");
    Ok(())
}
