//! What `cargo xtask replay` runs: a recording through the real library of a node.

mod host;
mod keep;
mod nodes;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use nodes::{Setup, Which};
use recording::{Error, Reader};
use std::io::{BufWriter, Write, stderr, stdout};
use std::path::PathBuf;

/// Feeds recordings into a node's library, with their time as its clock.
#[derive(Debug, Parser)]
struct Arguments {
    /// Recordings (MCAP), oldest first; files that were cut off are read as far as they go.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Whose library.
    #[arg(long)]
    node: Which,
    /// Parameter file of the node; those of config/ without one.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Write the outputs as a recording (MCAP) instead of lines to standard output.
    #[arg(long)]
    output: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let setup = Setup::reference()?;
    let mut node = nodes::create(arguments.node, &setup, arguments.config.as_deref())?;
    let mut damage = Vec::new();
    let messages = messages(&arguments.files, &mut damage)?;
    let lines = BufWriter::new(stdout().lock());
    let summary = match &arguments.output {
        None => {
            let mut sink = keep::Lines(lines);
            let summary = host::replay(node.as_mut(), messages, &mut sink)?;
            sink.0.flush()?;
            summary
        }
        Some(path) => {
            ensure!(!arguments.files.contains(path), "{} is the recording itself", path.display());
            let file = std::fs::File::create(path)
                .with_context(|| format!("cannot write {}", path.display()))?;
            let mut sink = keep::File::create(file, lines)?;
            let summary = host::replay(node.as_mut(), messages, &mut sink)?;
            sink.close(&path.file_name().unwrap_or_default().to_string_lossy())?;
            summary
        }
    };
    tell(&summary, &damage)
}

/// All messages of the files, and what is wrong with the files.
fn messages<'a>(
    files: &'a [PathBuf],
    damage: &'a mut Vec<String>,
) -> Result<impl Iterator<Item = recording::Recorded> + 'a> {
    // A file that cannot be opened is named before anything runs.
    let readers: Vec<_> =
        files.iter().map(|path| Reader::open(path)).collect::<Result<_, Error>>()?;
    let mut readers = readers.into_iter().zip(files);
    let mut current = None;
    Ok(std::iter::from_fn(move || {
        loop {
            let (reader, path) = match &mut current {
                Some(current) => current,
                none => none.insert(readers.next()?),
            };
            let next: Option<recording::Recorded> = Reader::next(reader);
            if next.is_some() {
                return next;
            }
            damage.extend(reader.damage().map(|error| format!("{}: {error}", path.display())));
            current = None;
        }
    }))
}

fn tell(summary: &host::Summary, damage: &[String]) -> Result<()> {
    let mut to = stderr();
    let host::Summary { messages, delivered, steps, .. } = summary;
    writeln!(to, "{messages} messages, {delivered} for this node, {steps} steps")?;
    for (count, what) in [
        (summary.unordered, "messages out of order"),
        (summary.holes, "holes of more than a minute jumped over"),
        (summary.refused, "messages refused"),
    ] {
        if count > 0 {
            writeln!(to, "{count} {what}")?;
        }
    }
    let refusal = summary.refusal.iter().map(|text| format!("first refusal: {text}"));
    for line in refusal.chain(damage.iter().cloned()) {
        writeln!(to, "{line}")?;
    }
    Ok(())
}
