//! Parameters: read once at start, deserialised into a node's `Config`, answered over the standard
//! services.
//!
//! The rule: a key that nobody knows or a value out of range aborts the start with one line; `set`
//! changes a parameter only when its node declared it live and accepts the whole candidate.
//!
//! Keys are split at the dots: `arm.*` is [`ArmConfig`], a handful belong to the shell
//! ([`ShellConfig`]), `robot_description` is the URDF, and all others are the node's `Config`.

mod services;
mod tree;
mod value;

pub(crate) use services::ParameterServices;
pub use value::Value;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;
use vocabulary::config::{ArmConfig, ArmConfigError, OutOfRange, in_range};

/// Why the parameters given do not start a node.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ParameterError {
    /// A key stands both as a value and as a group of keys.
    #[error("parameter {key} is given as a value and as a group of keys: keep one of them")]
    Nested {
        /// The key.
        key: String,
    },
    /// A number that no configuration can carry.
    #[error("parameter {key} = {value} is not finite")]
    NotFinite {
        /// The key.
        key: String,
        /// The number.
        value: f64,
    },
    /// An unknown key, or a value of the wrong type.
    #[error("parameter {key}: {reason}")]
    Rejected {
        /// The key, or the group it stands in.
        key: String,
        /// What serde says of it.
        reason: String,
    },
    /// A key under `arm.` that describes no arm.
    #[error(transparent)]
    Arm(#[from] ArmConfigError),
    /// A key of the shell outside its range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// Simulated time was asked for.
    #[error("parameter use_sim_time = true: deadlines run on the steady clock; leave it out")]
    SimTime,
}

/// The parameters that every node understands besides its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShellConfig {
    /// Configure and activate at start, without a lifecycle manager.
    pub autostart: bool,
    /// SCHED_FIFO priority of the node's cycle, 1 to 99; 0 asks for none; absent: the node's own
    /// default.
    pub realtime_priority: Option<i32>,
    /// Keep all pages in memory.
    pub lock_memory: bool,
}

impl Default for ShellConfig {
    fn default() -> Self {
        Self { autostart: true, realtime_priority: None, lock_memory: false }
    }
}

const SHELL_KEYS: [&str; 3] = ["autostart", "realtime_priority", "lock_memory"];
const DESCRIPTION: &str = "robot_description";
const SIM_TIME: &str = "use_sim_time";

/// Where a key belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Arm,
    Shell,
    Description,
    /// Given by launch to every node; means nothing here.
    Foreign,
    Node,
}

fn section(key: &str) -> Section {
    match key {
        DESCRIPTION => Section::Description,
        SIM_TIME => Section::Foreign,
        _ if key.starts_with("arm.") => Section::Arm,
        _ if key.starts_with("qos_overrides.") => Section::Foreign,
        _ if SHELL_KEYS.contains(&key) => Section::Shell,
        _ => Section::Node,
    }
}

/// Whether a key stands in a group.
fn below(key: &str, group: &str) -> bool {
    key.strip_prefix(group).is_some_and(|rest| !group.is_empty() && rest.starts_with('.'))
}

type Check = Box<dyn Fn(&Parameters) -> Result<(), String>>;

/// All parameters of one node.
#[derive(Default)]
pub struct Parameters {
    values: BTreeMap<String, Value>,
    live: BTreeSet<String>,
    check: Option<Check>,
    changed: bool,
    /// Keys of the change that is being judged.
    wanted: Vec<String>,
}

impl Parameters {
    /// From the overrides given on the command line and in files.
    #[must_use]
    pub fn new(values: BTreeMap<String, Value>) -> Self {
        Self { values, ..Self::default() }
    }

    /// The node's own configuration: all keys that belong to nobody else.
    ///
    /// # Errors
    /// [`ParameterError`] naming the key.
    pub fn config<C: DeserializeOwned>(&self) -> Result<C, ParameterError> {
        self.config_without("")
    }

    /// As [`Parameters::config`], for a node whose shell takes the keys below `group` for itself.
    ///
    /// # Errors
    /// [`ParameterError`] naming the key.
    pub fn config_without<C: DeserializeOwned>(&self, group: &str) -> Result<C, ParameterError> {
        let ours = |key: &str| section(key) == Section::Node && !below(key, group);
        self.deserialise(ours, "")
    }

    /// The keys below `group`.
    ///
    /// # Errors
    /// [`ParameterError`] naming the key.
    pub fn group<C: DeserializeOwned>(&self, group: &str) -> Result<C, ParameterError> {
        self.deserialise(|key| below(key, group), &format!("{group}."))
    }

