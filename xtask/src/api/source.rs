//! What the nodes say to each other, read from their sources: which topic, service and action is
//! created where, under which constant of `vocabulary::topics`.
//!
//! The one rule: a name that cannot be resolved is an error that names file and expression, so that
//! nothing is missing on the page in silence.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// What a node does with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sends a topic.
    Publishes,
    /// Hears a topic.
    Hears,
    /// Answers a service.
    Serves,
    /// Carries out goals of an action.
    Acts,
}

/// How a shell makes something, and what that is.
const MADE_BY: [(&str, Role); 9] = [
    (".publisher(", Role::Publishes),
    (".publisher_named(", Role::Publishes),
    (".messages(", Role::Publishes),
    (".latest(", Role::Hears),
    (".latest_named(", Role::Hears),
    (".stream(", Role::Hears),
    (".stream_named(", Role::Hears),
    (".service(", Role::Serves),
    (".action(", Role::Acts),
];

/// One thing that one node makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Made {
    /// Folder below nodes/.
    pub node: String,
    /// What it does with it.
    pub role: Role,
    /// Relative name, `~/…` below the node's own.
    pub name: String,
    /// `package/srv/Type` or `package/action/Type`; empty for topics.
    pub kind: String,
}

/// A constant of `vocabulary::topics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constant {
    /// Name of the topic or service.
    pub name: String,
    /// Quality of service; empty for a service.
    pub qos: String,
    /// What it says of itself.
    pub said: String,
}

/// All constants by identifier, below a module as `module::ID`, in the order of names; per-joint topics are
/// `feedback`, `telemetry`.
///
/// # Errors
/// When the file cannot be read.
pub fn constants(root: &Path) -> Result<BTreeMap<String, Constant>> {
    let path = root.join("crates/vocabulary/src/topics.rs");
    let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    let (mut found, mut said, mut module) = (BTreeMap::new(), String::new(), String::new());
    for line in text.lines() {
        match line.strip_prefix("pub mod ") {
            Some(name) => module = format!("{}::", name.trim_end_matches([' ', '{'])),
            None if line == "}" => module.clear(),
            None => {}
        }
        let line = line.trim();
        if let Some(more) = line.strip_prefix("/// ") {
            said = format!("{said} {more}").trim().to_owned();
            continue;
        }
        if let Some((id, constant)) = constant(line, &said) {
            found.insert(format!("{module}{id}"), constant);
        }
        if !line.starts_with("#[") {
            said.clear();
        }
    }
    Ok(found)
}

fn constant(line: &str, said: &str) -> Option<(String, Constant)> {
    let line = line.strip_prefix("pub const ").or(line.strip_prefix("pub fn ")).unwrap_or(line);
    let id: String = line.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let said = said.to_owned();
    if matches!(id.as_str(), "feedback" | "telemetry") {
        let qos = between(&said, "[`Qos::", "`]")?.to_owned();
        return Some((id.clone(), Constant { name: format!("joints/<joint>/{id}"), qos, said }));
    }
    let (_, value) = line.split_once(" = ").or_else(|| line.split_once("= "))?;
    let name = between(value, "\"", "\"")?.to_owned();
    let qos = value.rsplit_once(", ").map_or("", |(_, qos)| qos.trim_end_matches(';'));
    Some((id, Constant { name, qos: qos.to_owned(), said }))
}

/// The text between two others.
pub fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(inside, _)| inside)
}

