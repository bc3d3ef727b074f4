//! The arguments of one node among several in a process, read by rcl's own parser.
//!
//! The one rule: a node finds the same parameters here as in a process of its own, because the same
//! files are read by the same code; what cannot be given to a single node is refused, not ignored.

use super::{check, forget_error};
use crate::params::Value;
use r2r_rcl as rcl;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, NulError, c_char};
use std::ptr;
use std::slice;
use thiserror::Error;

/// Why the arguments of a node cannot be used.
#[derive(Debug, Error)]
pub enum ArgumentsError {
    /// rcl does not understand them.
    #[error("{0}")]
    Unreadable(#[from] super::RawError),
    /// An argument that rcl does not know.
    #[error("argument {0:?} is none of -r, -p, --params-file and --log-level")]
    Unknown(String),
    /// A remapping of something else than the node itself.
    #[error(
        "remapping {0:?} for one node of several: give it behind --ros-args as NODE:FROM:=TO instead"
    )]
    Remapping(String),
    /// A name with a zero byte in it.
    #[error("an argument holds a zero byte")]
    Name(#[from] NulError),
}

/// What one node is told: name, namespace, parameters, level of its log.
#[derive(Debug, Default)]
pub struct Arguments {
    name: Option<String>,
    namespace: Option<String>,
    log_level: Option<String>,
    /// Parameters by the pattern of node names they are meant for, in the order of precedence.
    parameters: ByPattern,
}

impl Arguments {
    /// From the words that a process would get behind `--ros-args`.
    ///
    /// # Errors
    /// [`ArgumentsError`] naming the word.
    pub fn parse(words: &[String]) -> Result<Self, ArgumentsError> {
        let mut parsed = Self { parameters: parameters(words)?, ..Self::default() };
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let value = rest.next().cloned().unwrap_or_default();
            match word.as_str() {
                "-r" | "--remap" => parsed.remap(value)?,
                "--log-level" => parsed.log_level = Some(value),
                "-p" | "--param" | "--params-file" => {}
                _ => return Err(ArgumentsError::Unknown(word.clone())),
            }
        }
        Ok(parsed)
    }

    fn remap(&mut self, rule: String) -> Result<(), ArgumentsError> {
        match rule.split_once(":=") {
            Some(("__node" | "__name", name)) => self.name = Some(name.to_owned()),
            Some(("__ns", namespace)) => self.namespace = Some(namespace.to_owned()),
            _ => return Err(ArgumentsError::Remapping(rule)),
        }
        Ok(())
    }

    /// The node's name, when one is given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Its namespace, when one is given.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// From which level on it writes to its log, when that is given.
    #[must_use]
    pub fn log_level(&self) -> Option<&str> {
        self.log_level.as_deref()
    }

    /// The parameters of the node of this name; what is said later wins.
    #[must_use]
    pub fn parameters(&self, name: &str, full_name: &str) -> BTreeMap<String, Value> {
        let ours = |pattern: &str| ["/**", "**", name, full_name].contains(&pattern);
        let of = self.parameters.iter().filter(|(pattern, _)| ours(pattern));
        of.flat_map(|(_, values)| values.clone()).collect()
    }
}

/// Writes from `level` on (`debug`, `info`, …) to a logger.
pub(crate) fn set_log_level(logger: &str, level: &str) -> Result<(), ArgumentsError> {
    let (logger, name) = (CString::new(logger)?, CString::new(level)?);
    let mut severity = 0;
    // SAFETY: all pointers are valid during the calls.
    unsafe {
        let known = rcl::rcutils_logging_severity_level_from_string(
            name.as_ptr(),
            rcl::rcutils_get_default_allocator(),
            &raw mut severity,
        );
        check(known, || format!("log level {level:?}"))?;
        let set = rcl::rcutils_logging_set_logger_level(logger.as_ptr(), severity);
        check(set, || format!("log level {level:?}"))?;
    }
    Ok(())
}

/// Parameters by pattern of node names.
type ByPattern = Vec<(String, BTreeMap<String, Value>)>;

/// What rcl finds in the words.
fn parameters(words: &[String]) -> Result<ByPattern, ArgumentsError> {
    let all = ["--ros-args"].into_iter().chain(words.iter().map(String::as_str));
    let all = all.map(CString::new).collect::<Result<Vec<_>, _>>()?;
    let pointers: Vec<*const c_char> = all.iter().map(|word| word.as_ptr()).collect();
    let count = i32::try_from(pointers.len()).unwrap_or(i32::MAX);
    // SAFETY: the pointers are valid during the calls; what rcl makes is finished after it was read.
    unsafe {
        let mut arguments = rcl::rcl_get_zero_initialized_arguments();
        let parsed = rcl::rcl_parse_arguments(
            count,
            pointers.as_ptr(),
            rcl::rcutils_get_default_allocator(),
            &raw mut arguments,
        );
        check(parsed, || "arguments of one node".to_owned())?;
        let mut found: *mut rcl::rcl_params_t = ptr::null_mut();
        let got = rcl::rcl_arguments_get_param_overrides(&raw const arguments, &raw mut found);
        forget_error(rcl::rcl_arguments_fini(&raw mut arguments));
        check(got, || "parameters of one node".to_owned())?;
        let read = found.as_ref().map(|found| read(found)).unwrap_or_default();
        if !found.is_null() {
            rcl::rcl_yaml_node_struct_fini(found);
        }
        Ok(read)
    }
}

