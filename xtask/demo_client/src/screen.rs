//! What a person sees while the arm moves.

use crate::measure::Recording;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use rig::{Program, World};
use std::time::{Duration, Instant};

/// A progress bar over one line per joint, or a plain line each second.
pub struct Screen {
    bars: Option<(MultiProgress, ProgressBar, Vec<ProgressBar>)>,
    next: Instant,
}

impl Screen {
    /// A screen for a program.
    pub fn new(headless: bool, program: &Program) -> Self {
        Self { bars: (!headless).then(|| bars(program)), next: Instant::now() }
    }

    /// A line about what happens now.
    pub fn say(&mut self, text: &str) {
        match &self.bars {
            Some((all, ..)) => {
                let _ = all.println(text);
            }
            None => println!("{text}"),
        }
    }

    /// Renews the picture, at most ten times (plain: once) a second.
    pub fn show(&mut self, world: &World, recording: &Recording, program: &Program) {
        if Instant::now() < self.next {
            return;
        }
        let Some(control) = &world.control else { return };
        let error = recording.newest_error(program).unwrap_or_default();
        let step = program.step_at(control.path_time);
        self.next =
            Instant::now() + Duration::from_millis(if self.bars.is_some() { 100 } else { 1000 });
        let Some((_, progress, lines)) = &self.bars else {
            let worst = error.iter().fold(0.0_f64, |m, e| m.max(e.abs()));
            println!(
                "{:>6.2} of {:.2} s  {step:<12} error {:.2} mrad  hottest {:.1} °C",
                control.path_time,
                control.path_duration,
                worst * 1e3,
                hottest(world)
            );
            return;
        };
        progress.set_position((control.path_time * 1e3) as u64);
        progress.set_message(step.to_owned());
        for (index, line) in lines.iter().enumerate() {
            line.set_message(joint_line(world, &error, program, index));
        }
    }

    /// Leaves the last picture standing.
    pub fn finish(&mut self) {
        if let Some((_, progress, lines)) = &self.bars {
            progress.finish();
            lines.iter().for_each(ProgressBar::finish);
        }
    }
}

fn bars(program: &Program) -> (MultiProgress, ProgressBar, Vec<ProgressBar>) {
    let all = MultiProgress::new();
    let progress = all.add(ProgressBar::new((program.duration() * 1e3) as u64));
    let style = ProgressStyle::with_template("{bar:40.cyan} {percent:>3} %  {msg}");
    progress.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let lines = program.joints.iter().map(|_| {
        let line = all.add(ProgressBar::new_spinner());
        let style = ProgressStyle::with_template("  {msg}");
        line.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        line
    });
    let lines = lines.collect();
    (all, progress, lines)
}

fn joint_line(world: &World, error: &[f64], program: &Program, index: usize) -> String {
    let name = program.joints.get(index).map_or("", String::as_str);
    let arm = world.arm.as_ref();
    let position = arm.and_then(|a| a.position.get(index)).copied().unwrap_or(f64::NAN);
    let heat = arm.and_then(|a| a.temperature.get(index)).copied().unwrap_or(f64::NAN);
    let error = error.get(index).copied().unwrap_or(f64::NAN) * 1e3;
    format!("{name:<10} {position:>7.3} rad   error {error:>7.3} mrad   {heat:>5.1} °C")
}

fn hottest(world: &World) -> f64 {
    let temperatures = world.arm.iter().flat_map(|arm| arm.temperature.iter());
    temperatures.fold(f64::NAN, |hottest, t| hottest.max(*t))
}
