//! What a person sees while something long is prepared: a bar on a terminal,
//! one plain line per step anywhere else.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// Progress through a known number of named steps.
pub struct Progress {
    bar: Option<ProgressBar>,
    started: Instant,
    total: u64,
    done: u64,
}

impl Progress {
    /// Starts showing progress through `total` steps of the work `title`.
    pub fn new(title: &str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| terminal_bar(title, total));
        if bar.is_none() {
            eprintln!("{title}");
        }
        Self { bar, started: Instant::now(), total, done: 0 }
    }

    /// Does one step and counts it when it succeeded.
    pub fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.bar.is_none() {
            eprintln!("  [{}/{}] {name}", self.done + 1, self.total);
        }
        self.quiet_step(name, work)
    }

    /// As [`Progress::step`], without a line of its own where there is no terminal.
    pub fn quiet_step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if let Some(bar) = &self.bar {
            bar.set_message(name.to_owned());
        }
        let result = work()?;
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        }
        Ok(result)
    }

    /// Prints a line above the display.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| println!("{line}")),
            None => println!("[{}/{}] {line}", self.done, self.total),
        }
    }

    /// Ends the display with one line that says how long all of it took.
    pub fn finish(self, message: &str) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        eprintln!("{message} ({:.0} s)", self.started.elapsed().as_secs_f64());
    }
}

fn terminal_bar(title: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let template = "{prefix} [{bar:24}] {pos}/{len} {elapsed} {spinner} {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(title.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