/// Everything that the nodes make, sorted.
///
/// # Errors
/// When a source cannot be read or a name not be resolved.
pub fn made(root: &Path, constants: &BTreeMap<String, Constant>) -> Result<Vec<Made>> {
    let mut all = Vec::new();
    for node in nodes(root)? {
        let mut files = Vec::new();
        sources(&root.join("nodes").join(&node).join("src"), &mut files)?;
        for text in &files {
            all.extend(made_in(&node, text, &files, constants)?);
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}

/// Runs the nodes of others and makes nothing itself.
const HOST: &str = "monolith";

/// The nodes' folders, in alphabetical order.
///
/// # Errors
/// When nodes/nodes.txt cannot be read.
pub fn nodes(root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join("nodes/nodes.txt")).context("nodes/nodes.txt")?;
    Ok(text.lines().filter(|name| *name != HOST).map(str::to_owned).collect())
}

fn sources(folder: &Path, into: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, into)?;
        } else if name.ends_with(".rs") && name != "tests.rs" {
            into.push(fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

fn made_in(
    node: &str,
    text: &str,
    files: &[String],
    constants: &BTreeMap<String, Constant>,
) -> Result<Vec<Made>> {
    let mut all = Vec::new();
    for line in text.lines().filter(|line| line.contains("shell.")) {
        for (method, role) in MADE_BY {
            let Some((before, after)) = line.split_once(&format!("shell{method}")) else {
                continue;
            };
            let names = names(node, argument(after), text, files, constants)
                .with_context(|| format!("nodes/{node}, in `{}`", line.trim()))?;
            let kind = match role {
                Role::Serves | Role::Acts => kind(before, text)
                    .with_context(|| format!("nodes/{node}: no type for `{}`", line.trim()))?,
                _ => String::new(),
            };
            let node = node.to_owned();
            all.extend(names.into_iter().map(|name| Made {
                node: node.clone(),
                role,
                name,
                kind: kind.clone(),
            }));
        }
    }
    Ok(all)
}

/// The first argument of a call whose text follows.
fn argument(after: &str) -> &str {
    let mut depth = 0;
    let end = after.find(|c| match c {
        '(' => {
            depth += 1;
            false
        }
        ')' => {
            depth -= 1;
            depth < 0
        }
        ',' => depth == 0,
        _ => false,
    });
    after.get(..end.unwrap_or(after.len())).unwrap_or(after).trim_start_matches('&')
}

fn names(
    node: &str,
    expression: &str,
    text: &str,
    files: &[String],
    constants: &BTreeMap<String, Constant>,
) -> Result<Vec<String>> {
    if let Some(literal) = between(expression, "\"", "\"") {
        return Ok(vec![literal.trim_start_matches('/').to_owned()]);
    }
    // A call names a function of the topics, one per joint.
    if let Some((function, _)) = expression.split_once('(') {
        let id = function.rsplit("::").next().unwrap_or_default();
        let constant = constants.get(id).with_context(|| format!("no topic {id}"))?;
        return Ok(vec![constant.name.clone()]);
    }
    let path = expression.strip_suffix(".name").unwrap_or(expression);
    let meant = |path: &str| Some(vec![constant_of(path, text, constants)?.name.clone()]);
    if let Some(names) = meant(path).or_else(|| meant(bound(path, text)?)) {
        return Ok(names);
    }
    let id = path.rsplit("::").next().unwrap_or(path);
    match (node, id) {
        // The five services of the arm stand in a table.
        ("supervisor", "name") => {
            let table = files.iter().find_map(|text| between(text, "const SERVICES", "];"));
            let table = table.context("no table SERVICES")?;
            let ids = table.split('(').filter_map(|part| part.split(',').next());
            Ok(ids.filter_map(meant).flatten().collect())
        }
        // An inactive node tells its estimate below its own name.
        ("thermal", "own") => Ok(vec!["~/thermal_state".to_owned()]),
        // What parameters name: there is none unless somebody says so.
        ("planning", "topic") => Ok(Vec::new()),
        _ => bail!("cannot resolve `{expression}`: teach xtask/src/api/source.rs"),
    }
}

/// The constant that a path means in a file: `module::ID`, with the module's own name or the one that the
/// file gives it by `as`; `ID` alone may be imported from any module that has one of that name alone.
fn constant_of<'a>(
    path: &str,
    text: &str,
    constants: &'a BTreeMap<String, Constant>,
) -> Option<&'a Constant> {
    let mut parts = path.rsplit("::");
    let (id, module) = (parts.next()?, parts.next());
    if let Some(module) = module.filter(|module| *module != "topics") {
        let alias = format!(" as {module};");
        let own = text.split_once(&alias).and_then(|(before, _)| before.rsplit("::").next());
        return constants.get(&format!("{}::{id}", own.unwrap_or(module)));
    }
    let imported = || {
        let suffix = format!("::{id}");
        let mut all = constants.iter().filter(|(key, _)| key.ends_with(&suffix));
        let first = all.next().map(|(_, constant)| constant);
        first.filter(|_| all.next().is_none())
    };
    constants.get(id).or_else(imported)
}

