//! docs/api.md: topics, services, actions, and the definitions of their types.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};

use super::examples::{self, Example};
use super::source::{Role, between};
use super::{Facts, full, running};

const HEAD: &str = "\
# The interface of the arm

Written by `cargo xtask api` from `msg/`, `crates/vocabulary/src/topics.rs` and the sources of the nodes; a
test fails when it is old. The examples are for an arm that is up and enabled, those of `cell` and `camera`
for one with `cell:=true`; a test (`tests/conformance_api.rs`) types in every one as it stands here and looks
for what it is said to print.

All names are relative: with `namespace:=left` it is `/left/joint_states`. Units are SI and rad, °C for
temperatures; where a name says otherwise (`_ms`, `_hz`) it is so. Stamps of measurements are the time of
the bus sample. A number that nobody knows is NaN; a time that never comes is infinity.

How topics are sent: **latest**: best effort, keep last 1. **stream**: best effort, keep last 64.
**latched**: reliable, transient local, keep last 1: who comes late is told. **reliable**: keep last 10.

## Topics
";

const EVERY: &str = "\
## What every node answers
Each node has the lifecycle services (`~/change_state`, `~/get_state`, `~/get_available_states`,
`~/get_available_transitions`, `~/get_transition_graph`), the parameter services, and the topic
`~/transition_event`. A parameter that would be wrong is refused with key, value and what is allowed, and
the old one stays. `ros2 lifecycle` is not published for the prefix that `cargo xtask` prepares; the
services are the same thing.
";

const CODES: &str = "\
## Errors
- `std_srvs/srv/Trigger` and whatever has `success` and `message`: `success` is false and `message` says
  what is wrong, which joint, and what would be allowed.