    /// The keys under `arm.`, validated.
    ///
    /// # Errors
    /// [`ParameterError`] naming the key.
    pub fn arm(&self) -> Result<ArmConfig, ParameterError> {
        let arm: ArmConfig = self.group("arm")?;
        arm.validate()?;
        Ok(arm)
    }

    /// The keys of the shell, validated.
    ///
    /// # Errors
    /// [`ParameterError`] naming the key.
    pub fn shell(&self) -> Result<ShellConfig, ParameterError> {
        if self.values.get(SIM_TIME) == Some(&Value::Bool(true)) {
            return Err(ParameterError::SimTime);
        }
        let shell: ShellConfig = self.deserialise(|key| section(key) == Section::Shell, "")?;
        let priority = f64::from(shell.realtime_priority.unwrap_or(0));
        in_range("realtime_priority", priority, 0.0..=99.0)?;
        Ok(shell)
    }

    /// The URDF, when it was given.
    #[must_use]
    pub fn robot_description(&self) -> Option<&str> {
        match self.values.get(DESCRIPTION) {
            Some(Value::String(urdf)) => Some(urdf),
            _ => None,
        }
    }

    /// Gives parameters that no file gave their default values, so that they can be listed and set;
    /// a whole number given for a number becomes one.
    pub fn declare(&mut self, defaults: impl IntoIterator<Item = (String, Value)>) {
        for (key, default) in defaults {
            let given = self.values.entry(key).or_insert_with(|| default.clone());
            if let (Value::Integer(whole), Value::Double(_)) = (&*given, &default) {
                *given = Value::Double(*whole as f64);
            }
        }
    }

    /// Declares parameters that may change while the node runs; `check` judges the candidate.
    pub fn declare_live(
        &mut self,
        keys: impl IntoIterator<Item = impl Into<String>>,
        check: impl Fn(&Self) -> Result<(), String> + 'static,
    ) {
        self.live.extend(keys.into_iter().map(Into::into));
        self.check = Some(Box::new(check));
    }