/// # Safety
/// `of` is as rcl made it.
unsafe fn read(of: &rcl::rcl_params_t) -> ByPattern {
    // SAFETY: rcl fills as many entries as it counts.
    let (names, nodes) =
        unsafe { (array(of.node_names, of.num_nodes), array(of.params, of.num_nodes)) };
    let named = names.iter().zip(nodes);
    // SAFETY: as above, for each node.
    named.map(|(name, node)| unsafe { (text(*name), values(node)) }).collect()
}

/// # Safety
/// `of` is as rcl made it.
unsafe fn values(of: &rcl::rcl_node_params_t) -> BTreeMap<String, Value> {
    // SAFETY: rcl fills as many entries as it counts.
    let (names, values) = unsafe {
        (array(of.parameter_names, of.num_params), array(of.parameter_values, of.num_params))
    };
    let named = names.iter().zip(values);
    // SAFETY: each name is a text, and each value holds what its pointers say.
    named.map(|(name, value)| unsafe { (text(*name), variant(value)) }).collect()
}

/// # Safety
/// Each pointer of `of` is null or points to a value of its type.
unsafe fn variant(of: &rcl::rcl_variant_t) -> Value {
    // SAFETY: as promised by the caller; arrays hold as many entries as they count.
    unsafe {
        if let Some(value) = of.bool_value.as_ref() {
            Value::Bool(*value)
        } else if let Some(value) = of.integer_value.as_ref() {
            Value::Integer(*value)
        } else if let Some(value) = of.double_value.as_ref() {
            Value::Double(*value)
        } else if !of.string_value.is_null() {
            Value::String(text(of.string_value))
        } else if let Some(values) = of.byte_array_value.as_ref() {
            Value::Bytes(array(values.values, values.size).to_vec())
        } else if let Some(values) = of.bool_array_value.as_ref() {
            Value::Bools(array(values.values, values.size).to_vec())
        } else if let Some(values) = of.integer_array_value.as_ref() {
            Value::Integers(array(values.values, values.size).to_vec())
        } else if let Some(values) = of.double_array_value.as_ref() {
            Value::Doubles(array(values.values, values.size).to_vec())
        } else if let Some(values) = of.string_array_value.as_ref() {
            Value::Strings(array(values.data, values.size).iter().map(|t| text(*t)).collect())
        } else {
            Value::NotSet
        }
    }
}

/// # Safety
/// `first` is null or the first of `count` values.
unsafe fn array<'a, T>(first: *const T, count: usize) -> &'a [T] {
    if first.is_null() {
        return &[];
    }
    // SAFETY: as promised by the caller.
    unsafe { slice::from_raw_parts(first, count) }
}

/// # Safety
/// `of` is a text that ends with zero.
unsafe fn text(of: *const c_char) -> String {
    // SAFETY: as promised by the caller.
    unsafe { CStr::from_ptr(of) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn file(name: &str, text: &str) -> String {
        let path = std::env::temp_dir().join(format!("{name}-{}.yaml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }

    #[test]
    fn a_node_gets_what_is_said_for_all_and_for_it_and_the_later_wins() {
        let all =
            file("all", "/**:\n  ros__parameters:\n    a: 1\n    b: [left, right]\n    c: 0.5\n");
        let own = file(
            "own",
            "/ns/one:\n  ros__parameters:\n    a: 2\n/ns/two:\n  ros__parameters:\n    a: 3\n",
        );
        let words = words(&format!(
            "-r __node:=one -r __ns:=/ns --params-file {all} --params-file {own} -p d:=true"
        ));
        let parsed = Arguments::parse(&words).unwrap();
        assert_eq!((parsed.name(), parsed.namespace()), (Some("one"), Some("/ns")));
        let found = parsed.parameters("one", "/ns/one");
        let texts = Value::Strings(vec!["left".to_owned(), "right".to_owned()]);
        let wanted = [
            ("a", Value::Integer(2)),
            ("b", texts),
            ("c", Value::Double(0.5)),
            ("d", Value::Bool(true)),
        ];
        assert_eq!(found, wanted.map(|(key, value)| (key.to_owned(), value)).into());
        for path in [all, own] {
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn what_one_node_cannot_be_given_is_refused_by_name() {
        let refused = |text: &str| Arguments::parse(&words(text)).unwrap_err().to_string();
        assert!(refused("-r chatter:=news").contains("chatter:=news"));
        assert!(refused("--no-such-thing").contains("--no-such-thing"));
        assert!(refused("--params-file /no/such/file.yaml").contains("/no/such/file.yaml"));
    }
}
