//! The table of conformance cases against the cases and tests that there are: it cannot go stale.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::path::Path;

/// How many cases joint_trajectory_controller's own tests have.
const UPSTREAM: usize = 101;

/// One row of docs/conformance.md.
struct Row {
    id: String,
    tested_in: String,
    result: String,
    note: String,
}

fn read(path: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

fn rows() -> Result<Vec<Row>> {
    let table = read("docs/conformance.md")?;
    let rows = table.lines().filter(|line| line.starts_with("| J-") || line.starts_with("| H-"));
    rows.map(|line| {
        let cells: Vec<_> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        let [_, id, _, tested_in, result, note, _] = cells.as_slice() else {
            anyhow::bail!("not five cells: {line}");
        };
        let [id, tested_in, result, note] = [id, tested_in, result, note].map(Clone::clone);
        Ok(Row { id, tested_in, result, note })
    })
    .collect()
}

/// The numbers of the suite's cases, from its source: building it needs ROS.
fn suite() -> Result<BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/src/cases");
    let mut ids = BTreeSet::new();
    for file in std::fs::read_dir(folder)? {
        let text = std::fs::read_to_string(file?.path())?;
        for part in text.split("id: \"").skip(1) {
            let id = part.split('"').next().unwrap_or_default().to_owned();
            ensure!(ids.insert(id.clone()), "case {id} is there twice");
        }
    }
    Ok(ids)
}

#[test]
fn every_case_of_the_suite_is_in_the_table_and_the_other_way_round() -> Result<()> {
    let listed: BTreeSet<_> =
        rows()?.into_iter().filter(|row| row.tested_in == "suite").map(|row| row.id).collect();
    let suite = suite()?;
    ensure!(!suite.is_empty(), "no cases found");
    let missing: Vec<_> = suite.symmetric_difference(&listed).collect();
    ensure!(missing.is_empty(), "only in the table or only in the suite: {missing:?}");
    Ok(())
}

#[test]
fn every_unit_test_of_the_table_exists() -> Result<()> {
    let mut count = 0;
    for row in rows()?.iter().filter(|row| row.tested_in != "suite") {
        let parts: Vec<_> = row.tested_in.split('`').collect();
        let [_, file, _, name, _] = parts.as_slice() else {
            anyhow::bail!("{}: neither suite nor file and test: {}", row.id, row.tested_in);
        };
        let there = read(file)?.contains(&format!("fn {name}("));
        ensure!(there, "{}: no test {name} in {file}", row.id);
        count += 1;
    }
    ensure!(count > 0, "no unit tests found");
    Ok(())
}

#[test]
fn every_upstream_case_is_judged_and_every_difference_says_why() -> Result<()> {
    let rows = rows()?;
    let upstream: Vec<_> =
        rows.iter().map(|row| row.id.as_str()).filter(|id| id.starts_with('J')).collect();
    let wanted: Vec<_> = (1..=UPSTREAM).map(|n| format!("J-{n:03}")).collect();
    ensure!(upstream == wanted, "not J-001 to J-{UPSTREAM:03} in order: {upstream:?}");
    for Row { id, result, note, .. } in &rows {
        let known = ["pass", "differs", "not applicable"].contains(&result.as_str());
        ensure!(known, "{id}: {result:?} is no result");
        ensure!(result == "pass" || !note.is_empty(), "{id} differs and does not say why");
    }
    Ok(())
}