    /// The keys that somebody wants to change, while the candidate is judged.
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().map(String::as_str)
    }

    /// Shows values that changed in another way than by a parameter service.
    pub fn reflect(&mut self, values: impl IntoIterator<Item = (String, Value)>) {
        self.values.extend(values);
    }

    /// Whether a live parameter changed since the last call.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Sets all of `wanted`, or nothing.
    ///
    /// # Errors
    /// Why not, naming the key; the old values stay.
    fn set(&mut self, wanted: &[(String, Value)]) -> Result<(), String> {
        for (key, value) in wanted {
            self.may_change(key, value)?;
        }
        let before = self.values.clone();
        self.values.extend(wanted.iter().cloned());
        self.wanted = wanted.iter().map(|(key, _)| key.clone()).collect();
        let judged = self.check.as_ref().map_or(Ok(()), |check| check(self));
        match judged {
            Ok(()) => self.changed = true,
            Err(_) => self.values = before,
        }
        judged
    }

    fn may_change(&self, key: &str, value: &Value) -> Result<(), String> {
        let Some(present) = self.values.get(key) else {
            return Err(format!("parameter {key} is not declared by this node"));
        };
        if !self.live.contains(key) {
            return Err(format!("parameter {key} is read-only: change its file and restart"));
        }
        if present.kind() != value.kind() {
            let (has, got) = (present.kind(), value.kind());
            return Err(format!("parameter {key} has type {has:?}, not {got:?}"));
        }
        Ok(())
    }

    fn deserialise<C: DeserializeOwned>(
        &self,
        wanted: impl Fn(&str) -> bool,
        prefix: &str,
    ) -> Result<C, ParameterError> {
        let ours = self.values.iter().filter(|(key, _)| wanted(key));
        let short = |key: &'_ String| key.get(prefix.len()..).unwrap_or_default().to_owned();
        let ours: Vec<_> = ours.map(|(key, value)| (short(key), value)).collect();
        let tree = tree::nest(ours.iter().map(|(key, value)| (key.as_str(), *value)))?;
        serde_path_to_error::deserialize(tree).map_err(|error| {
            let path = error.path().to_string();
            let key = format!("{prefix}{}", if path == "." { "" } else { &path });
            tree::rejected(&key, &error.into_inner().to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize, Default)]
    #[serde(default, deny_unknown_fields)]
    struct Config {
        lead: f64,
        bus: Bus,
        friction: BTreeMap<String, f64>,
    }

    #[derive(Debug, PartialEq, Deserialize, Default)]
    #[serde(default, deny_unknown_fields)]
    struct Bus {
        port: u16,
    }

    fn given(list: &[(&str, Value)]) -> Parameters {
        Parameters::new(list.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
    }

    #[test]
    fn dotted_keys_become_nested_fields_and_integers_become_floats() {
        let parameters = given(&[
            ("lead", Value::Integer(2)),
            ("bus.port", Value::Integer(29536)),
            ("friction.joint_1", Value::Double(0.5)),
            ("arm.period", Value::Double(0.004)),
            ("use_sim_time", Value::Bool(false)),
        ]);
        let config: Config = parameters.config().unwrap();
        assert_eq!((config.lead, config.bus.port), (2.0, 29536));
        assert_eq!(config.friction.get("joint_1"), Some(&0.5));
    }

    #[test]
    fn an_unknown_key_is_named() {
        let nested = given(&[("bus.prot", Value::Integer(1))]).config::<Config>().unwrap_err();
        assert!(nested.to_string().starts_with("parameter bus.prot: unknown"), "{nested}");
        let top = given(&[("laed", Value::Double(1.0))]).config::<Config>().unwrap_err();
        assert!(top.to_string().starts_with("parameter laed: unknown"), "{top}");
        let arm = given(&[("arm.joint", Value::Integer(1))]).arm().unwrap_err();
        assert!(arm.to_string().starts_with("parameter arm.joint: unknown"), "{arm}");
    }

    #[test]
    fn a_wrong_type_is_named() {
        let error =
            given(&[("lead", Value::String("x".to_owned()))]).config::<Config>().unwrap_err();
        assert!(error.to_string().starts_with("parameter lead: invalid type"), "{error}");
    }

    #[test]
    fn a_value_that_is_also_a_group_is_refused() {
        let both = given(&[("bus", Value::Integer(1)), ("bus.port", Value::Integer(1))]);
        assert_eq!(both.config::<Config>(), Err(ParameterError::Nested { key: "bus".to_owned() }));
    }

    #[test]
    fn a_nan_is_named() {
        let error = given(&[("lead", Value::Double(f64::NAN))]).config::<Config>().unwrap_err();
        assert!(error.to_string().starts_with("parameter lead = NaN"), "{error}");
    }

    #[test]
    fn only_live_parameters_change_and_only_when_the_node_accepts() {
        let mut parameters = given(&[("lead", Value::Double(0.01)), ("x", Value::Double(0.0))]);
        parameters.declare_live(["lead"], |p| match p.values.get("lead") {
            Some(Value::Double(v)) if *v < 1.0 => Ok(()),
            _ => Err("parameter lead: too long".to_owned()),
        });
        let set = |p: &mut Parameters, key: &str, value| p.set(&[(key.to_owned(), value)]);
        assert!(set(&mut parameters, "x", Value::Double(1.0)).unwrap_err().contains("read-only"));
        assert!(set(&mut parameters, "y", Value::Double(1.0)).unwrap_err().contains("declared"));
        assert!(set(&mut parameters, "lead", Value::Bool(true)).unwrap_err().contains("type"));
        assert!(set(&mut parameters, "lead", Value::Double(2.0)).unwrap_err().contains("long"));
        assert_eq!(parameters.values.get("lead"), Some(&Value::Double(0.01)));
        assert!(!parameters.take_changed());
        set(&mut parameters, "lead", Value::Double(0.02)).unwrap();
        assert!(parameters.take_changed());
    }

    #[test]
    fn a_declared_parameter_can_be_set_although_no_file_gave_it() {
        let mut parameters = given(&[("lead", Value::Integer(1))]);
        let defaults = [("lead", 0.5), ("x", 2.0)];
        parameters.declare(defaults.map(|(key, value)| (key.to_owned(), Value::Double(value))));
        parameters.declare_live(["lead", "x"], |_| Ok(()));
        assert_eq!(parameters.values.get("lead"), Some(&Value::Double(1.0)));
        let set = |p: &mut Parameters, key: &str, value| p.set(&[(key.to_owned(), value)]);
        assert_eq!(set(&mut parameters, "x", Value::Double(3.0)), Ok(()));
        assert_eq!(set(&mut parameters, "lead", Value::Double(3.0)), Ok(()));
    }

    #[test]
    fn a_priority_beyond_the_kernels_range_is_refused() {
        let error = given(&[("realtime_priority", Value::Integer(100))]).shell().unwrap_err();
        assert!(error.to_string().contains("realtime_priority = 100"), "{error}");
    }
}
