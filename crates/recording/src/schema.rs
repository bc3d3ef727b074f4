//! Schemas `ros2msg`: the text of a message definition followed by those of all types in it.
//!
//! The one rule: a schema is complete or absent; a reader who trusts half of one reads nonsense.
//!
//! Terms: a *definition* is the text of one `.msg` file; a type has no file of its own when it is a
//! part of an action or a service (`pkg/action/Name_FeedbackMessage`): then it is put together from
//! the `.action` or `.srv` file.

use std::collections::BTreeSet;
use thiserror::Error;

/// Between two definitions of a schema, followed by a line `MSG: pkg/Name`.
const SEPARATOR: &str =
    "================================================================================";
/// Between the parts of an action or a service.
const PART: &str = "---";

/// Why there is no schema.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SchemaError {
    /// A definition is not installed.
    #[error("the definition of {name} is not installed")]
    Missing {
        /// Full name of the type.
        name: String,
    },
    /// Not of the form `package/kind/Name`.
    #[error("{name:?} is no type name of the form package/msg/Name")]
    Name {
        /// What was given.
        name: String,
    },
}

/// Where definition files are found: the text of `package`, folder (`msg`, `srv`, `action`), file name.
pub trait Definitions {
    /// The text of a definition file, when it is there.
    fn text(&self, package: &str, folder: &str, file: &str) -> Option<String>;
}

impl<F: Fn(&str, &str, &str) -> Option<String>> Definitions for F {
    fn text(&self, package: &str, folder: &str, file: &str) -> Option<String> {
        self(package, folder, file)
    }
}

/// The schema of a type such as `sensor_msgs/msg/JointState`.
///
/// # Errors
/// [`SchemaError`] naming the type whose definition is missing.
pub fn assemble(name: &str, definitions: &impl Definitions) -> Result<String, SchemaError> {
    let mut schema = definition(name, definitions)?;
    let mut seen = BTreeSet::from([name.to_owned()]);
    let mut waiting = needs(name, &schema);
    while let Some(next) = waiting.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        let text = definition(&next, definitions)?;
        waiting.extend(needs(&next, &text));
        let (package, _, short) = split(&next)?;
        schema += &format!("\n{SEPARATOR}\nMSG: {package}/{short}\n{text}");
    }
    Ok(schema)
}

fn split(name: &str) -> Result<(&str, &str, &str), SchemaError> {
    let mut parts = name.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(package), Some(folder), Some(short), None) if !short.is_empty() => {
            Ok((package, folder, short))
        }
        _ => Err(SchemaError::Name { name: name.to_owned() }),
    }
}

/// The definition of one type, put together when it is a part of an action or a service.
fn definition(name: &str, definitions: &impl Definitions) -> Result<String, SchemaError> {
    let (package, folder, short) = split(name)?;
    let missing = || SchemaError::Missing { name: name.to_owned() };
    match folder {
        "msg" => definitions.text(package, "msg", &format!("{short}.msg")).ok_or_else(missing),
        "action" | "srv" => part(package, folder, short, definitions).ok_or_else(missing),
        _ => Err(missing()),
    }
}

/// As rosidl puts the parts of an action or a service together.
fn part(
    package: &str,
    folder: &str,
    short: &str,
    definitions: &impl Definitions,
) -> Option<String> {
    let (of, suffix) = short.split_once('_')?;
    let text = definitions.text(package, folder, &format!("{of}.{folder}"))?;
    let section = |index: usize| section(&text, index);
    let goal_id = "unique_identifier_msgs/UUID goal_id";
    match (folder, suffix) {
        ("srv", "Request") | ("action", "Goal") => section(0),
        ("srv", "Response") | ("action", "Result") => section(1),
        ("action", "Feedback") => section(2),
        ("action", "FeedbackMessage") => {
            Some(format!("{goal_id}\n{package}/{of}_Feedback feedback\n"))
        }
        ("srv", "Event") => Some(format!(
            "service_msgs/ServiceEventInfo info\n{package}/{of}_Request[<=1] request\n\
             {package}/{of}_Response[<=1] response\n"
        )),
        _ => None,
    }
}

fn section(text: &str, index: usize) -> Option<String> {
    let mut parts: Vec<String> = vec![String::new()];
    for line in text.lines() {
        match parts.last_mut() {
            Some(part) if line.trim_end() != PART => *part += &format!("{line}\n"),
            _ => parts.push(String::new()),
        }
    }
    parts.get(index).cloned()
}

/// The types that a definition mentions, by full name.
fn needs(of: &str, text: &str) -> Vec<String> {
    let (package, folder) = split(of).map_or(("", "msg"), |(package, folder, _)| (package, folder));
    text.lines()
        .filter_map(|line| field_type(line))
        .map(|kind| full(kind, package, folder))
        .collect()
}

