//! What `cargo xtask identify-thermal` and `cargo xtask report thermal` run.

mod plot;
mod record;
mod recording;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use thermal::identify::{Identified, identify};
use thermal::{Config, MotorConfig};

/// Recordings of heat.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Fit the motors' thermal parameters to a recording (MCAP) and report the residual.
    Identify {
        /// The recording.
        bag: PathBuf,
        /// Parameter file with the data sheets to begin with.
        #[arg(long)]
        config: Option<PathBuf>,
    },
    /// Draw temperatures, bounds, alarms and derating as SVG.
    Plot {
        /// A recording (MCAP), or lines of `ros2 topic echo --csv` with --csv; - for standard input.
        file: PathBuf,
        /// The file is CSV.
        #[arg(long)]
        csv: bool,
        /// Where the SVG goes.
        #[arg(long)]
        output: PathBuf,
    },
    /// Record heavy work of the virtual arm.
    Record {
        /// Where the MCAP file goes.
        output: PathBuf,
        /// How long, s of virtual time.
        #[arg(long, default_value_t = 900.0)]
        seconds: f64,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().verb {
        Verb::Identify { bag, config } => {
            let motors = motors(config.as_deref())?;
            print!("{}", report(&recording::read(&bag)?, &motors)?);
            Ok(())
        }
        Verb::Plot { file, csv, output } => {
            let recording =
                if csv { recording::read_csv(&text(&file)?) } else { recording::read(&file) };
            plot::draw(&recording?, &output)?;
            println!("{}", output.display());
            Ok(())
        }
        Verb::Record { output, seconds } => record::record(&output, seconds),
    }
}

fn text(file: &Path) -> Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    }
    Ok(text)
}

type Motors = BTreeMap<String, MotorConfig>;

/// The data sheets in a parameter file, or the defaults.
fn motors(path: Option<&Path>) -> Result<Motors> {
    let Some(path) = path else { return Ok(Config::default().motors) };
    type File = BTreeMap<String, BTreeMap<String, Config>>;
    let file: File = serde_norway::from_str(&text(path)?)?;
    let config = file.into_values().flat_map(BTreeMap::into_values).next();
    let config = config.with_context(|| format!("{} holds no parameters", path.display()))?;
    config.validate()?;
    Ok(config.motors)
}

/// The lines for the parameter file, and how well they explain the recording.
fn report(recording: &recording::Recording, motors: &Motors) -> Result<String> {
    let (mut out, mut found) = (String::new(), 0);
    for (joint, samples) in &recording.telemetry {
        let Some(motor) = motors.get(joint) else {
            out += &format!("{joint}: no data sheet\n");
            continue;
        };
        match identify(samples, motor) {
            Ok(identified) => {
                found += 1;
                out += &lines(joint, &identified);
            }
            Err(error) => out += &format!("{joint}: {error}\n"),
        }
    }
    ensure!(found > 0, "no joint could be identified:\n{out}");
    Ok(out)
}

fn lines(joint: &str, of: &Identified) -> String {
    let m = &of.motor;
    format!(
        "{joint}: winding_resistance: {:.3}, housing_resistance: {:.3}, winding_time: {:.1}, \
         housing_time: {:.0}\n  ambient {:.1} degC; residual {:.3} K winding, {:.3} K housing; data \
         sheet before {:.3} K, now {:.3} K; {} samples\n",
        m.winding_resistance,
        m.housing_resistance,
        m.winding_time,
        m.housing_time,
        of.ambient,
        of.winding_residual,
        of.housing_residual,
        of.before,
        of.after,
        of.samples
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would catch: a recording that does not read back, a fit that does not find the simulated motor,
    /// a plot that draws nothing.
    #[test]
    fn a_recording_of_the_virtual_arm_is_identified_and_drawn() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("heat-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let (bag, picture) = (folder.join("heat.mcap"), folder.join("heat.svg"));
        record::record(&bag, 400.0)?;
        let recording = recording::read(&bag)?;
        let mut motors = Config::default().motors;
        let sheet = motors.get_mut("joint_6").context("joint_6")?;
        let truth = *sheet;
        sheet.winding_resistance *= 1.25;
        sheet.winding_time *= 0.8;
        let samples = recording.telemetry.get("joint_6").context("no telemetry")?;
        let found = identify(samples, sheet)?;
        let close = |a: f64, b: f64| (a / b - 1.0).abs() < 0.05;
        ensure!(close(found.motor.winding_resistance, truth.winding_resistance), "{found:?}");
        ensure!(close(found.motor.winding_time, truth.winding_time), "{found:?}");
        ensure!(found.after < 0.3 && found.before > 1.0, "{found:?}");
        plot::draw(&recording, &picture)?;
        let svg = std::fs::read_to_string(&picture)?;
        ensure!(svg.contains("joint_6") && svg.matches("<polyline").count() > 20, "{}", svg.len());
        std::fs::remove_dir_all(folder)?;
        Ok(())
    }
}
