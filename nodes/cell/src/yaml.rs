//! YAML as a tree in which every node knows its line.
//!
//! The rule: what a reader of the file could misread is refused: a key that stands twice, anchors and
//! aliases, tags, a second document. So the tree is finite and nothing in it means something else.

use crate::error::{JobError, Wrong};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// Most nodes of a job.
const MOST_NODES: usize = 50_000;
/// Most levels of lists and mappings.
const DEEPEST: usize = 64;
/// Longest job, bytes.
const LONGEST: usize = 1 << 20;

/// A value and the line on which it begins, from 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// From 1.
    pub line: u32,
    /// What stands there.
    pub value: Value,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A word or a number; `quoted` ones are always words.
    Scalar {
        /// As it stands there, without quotes.
        text: String,
        /// Whether it stands in quotes.
        quoted: bool,
    },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the file.
    Map(Vec<Entry>),
}

/// A key of a mapping and what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Line of the key.
    pub line: u32,
    /// The key.
    pub key: String,
    /// Its value.
    pub node: Node,
}

impl Node {
    /// What it is, for people.
    #[must_use]
    pub fn kind(&self) -> String {
        match &self.value {
            Value::Scalar { text, quoted: false } if text.is_empty() => "nothing".to_owned(),
            Value::Scalar { text, .. } => format!("{text:?}"),
            Value::List(items) => format!("a list of {}", items.len()),
            Value::Map(entries) => format!("a mapping of {}", entries.len()),
        }
    }

    /// Whether nothing stands there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, quoted: false } if text.is_empty() || text == "~" || text == "null")
    }

    /// An error about this node.
    #[must_use]
    pub fn wrong(&self, wrong: Wrong) -> JobError {
        JobError { line: self.line, wrong }
    }

    fn not(&self, wanted: &'static str) -> JobError {
        self.wrong(Wrong::NotA { wanted, found: self.kind() })
    }

    /// The text of a scalar.
    ///
    /// # Errors
    /// When it is something else, or empty.
    pub fn text(&self) -> Result<&str, JobError> {
        match &self.value {
            Value::Scalar { text, .. } if !self.is_empty() => Ok(text),
            _ => Err(self.not("a word")),
        }
    }

    /// A finite number.
    ///
    /// # Errors
    /// When it is something else.
    pub fn number(&self) -> Result<f64, JobError> {
        let Value::Scalar { text, quoted: false } = &self.value else {
            return Err(self.not("a number"));
        };
        let number: Option<f64> = text.parse().ok();
        number.filter(|number| number.is_finite()).ok_or_else(|| self.not("a finite number"))
    }

    /// A number within bounds, both allowed.
    ///
    /// # Errors
    /// When it is no number or outside.
    pub fn within(&self, lowest: f64, highest: f64) -> Result<f64, JobError> {
        let value = self.number()?;
        if (lowest..=highest).contains(&value) {
            Ok(value)
        } else {
            Err(self.wrong(Wrong::Range { value, lowest, highest }))
        }
    }

    /// A whole number from 0 to a million.
    ///
    /// # Errors
    /// When it is something else.
    pub fn count(&self) -> Result<u32, JobError> {
        let value = self.within(0.0, 1e6)?;
        if value.fract() == 0.0 { Ok(value as u32) } else { Err(self.not("a whole number")) }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// When it is something else.
    pub fn flag(&self) -> Result<bool, JobError> {
        match &self.value {
            Value::Scalar { text, quoted: false } if text == "true" => Ok(true),
            Value::Scalar { text, quoted: false } if text == "false" => Ok(false),
            _ => Err(self.not("true or false")),
        }
    }

    /// So many finite numbers.
    ///
    /// # Errors
    /// When it is something else.
    pub fn numbers<const N: usize>(&self) -> Result<[f64; N], JobError> {
        let items = self.list()?;
        let numbers: Vec<f64> = items.iter().map(Self::number).collect::<Result<_, _>>()?;
        let got = numbers.len();
        numbers.try_into().map_err(|_| self.wrong(Wrong::Length { got, want: N }))
    }

    /// A sequence.
    ///
    /// # Errors
    /// When it is something else.
    pub fn list(&self) -> Result<&[Self], JobError> {
        match &self.value {
            Value::List(items) => Ok(items),
            _ => Err(self.not("a list")),
        }
    }

    /// A mapping.
    ///
    /// # Errors
    /// When it is something else.
    pub fn map(&self) -> Result<&[Entry], JobError> {
        match &self.value {
            Value::Map(entries) => Ok(entries),
            _ => Err(self.not("a mapping")),
        }
    }

    /// A mapping that has no other keys than these.
    ///
    /// # Errors
    /// When it is something else, or has another key.
    pub fn map_of(&self, known: &[&str]) -> Result<&[Entry], JobError> {
        let entries = self.map()?;
        match entries.iter().find(|entry| !known.contains(&entry.key.as_str())) {
            None => Ok(entries),
            Some(Entry { line, key, .. }) => {
                let known = known.iter().map(|&word| word.to_owned()).collect();
                Err(JobError { line: *line, wrong: Wrong::UnknownKey { key: key.clone(), known } })
            }
        }
    }

    /// The value of a key of a mapping; none where there is no such key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    /// When it is not.
    pub fn need(&self, key: &'static str) -> Result<&Self, JobError> {
        self.get(key).ok_or_else(|| self.wrong(Wrong::Missing { key }))
    }
}

