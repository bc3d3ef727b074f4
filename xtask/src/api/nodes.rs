//! docs/nodes/: one page per node, from its manifest, the head of its library, its sources, its
//! parameter file and docs/degrade.md.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use super::source::{Role, between};
use super::{FILE, Facts, full, running};

/// What docs/degrade.md calls a node when it dies.
fn rows_of(node: &str) -> &str {
    match node {
        "can_hub" | "servo_sim" => "the bus",
        other => running(if other == "joint_driver" { "" } else { other }),
    }
}

pub fn text(facts: &Facts, node: &str) -> Result<String> {
    let manifest = facts.text(&format!("nodes/{node}/Cargo.toml"))?;
    let does = between(&manifest, "description = \"", "\"").context("no description")?;
    let name = if node == "joint_driver" { "driver_<joint>" } else { running(node) };
    let mut text = format!(
        "# {node}\n\n{does}.\n\nNode `{name}`, executable `{node}` of package `armature_nodes`, logic in \
         `nodes/{node}/src/lib.rs`. Written by `cargo xtask api`.\n\n"
    );
    text += &head(&facts.text(&format!("nodes/{node}/src/lib.rs"))?);
    text += "\n## What it says, hears and answers\n| | name | type |\n|---|---|---|\n";
    for made in facts.made.iter().filter(|made| made.node == node) {
        let does = match made.role {
            Role::Publishes => "publishes",
            Role::Hears => "hears",
            Role::Serves => "answers",
            Role::Acts => "carries out",
        };
        let kind = if made.kind.is_empty() { String::new() } else { format!("`{}`", made.kind) };
        writeln!(text, "| {does} | `{}` | {kind} |", full(node, &made.name))?;
    }
    let up = FILE.trim_start_matches("docs/");
    writeln!(
        text,
        "\nBesides these `heartbeat`, `diagnostics`, the lifecycle services and the parameter services; types, \
         quality of service, units and examples of all: [{up}](../{up}).\n"
    )?;
    text += &death(facts, node)?;
    let parameters = facts.text(&format!("config/{node}.yaml"))?;
    writeln!(
        text,
        "\n## Parameters\n`config/{node}.yaml`:\n```yaml\n{}\n```",
        parameters.trim_end()
    )?;
    Ok(text)
}

/// The words at the head of a library, as paragraphs.
fn head(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    // A link within the code leads nowhere from here.
    let plain = |line: &str| line.trim_start().replace("[`", "`").replace("`]", "`") + "\n";
    lines.map(plain).collect()
}

fn death(facts: &Facts, node: &str) -> Result<String> {
    let mut text = "## On its death, and what else can happen to it\n".to_owned();
    let name = if node == "joint_driver" { node } else { rows_of(node) };
    let table = facts.text("docs/degrade.md")?;
    let rows: Vec<_> = table
        .lines()
        .filter(|line| {
            let what = line.strip_prefix("| ").unwrap_or_default();
            what.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', ',']))
        })
        .collect();
    if rows.is_empty() {
        text += "Nothing of the arm listens to it: nothing changes but that it is missing, and launch starts it \
                 again.\n";
    } else {
        text += "| lost or faulty | arm | what happens | what brings it back | case |\n|---|---|---|---|---|\n";
        text += &(rows.join("\n") + "\n");
    }
    if node == "servo_sim" {
        text +=
            "\nIt stands for the hardware: when its process dies, all drives are gone at once.\n";
    }
    text += "\nFrom [degrade.md](../degrade.md), where the cases are told in full.\n";
    Ok(text)
}
