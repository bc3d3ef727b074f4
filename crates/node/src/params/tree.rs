//! From dotted keys to the nested value that serde reads.

use super::{ParameterError, Value};
use serde_json::{Map, Value as Json};

/// Nests `a.b.c = v` as `{a: {b: {c: v}}}`.
///
/// # Errors
/// [`ParameterError`] when a key is a value and a group, or a number is not finite.
pub(super) fn nest<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a Value)>,
) -> Result<Json, ParameterError> {
    let mut root = Map::new();
    for (key, value) in pairs {
        insert(&mut root, key, key, value.to_json(key)?)?;
    }
    Ok(Json::Object(root))
}

fn insert(
    group: &mut Map<String, Json>,
    full: &str,
    rest: &str,
    value: Json,
) -> Result<(), ParameterError> {
    let clash = |part: &str| {
        let head = full.strip_suffix(part).unwrap_or(full).trim_end_matches('.');
        ParameterError::Nested { key: head.to_owned() }
    };
    let Some((head, tail)) = rest.split_once('.') else {
        return match group.insert(rest.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(clash("")),
        };
    };
    let inner = group.entry(head).or_insert_with(|| Json::Object(Map::new()));
    match inner {
        Json::Object(inner) => insert(inner, full, tail, value),
        _ => Err(clash(tail)),
    }
}

/// Turns serde's sentence into one that begins with the key.
pub(super) fn rejected(path: &str, reason: &str) -> ParameterError {
    let unknown = reason.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    let key = match unknown {
        Some((name, _)) if !ends_with_key(path, name) => join(path, name),
        _ => path.trim_end_matches('.').to_owned(),
    };
    ParameterError::Rejected { key, reason: reason.to_owned() }
}

fn ends_with_key(path: &str, name: &str) -> bool {
    path == name || path.ends_with(&format!(".{name}"))
}

fn join(path: &str, name: &str) -> String {
    let group = path.trim_end_matches('.');
    if group.is_empty() { name.to_owned() } else { format!("{group}.{name}") }
}