/// Reads one document.
///
/// # Errors
/// [`JobError`] with the line.
pub fn read(text: &str) -> Result<Node, JobError> {
    if text.len() > LONGEST {
        return Err(JobError { line: 0, wrong: Wrong::TooLong { limit: LONGEST } });
    }
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| JobError {
            line: line(error.marker().line()),
            wrong: Wrong::Yaml(error.info().to_owned()),
        })?;
        builder.take(event, &span)?;
    }
    builder.root.ok_or(JobError { line: 1, wrong: Wrong::Empty })
}

fn line(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What is not closed yet.
enum Open {
    List { line: u32, items: Vec<Node> },
    Map { line: u32, entries: Vec<Entry>, key: Option<(u32, String)> },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), JobError> {
        let line = line(span.start.line());
        let refused = |wrong| Err(JobError { line, wrong });
        self.nodes += 1;
        if self.open.len() > DEEPEST {
            return refused(Wrong::TooDeep { limit: DEEPEST });
        }
        if self.nodes > MOST_NODES {
            return refused(Wrong::TooManyNodes { limit: MOST_NODES });
        }
        match event {
            Event::Alias(_) => refused(Wrong::Alias),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                refused(Wrong::Alias)
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => refused(Wrong::Tag),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 { refused(Wrong::SecondDocument) } else { Ok(()) }
            }
            Event::Scalar(text, style, _, _) => {
                let (text, quoted) = (text.into_owned(), style != ScalarStyle::Plain);
                self.close(Node { line, value: Value::Scalar { text, quoted } })
            }
            Event::SequenceStart(..) => {
                self.open.push(Open::List { line, items: Vec::new() });
                Ok(())
            }
            Event::MappingStart(..) => {
                self.open.push(Open::Map { line, entries: Vec::new(), key: None });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { line, items }) => {
                    self.close(Node { line, value: Value::List(items) })
                }
                Some(Open::Map { line, entries, .. }) => {
                    self.close(Node { line, value: Value::Map(entries) })
                }
                None => Ok(()),
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    /// Puts a finished node where it belongs.
    fn close(&mut self, node: Node) -> Result<(), JobError> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some((line, key)) => entries.push(Entry { line, key, node }),
                None => {
                    let text = node.text()?.to_owned();
                    if let Some(first) = entries.iter().find(|entry| entry.key == text) {
                        let first = first.line;
                        return Err(node.wrong(Wrong::Twice { key: text, first }));
                    }
                    *key = Some((node.line, text));
                }
            },
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_node_knows_its_line() {
        let tree = read("# a job\nname: x\nsteps:\n  - move_to: home\n  - wait: 1.5\n").unwrap();
        let steps = tree.get("steps").unwrap().list().unwrap();
        assert_eq!((steps[0].line, steps[1].line), (4, 5));
        assert_eq!(steps[1].get("wait").unwrap().number().unwrap(), 1.5);
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_with_both_lines() {
        let error = read("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert_eq!(error.to_string(), "line 3: \"a\" stands here again, first on line 1");
    }

    #[test]
    fn anchors_aliases_tags_and_second_documents_are_refused() {
        for (text, line) in [
            ("a: &x 1\n", 1),
            ("a: 1\nb: &loop\n  - *loop\n", 2),
            ("a: !!str 1\n", 1),
            ("a: 1\n---\nb: 1\n", 2),
        ] {
            assert_eq!(read(text).unwrap_err().line, line, "{text}");
        }
    }

    #[test]
    fn quoted_numbers_are_words_and_infinite_ones_no_numbers() {
        let tree = read("[\"1\", .inf, NaN, 1e400, 2]").unwrap();
        let ok: Vec<bool> = tree.list().unwrap().iter().map(|n| n.number().is_ok()).collect();
        assert_eq!(ok, [false, false, false, false, true]);
    }

    #[test]
    fn what_is_too_deep_is_refused_before_it_fills_the_stack() {
        let text = "[".repeat(100_000);
        assert!(read(&text).is_err());
    }

    #[test]
    fn nothing_at_all_is_no_job() {
        assert!(read("").is_err());
        assert!(read("# only a comment\n").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z:\\[\\]{}&*!|> \n-]{0,200}") {
            let _either = read(&text);
        }
    }
}