/// The constant to which `let id = …` or `let (…, id) = (…, …)` binds a name.
fn bound<'a>(id: &str, text: &'a str) -> Option<&'a str> {
    for line in text.lines().filter_map(|line| line.trim().strip_prefix("let ")) {
        let (left, right) = line.trim_end_matches(';').split_once(" = ")?;
        let parts = |side: &'a str| side.trim_matches(['(', ')']).split(", ").collect::<Vec<_>>();
        if let Some(at) = parts(left).iter().position(|part| *part == id) {
            return parts(right).get(at).copied();
        }
    }
    None
}

/// `package/srv/Type` of what stands before a call: the type of the field or of its neighbour.
fn kind(before: &str, text: &str) -> Option<String> {
    let words = before.trim_end_matches([':', ' ', '(', '=']);
    let field = words.rsplit([' ', '{', '(']).next()?.trim_end_matches(".push");
    let declared = text.lines().find(|line| {
        line.trim().starts_with(&format!("{field}: "))
            && line.contains('<')
            && !line.contains("shell")
    })?;
    let short = between(declared, "Requests<", "::")
        .or_else(|| between(declared, "ActionServer<", "::"))?;
    let import =
        text.split("use r2r::").skip(1).filter_map(|part| part.split(';').next()).find(|part| {
            part.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == short)
        })?;
    let mut path = import.split("::");
    let (package, sort) = (path.next()?, path.next()?);
    let full = import
        .split_once(&format!(" as {short}"))
        .and_then(|(before, _)| before.rsplit([':', ' ', '{']).next());
    Some(format!("{package}/{sort}/{}", full.unwrap_or(short)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths;

    #[test]
    fn a_line_of_the_topics_is_read() {
        let (id, one) = constant("TF = \"tf\", Latched;", "`a/B`, x to y.").unwrap();
        assert_eq!((id.as_str(), one.name.as_str(), one.qos.as_str()), ("TF", "tf", "Latched"));
        assert!(constant("pub const ALL: &[Topic] = &[$($id),*];", "").is_none());
    }

    #[test]
    fn the_type_of_a_service_comes_from_its_field() {
        let text = "use r2r::std_srvs::srv::Trigger;\nuse r2r::a_msgs::action::Long as Short;\n\
                    struct A {\n    go: Requests<Trigger::Service>,\n    act: ActionServer<Short::Action>,\n}\n";
        assert_eq!(kind("    Ok(Self { go: ", text).unwrap(), "std_srvs/srv/Trigger");
        assert_eq!(kind("    let go = ", text).unwrap(), "std_srvs/srv/Trigger");
        assert_eq!(kind("    act: ", text).unwrap(), "a_msgs/action/Long");
    }

    #[test]
    fn a_name_that_nobody_knows_is_an_error() {
        let error = names("motion", "mystery", "", &[], &BTreeMap::new()).unwrap_err().to_string();
        assert!(error.contains("mystery"), "{error}");
    }

    #[test]
    fn every_name_that_the_nodes_make_is_resolved() {
        let root = paths::root();
        let constants = constants(&root).unwrap();
        let made = made(&root, &constants).unwrap();
        let has = |node: &str, role, name: &str| {
            made.iter().any(|m| m.node == node && m.role == role && m.name == name)
        };
        assert!(has("supervisor", Role::Serves, "arm/stop"));
        assert!(
            has("cell", Role::Serves, "cell/resume") && !has("cell", Role::Serves, "arm/resume")
        );
        assert!(has("joint_state", Role::Publishes, "dynamic_joint_states"));
        assert!(has("joint_driver", Role::Publishes, "joints/<joint>/feedback"));
        assert!(has("planning", Role::Acts, "planning/move_to"));
        assert!(has("thermal", Role::Serves, "thermal/predict"));
    }
}