/// The type of the field in a line, unless it is none or a primitive one.
fn field_type(line: &str) -> Option<&str> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let (kind, rest) = line.split_once(char::is_whitespace)?;
    // `uint8 OK=0` names a constant; its type is primitive anyhow.
    let kind = kind.split(['[', '<']).next().unwrap_or_default();
    let primitive =
        kind.chars().next().is_none_or(|first| first.is_ascii_lowercase()) && !kind.contains('/');
    (!primitive && !rest.is_empty()).then_some(kind)
}

/// Types are named in full, with their package, or alone when they stand in the same one.
fn full(kind: &str, package: &str, folder: &str) -> String {
    let part = |short: &str| {
        let suffixes = ["_Feedback", "_Goal", "_Result", "_Request", "_Response"];
        suffixes.iter().any(|suffix| short.ends_with(suffix))
    };
    match kind.split_once('/') {
        None => format!("{package}/msg/{kind}"),
        Some((_, rest)) if rest.contains('/') => kind.to_owned(),
        Some((other, short)) if part(short) => format!("{other}/{folder}/{short}"),
        Some((other, short)) => format!("{other}/msg/{short}"),
    }
}

/// Our own definitions and those that they need, for files made without an installed ROS.
#[must_use]
pub fn built_in(package: &str, folder: &str, file: &str) -> Option<String> {
    macro_rules! ours {
        ($($name:literal),*) => {
            match file {
                $(concat!($name, ".msg") =>
                    Some(include_str!(concat!("../../../msg/msg/", $name, ".msg"))),)*
                _ => None,
            }
        };
    }
    let text = match (package, folder) {
        ("builtin_interfaces", "msg") if file == "Time.msg" => Some("int32 sec\nuint32 nanosec\n"),
        ("armature_msgs", "msg") => ours!(
            "ArmState",
            "ArmStatus",
            "ControlState",
            "Derating",
            "Event",
            "Heartbeat",
            "Histogram",
            "JointFeedback",
            "JointTelemetry",
            "Lease",
            "Notice",
            "ThermalAlarm",
            "ThermalState"
        ),
        _ => None,
    };
    text.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(package: &str, folder: &str, file: &str) -> Option<String> {
        let text = match (package, folder, file) {
            ("a", "msg", "Top.msg") => {
                "# about\nuint8 K=1\nTime stamp\nb/Pose[] poses # all\nb/Pose one\nstring<=5 name\n"
            }
            ("a", "msg", "Time.msg") => "int32 sec\n",
            ("b", "msg", "Pose.msg") => "b/msg/Point at\nfloat64[3] q\n",
            ("b", "msg", "Point.msg") => "float64 x\n",
            ("a", "action", "Do.action") => "b/Point to\n---\nint32 code\n---\nfloat64 share\n",
            ("a", "msg", "Half.msg") => "c/Gone gone\n",
            ("unique_identifier_msgs", "msg", "UUID.msg") => "uint8[16] uuid\n",
            _ => return None,
        };
        Some(text.to_owned())
    }

    #[test]
    fn every_type_in_a_message_is_added_once() {
        let schema = assemble("a/msg/Top", &files).unwrap();
        let names: Vec<_> = schema.lines().filter_map(|line| line.strip_prefix("MSG: ")).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["a/Time", "b/Point", "b/Pose"]);
        assert!(schema.starts_with("# about\n"));
        assert_eq!(schema.matches(SEPARATOR).count(), 3);
        assert_eq!(SEPARATOR.len(), 80);
    }

    #[test]
    fn the_feedback_of_an_action_is_put_together() {
        let schema = assemble("a/action/Do_FeedbackMessage", &files).unwrap();
        assert!(schema.contains("MSG: unique_identifier_msgs/UUID\nuint8[16] uuid"), "{schema}");
        assert!(schema.contains("MSG: a/Do_Feedback\nfloat64 share"), "{schema}");
        assert!(!schema.contains("int32 code"), "{schema}");
    }

    #[test]
    fn half_a_schema_is_none() {
        let error = assemble("a/msg/Half", &files).unwrap_err();
        assert_eq!(error.to_string(), "the definition of c/msg/Gone is not installed");
        assert!(assemble("Top", &files).is_err());
    }

    #[test]
    fn our_own_messages_need_no_installation() {
        for name in ["ThermalState", "Heartbeat", "Event", "ArmState", "JointTelemetry"] {
            assert!(assemble(&format!("armature_msgs/msg/{name}"), &built_in).is_ok(), "{name}");
        }
    }
}
