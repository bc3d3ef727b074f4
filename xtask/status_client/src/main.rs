//! The working half of `cargo xtask status`: node, pid, uptime, boots, state, rate, late, age,
//! temperature, live in a terminal.
//!
//! The one rule: it only listens. Nobody is asked, so nobody who is dead can make it wait.

mod ears;
mod screen;
mod text;

use anyhow::Result;
use clap::Parser;
use ears::Ears;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Shows the whole arm at a glance.
#[derive(Debug, Parser)]
struct Arguments {
    /// Print the table once, plain.
    #[arg(long)]
    once: bool,
    /// ROS namespace of the arm.
    #[arg(long, default_value = "/")]
    namespace: String,
}

/// Rates are known after this.
const LISTEN: Duration = Duration::from_millis(1_600);
/// Nobody who lives is silent for so long.
const NOBODY: Duration = Duration::from_secs(5);

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut ears = Ears::open(&arguments.namespace)?;
    if !arguments.once && std::io::stdout().is_terminal() {
        screen::run(&mut ears)?;
        return Ok(ExitCode::SUCCESS);
    }
    listen(&mut ears);
    let view = ears.view();
    println!("{}", text::plain(&view));
    Ok(if view.rows.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn listen(ears: &mut Ears) {
    let begin = Instant::now();
    let mut first = None;
    while first.map_or(begin.elapsed() < NOBODY, |at: Instant| at.elapsed() < LISTEN) {
        ears.listen(Duration::from_millis(10));
        if first.is_none() && !ears.view().rows.is_empty() {
            first = Some(Instant::now());
        }
    }
}