- Planning answers with a [PlanOutcome](#planoutcome): a code for programs, a sentence for people.
- `arm_controller` answers with the codes of `control_msgs/action/FollowJointTrajectory`: 0 successful, -1
  invalid goal, -2 invalid joints, -3 old header timestamp, -4 path tolerance violated, -5 goal tolerance
  violated; `error_string` names joint, point, limit and amount.
- A goal of an action is never rejected, for a rejection carries no words: it is accepted and aborted with
  code and text. A topic answers nobody; what was refused there is told in the log and in the node's
  heartbeat.
- Nobody answers: the node is dead or not active. Nothing is queued for it; ask again.
";

/// Topics beside the table: name, type, quality of service, what it is.
pub const OTHERS: [(&str, &str, &str, &str); 4] = [
    ("tf", "tf2_msgs/msg/TFMessage", "Reliable", "Links of the arm that move."),
    ("tf_static", "tf2_msgs/msg/TFMessage", "Latched", "Links of the arm that do not."),
    (
        "diagnostics",
        "diagnostic_msgs/msg/DiagnosticArray",
        "Reliable",
        "Health of every node; absolute name.",
    ),
    (
        "thermal/thermal_state",
        "armature_msgs/msg/ThermalState",
        "Latched",
        "What an inactive thermal node estimates in the shadow of the active one; silent otherwise.",
    ),
];

pub fn text(facts: &Facts) -> Result<String> {
    let mut text = HEAD.to_owned();
    for topic in topics(facts)? {
        topic.write(facts, &mut text)?;
    }
    text += "\n## Services\n";
    for made in facts.made.iter().filter(|made| made.role == Role::Serves) {
        let name = full(&made.node, &made.name);
        let said = said(facts, &made.name);
        writeln!(
            text,
            "\n### `{name}`\n{} · answered by {}.{said}",
            linked(&made.kind),
            node(&made.node)
        )?;
        example(&mut text, &examples::call(&name, &made.kind))?;
    }
    text += "\n## Actions\nThe verb `ros2 action` is not published for the prefix that `cargo xtask` prepares, so \
             the examples are short programs in Python.\n";
    for made in facts.made.iter().filter(|made| made.role == Role::Acts) {
        let said = said(facts, &made.name);
        writeln!(
            text,
            "\n### `{}`\n{} · carried out by {}.{said}",
            made.name,
            linked(&made.kind),
            node(&made.node)
        )?;
        example(&mut text, &examples::action(&made.name))?;
    }
    write!(text, "\n{EVERY}")?;
    for (command, prints) in [
        ("service call /control/get_state lifecycle_msgs/srv/GetState", "active"),
        ("param get /control ramp", "value is"),
        ("param set /control ramp 0.4", "Set parameter successful"),
    ] {
        let command = format!("cargo xtask ros2 -- {command}");
        example(&mut text, &Example { command, prints: prints.to_owned(), when: "" })?;
    }
    write!(text, "\n{CODES}\n## Types of armature_msgs\n")?;
    for (name, definition) in definitions(facts)? {
        writeln!(text, "\n### {name}\n```\n{}\n```", definition.trim_end())?;
    }
    Ok(text)
}

/// A topic on the page.
pub struct Topic {
    name: String,
    kind: String,
    qos: String,
    said: String,
}

/// All topics, by name.
pub fn topics(facts: &Facts) -> Result<Vec<Topic>> {
    let mut all = Vec::new();
    for one in facts.constants.values().filter(|one| !one.qos.is_empty()) {
        let short =
            between(&one.said, "`", "`").with_context(|| format!("{}: no type", one.name))?;
        let kind = short.replacen('/', "/msg/", 1);
        let said = one.said.split_once('`').and_then(|(_, rest)| rest.split_once('`'));
        let said = said.map_or("", |(_, rest)| rest).trim_start_matches([',', ' ', ')', ':']);
        all.push(Topic {
            name: one.name.clone(),
            kind,
            qos: one.qos.clone(),
            said: sentence(said),
        });
    }
    for (name, kind, qos, said) in OTHERS {
        all.push(Topic {
            name: name.into(),
            kind: kind.into(),
            qos: qos.into(),
            said: said.into(),
        });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

impl Topic {
    fn write(&self, facts: &Facts, text: &mut String) -> Result<()> {
        let Self { name, kind, qos, said } = self;
        let who = |role| {
            let nodes: BTreeSet<_> = facts
                .made
                .iter()
                .filter(|made| made.role == role && full(&made.node, &made.name) == *name)
                .map(|made| node(&made.node))
                .collect();
            nodes.into_iter().collect::<Vec<_>>().join(", ")
        };
        let (from, to) = (who(Role::Publishes), who(Role::Hears));
        let every = matches!(name.as_str(), "heartbeat" | "diagnostics");
        let from = if every {
            "every node".to_owned()
        } else if from.is_empty() {
            "you".to_owned()
        } else {
            from
        };
        let to = if to.is_empty() { "whoever wants it".to_owned() } else { to };
        let qos_word = qos.to_lowercase();
        writeln!(text, "\n### `{name}`\n{} · {qos_word} · {from} → {to}. {said}", linked(kind))?;
        // A shadow is silent beside the active node: there is nothing to see.
        if !name.starts_with("thermal/") {
            let name = name.replace("<joint>", "joint_1");
            example(text, &examples::topic(&name, kind, qos))?;
        }
        Ok(())
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What the constants say of a service or action.
fn said(facts: &Facts, name: &str) -> String {
    let said = facts.constants.values().find(|one| one.name == name).map(|one| one.said.clone());
    said.filter(|said| said.contains(' ')).map_or_else(String::new, |said| format!(" {said}"))
}

fn node(node: &str) -> String {
    format!("[{}](nodes/{node}.md)", if node == "joint_driver" { node } else { running(node) })
}

/// A type, with a link to its definition where that stands on this page.
fn linked(kind: &str) -> String {
    let name = kind.rsplit('/').next().unwrap_or_default();
    match kind.starts_with("armature_msgs/") {
        true => format!("[`{kind}`](#{})", name.to_lowercase()),
        false => format!("`{kind}`"),
    }
}

fn example(text: &mut String, Example { command, prints, when }: &Example) -> Result<()> {
    let when = if when.is_empty() { String::new() } else { format!(" {when}") };
    Ok(writeln!(text, "```\n{command}\n```\nPrints `{prints}`{when}.")?)
}

/// Name and text of every definition in msg/.
fn definitions(facts: &Facts) -> Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for folder in ["msg", "srv", "action"] {
        for entry in fs::read_dir(facts.root.join("msg").join(folder))? {
            let path = entry?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            all.push((name, fs::read_to_string(&path)?));
        }
    }
    all.sort();
    Ok(all)
}
