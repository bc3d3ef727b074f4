//! `cargo xtask report`: every figure of every report against its limit, what
//! falls short first.

use std::path::Path;

use anyhow::{Context, Result};
use report::{Report, Target};

use crate::digest::files_below;

/// One target and the report it comes from.
struct Row {
    report: String,
    target: Target,
}

/// Prints all targets below `folder`; true when every one of them is met.
pub fn print(folder: &Path) -> Result<bool> {
    let mut rows = read_all(folder)?;
    if rows.is_empty() {
        println!("no reports in {}; make one: cargo xtask demo --headless", folder.display());
        return Ok(true);
    }
    rows.sort_by(|a, b| order(a).cmp(&order(b)));
    for row in &rows {
        println!("{}", line(row));
    }
    let short = rows.iter().filter(|row| !row.target.ok).count();
    println!("{} of {} targets met", rows.len() - short, rows.len());
    Ok(short == 0)
}

fn read_all(folder: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for file in files_below(folder)? {
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let report =
            Report::read(&file).with_context(|| format!("{} is not a report", file.display()))?;
        rows.extend(report.targets.into_iter().map(|target| Row { report: name.clone(), target }));
    }
    Ok(rows)
}

fn order(row: &Row) -> (bool, &str, &str) {
    (row.target.ok, &row.report, &row.target.name)
}

fn line(row: &Row) -> String {
    let target = &row.target;
    let mark = if target.ok { "ok   " } else { "SHORT" };
    let value = target.value.map_or("not measured".to_owned(), |value| format!("{value:.4}"));
    let peer = target.peer.map_or(String::new(), |peer| format!("  (peer {peer:.4})"));
    format!(
        "{mark}  {:<12} {:<32} {value:>12} {} {} {}{peer}",
        row.report,
        target.name,
        target.relation.symbol(),
        target.limit,
        target.unit
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_falls_short_is_listed_first() {
        let row = |name: &str, value| Row {
            report: "demo".into(),
            target: Target::at_most(name, "s", value, 1.0),
        };
        let mut rows = [row("a", 0.5), row("b", 2.0)];
        rows.sort_by(|a, b| order(a).cmp(&order(b)));
        assert_eq!(rows[0].target.name, "b");
        assert!(line(&rows[0]).starts_with("SHORT"));
    }
}
