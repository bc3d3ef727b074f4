//! Parameter files as rcl reads them, for nodes that share one command line.
//!
//! The one rule: a value has the type that ROS gives it, and a file that cannot be used is named with
//! the place. Only files of the form `/**: ros__parameters:` are read, as all in `config/` are.

use serde_norway::Value as Yaml;
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use thiserror::Error;

/// A parameter value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Double(f64),
    /// A text.
    String(String),
    /// Truth values.
    Bools(Vec<bool>),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Numbers.
    Doubles(Vec<f64>),
    /// Texts.
    Strings(Vec<String>),
}

/// Why parameters cannot be used.
#[derive(Debug, Error)]
pub enum ParameterError {
    /// The file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Its text.
    #[error("{path}: {source}")]
    Text {
        /// Which.
        path: String,
        /// What is wrong, and where.
        source: serde_norway::Error,
    },
    /// Its form.
    #[error("{path}: begin with \"/**:\" and \"ros__parameters:\" below it")]
    Form {
        /// Which.
        path: String,
    },
    /// A value.
    #[error("parameter {key}: {what} is no value of a ROS parameter")]
    Kind {
        /// The key.
        key: String,
        /// What stands there.
        what: String,
    },
    /// A setting of the command line.
    #[error("--set {0:?}: write NODE:KEY=VALUE, as in supervisor:standby=true")]
    Setting(String),
}

/// `NODE:KEY=VALUE` of the command line; a `*` at the end of NODE stands for anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// For whom.
    pub node: String,
    /// The key.
    pub key: String,
    /// The value.
    pub value: Value,
}

impl FromStr for Setting {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let wrong = || ParameterError::Setting(text.to_owned());
        let (place, value) = text.split_once('=').ok_or_else(wrong)?;
        let (node, key) = place.split_once(':').ok_or_else(wrong)?;
        if node.is_empty() || key.is_empty() {
            return Err(wrong());
        }
        let parsed: Yaml = serde_norway::from_str(value).map_err(|_| wrong())?;
        // Nothing at all is an empty text: what launch passes for an argument that is not given.
        let parsed = if parsed.is_null() { Yaml::String(String::new()) } else { parsed };
        Ok(Self { node: node.to_owned(), key: key.to_owned(), value: leaf(key, &parsed)? })
    }
}

impl Setting {
    /// Whether it is meant for this node.
    #[must_use]
    pub fn is_for(&self, node: &str) -> bool {
        let head = self.node.strip_suffix('*');
        head.map_or(self.node == node, |head| node.starts_with(head))
    }
}

/// The parameters in a file.
///
/// # Errors
/// [`ParameterError`] naming the file.
pub fn of_file(path: &Path) -> Result<BTreeMap<String, Value>, ParameterError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|source| ParameterError::File { path: name.clone(), source })?;
    of_text(&name, &text)
}

/// The parameters in the text of a file called `name`.
///
/// # Errors
/// [`ParameterError`] naming the file.
pub fn of_text(name: &str, text: &str) -> Result<BTreeMap<String, Value>, ParameterError> {
    let parsed: Yaml = serde_norway::from_str(text)
        .map_err(|source| ParameterError::Text { path: name.to_owned(), source })?;
    let inner = parsed.get("/**").and_then(|nodes| nodes.get("ros__parameters"));
    let inner = inner.ok_or_else(|| ParameterError::Form { path: name.to_owned() })?;
    let mut flat = BTreeMap::new();
    flatten("", inner, &mut flat)?;
    Ok(flat)
}

fn flatten(
    prefix: &str,
    value: &Yaml,
    to: &mut BTreeMap<String, Value>,
) -> Result<(), ParameterError> {
    let Yaml::Mapping(group) = value else {
        to.insert(prefix.to_owned(), leaf(prefix, value)?);
        return Ok(());
    };
    for (key, inner) in group {
        let Some(key) = key.as_str() else { return Err(kind(prefix, key)) };
        let full = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        flatten(&full, inner, to)?;
    }
    Ok(())
}

fn kind(key: &str, value: &Yaml) -> ParameterError {
    ParameterError::Kind { key: key.to_owned(), what: format!("{value:?}") }
}

fn leaf(key: &str, value: &Yaml) -> Result<Value, ParameterError> {
    let found = match value {
        Yaml::Bool(value) => Some(Value::Bool(*value)),
        Yaml::Number(number) if number.is_f64() => number.as_f64().map(Value::Double),
        Yaml::Number(number) => number.as_i64().map(Value::Integer),
        Yaml::String(text) => Some(Value::String(text.clone())),
        Yaml::Sequence(items) => list(items),
        _ => None,
    };
    found.ok_or_else(|| kind(key, value))
}

/// A list of one type; whole numbers among numbers are numbers.
fn list(items: &[Yaml]) -> Option<Value> {
    fn all<T>(items: &[Yaml], of: impl Fn(&Yaml) -> Option<T>) -> Option<Vec<T>> {
        items.iter().map(of).collect()
    }
    all(items, |item| item.as_str().map(str::to_owned))
        .map(Value::Strings)
        .or_else(|| all(items, Yaml::as_bool).map(Value::Bools))
        .or_else(|| all(items, Yaml::as_i64).map(Value::Integers))
        .or_else(|| all(items, Yaml::as_f64).map(Value::Doubles))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_become_dotted_keys_and_values_have_the_types_of_ros() {
        let text = "/**:\n  ros__parameters:\n    arm: {period: 0.004, joints: [a, b]}\n    \
                    standby: false\n    limits: [1, 2.5]\n    port: 29536\n";
        let parameters = of_text("x.yaml", text).unwrap();
        assert_eq!(parameters["arm.period"], Value::Double(0.004));
        assert_eq!(parameters["arm.joints"], Value::Strings(vec!["a".into(), "b".into()]));
        assert_eq!(parameters["standby"], Value::Bool(false));
        assert_eq!(parameters["limits"], Value::Doubles(vec![1.0, 2.5]));
        assert_eq!(parameters["port"], Value::Integer(29536));
    }

    #[test]
    fn the_files_in_config_can_be_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config");
        for (_, program) in crate::parse(crate::WHOLE_ARM).unwrap() {
            assert!(!of_file(&Path::new(folder).join(program.file())).unwrap().is_empty());
        }
    }

    #[test]
    fn settings_of_the_command_line_say_for_whom_they_are() {
        let setting: Setting = "driver_joint_1:bus.port=40123".parse().unwrap();
        assert_eq!((setting.key.as_str(), &setting.value), ("bus.port", &Value::Integer(40123)));
        assert!(setting.is_for("driver_joint_1") && !setting.is_for("control"));
        let empty: Setting = "*:state_file=".parse().unwrap();
        let drivers: Setting = "driver_joint_*:bus.port=1".parse().unwrap();
        assert!(drivers.is_for("driver_joint_4") && !drivers.is_for("control"));
        assert!(empty.is_for("control") && empty.value == Value::String(String::new()));
        let text = "standby=true".parse::<Setting>().unwrap_err().to_string();
        assert!(text.contains("NODE:KEY=VALUE"), "{text}");
    }

    #[test]
    fn a_file_of_another_form_is_named() {
        let text = of_text("odd.yaml", "a: 1").unwrap_err().to_string();
        assert!(text.starts_with("odd.yaml"), "{text}");
    }
}
