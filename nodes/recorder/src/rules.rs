//! Which topics are recorded, and how.
//!
//! The one rule: everything is recorded unless a rule says otherwise. All rules that fit a topic are
//! applied in the order of their names; each sets only what it names.

use serde::Deserialize;
use std::collections::BTreeMap;
use thiserror::Error;

/// Why a rule cannot be followed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum RuleError {
    /// A number outside its range.
    #[error("parameter rules.{rule}.{key} = {value} is out of range: {allowed} is allowed")]
    OutOfRange {
        /// Name of the rule.
        rule: String,
        /// Its key.
        key: &'static str,
        /// What was given.
        value: f64,
        /// What would be allowed.
        allowed: &'static str,
    },
    /// It fits nothing.
    #[error("parameter rules.{rule}.{key} is empty: name patterns, or leave it out for all")]
    FitsNothing {
        /// Name of the rule.
        rule: String,
        /// Its key.
        key: &'static str,
    },
    /// A pattern that can fit no topic.
    #[error(
        "parameter rules.{rule}.topics: {pattern:?} fits no topic; full names begin with / or *"
    )]
    Relative {
        /// Name of the rule.
        rule: String,
        /// The pattern.
        pattern: String,
    },
}

/// One rule; what it leaves out stays as it was.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Patterns of full topic names, `*` for any characters; absent for all topics.
    pub topics: Option<Vec<String>>,
    /// Patterns of types, as in `sensor_msgs/msg/*`; absent for all types.
    pub types: Option<Vec<String>>,
    /// Whether what fits is recorded.
    pub record: Option<bool>,
    /// Messages kept by the middleware until they are taken.
    pub depth: Option<u64>,
    /// At most so many messages a second, Hz; 0 for all.
    pub max_rate_hz: Option<f64>,
}

impl Rule {
    /// Checks every key of the rule called `name`.
    ///
    /// # Errors
    /// [`RuleError`] naming the key.
    pub fn validate(&self, name: &str) -> Result<(), RuleError> {
        let rule = name.to_owned();
        for (key, patterns) in [("topics", &self.topics), ("types", &self.types)] {
            if patterns.as_ref().is_some_and(Vec::is_empty) {
                return Err(RuleError::FitsNothing { rule, key });
            }
        }
        let relative = |pattern: &&String| !pattern.starts_with(['/', '*']);
        if let Some(pattern) = self.topics.iter().flatten().find(relative) {
            return Err(RuleError::Relative { rule, pattern: pattern.clone() });
        }
        if let Some(depth) = self.depth.filter(|depth| !(1..=100_000).contains(depth)) {
            let (value, allowed) = (depth as f64, "1 to 100000");
            return Err(RuleError::OutOfRange { rule, key: "depth", value, allowed });
        }
        if let Some(value) = self.max_rate_hz.filter(|rate| !(0.0..=10_000.0).contains(rate)) {
            let allowed = "0 to 10000";
            return Err(RuleError::OutOfRange { rule, key: "max_rate_hz", value, allowed });
        }
        Ok(())
    }

    fn fits(&self, topic: &str, kind: &str) -> bool {
        let any = |patterns: &Option<Vec<String>>, text: &str| {
            patterns.as_ref().is_none_or(|all| all.iter().any(|pattern| matches(pattern, text)))
        };
        any(&self.topics, topic) && any(&self.types, kind)
    }
}

/// How a topic is recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// Messages kept by the middleware until they are taken.
    pub depth: usize,
    /// At most so many messages a second, Hz; 0 for all.
    pub max_rate_hz: f64,
}

/// The rules of a recorder.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    depth: u64,
}

impl Rules {
    /// In the order of their names; `depth` where no rule says otherwise.
    #[must_use]
    pub fn new(rules: &BTreeMap<String, Rule>, depth: u64) -> Self {
        Self { rules: rules.values().cloned().collect(), depth }
    }

    /// How a topic is recorded; `None` when it is not.
    #[must_use]
    pub fn decide(&self, topic: &str, kind: &str) -> Option<Decision> {
        let (mut record, mut depth, mut max_rate_hz) = (true, self.depth, 0.0);
        for rule in self.rules.iter().filter(|rule| rule.fits(topic, kind)) {
            record = rule.record.unwrap_or(record);
            depth = rule.depth.unwrap_or(depth);
            max_rate_hz = rule.max_rate_hz.unwrap_or(max_rate_hz);
        }
        let depth = usize::try_from(depth).unwrap_or(usize::MAX);
        record.then_some(Decision { depth, max_rate_hz })
    }
}

/// Whether `text` has the form of `pattern`, in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((front, rest)) => text.strip_prefix(front).is_some_and(|text| ends_match(rest, text)),
    }
}

/// As [`matches`], when any characters may stand in front of the pattern.
fn ends_match(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => text.ends_with(pattern),
        // The first place is the best: it leaves most to the rest.
        Some((part, rest)) => text
            .find(part)
            .and_then(|at| text.get(at + part.len()..))
            .is_some_and(|text| ends_match(rest, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(rules: &[(&str, Rule)]) -> Rules {
        let rules = rules.iter().map(|(name, rule)| ((*name).to_owned(), rule.clone())).collect();
        Rules::new(&rules, 100)
    }

    fn of_topics(patterns: &[&str]) -> Rule {
        let topics = Some(patterns.iter().map(|pattern| (*pattern).to_owned()).collect());
        Rule { topics, ..Rule::default() }
    }

    #[test]
    fn everything_is_recorded_without_a_rule() {
        let decision = rules(&[]).decide("/anything", "any/msg/Type");
        assert_eq!(decision, Some(Decision { depth: 100, max_rate_hz: 0.0 }));
    }

    #[test]
    fn later_rules_overrule_earlier_ones_key_by_key() {
        let never = Rule { record: Some(false), ..of_topics(&["*"]) };
        let images = Rule {
            types: Some(vec!["sensor_msgs/msg/*Image".to_owned()]),
            depth: Some(8),
            ..Rule::default()
        };
        let camera = Rule { record: Some(true), ..of_topics(&["/camera/*"]) };
        let rules = rules(&[("1_never", never), ("2_images", images), ("3_camera", camera)]);
        let image = "sensor_msgs/msg/CompressedImage";
        assert_eq!(rules.decide("/camera/left", image).unwrap().depth, 8);
        assert_eq!(rules.decide("/camera/info", "sensor_msgs/msg/CameraInfo").unwrap().depth, 100);
        assert_eq!(rules.decide("/other/left", image), None);
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("/a*", "/ab/c", true),
            ("*/c", "/ab/c", true),
            ("/a*b*c", "/a_b_b_c", true),
            ("/a*b*c", "/a_c_b", false),
            ("/a*a", "/a", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_rule_that_fits_nothing_is_refused_by_name() {
        let text = of_topics(&[]).validate("mine").unwrap_err().to_string();
        assert!(text.contains("rules.mine.topics is empty"), "{text}");
        let text = of_topics(&["joint_states"]).validate("mine").unwrap_err().to_string();
        assert!(text.contains("\"joint_states\" fits no topic"), "{text}");
        let rule = Rule { max_rate_hz: Some(f64::NAN), ..Rule::default() };
        assert!(rule.validate("mine").is_err());
    }

    proptest! {
        #[test]
        fn a_pattern_made_from_a_text_fits_it(parts in proptest::collection::vec("[a-c/]{0,3}", 1..5)) {
            prop_assert!(matches(&parts.join("*"), &parts.join("ab")));
        }
    }
}
