//! docs/degrade.md: what is lost or faulty, what the arm does then, and what brings it back; read from
//! the heads of the chaos cases, which test exactly that.
//!
//! The one rule: a case that does not say all of it is an error, so that the table has no gaps.
//!
//! A head looks like this, in any width; `Degrades` has one line per state of the arm, and its parts
//! are: what is lost or faulty, the state of the arm, what happens, what brings it back.
//! ```text
//! //! Case 8: the thermal service is killed.
//! //!
//! //! - Before: …
//! //! - Fault: …
//! //! - After: …
//! //! - Detected: …
//! //! - Recovered: …
//! //! - Undisturbed: …
//! //! - Degrades: thermal | moving | … | …
//! ```

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

/// The file, from the root of the workspace.
pub const FILE: &str = "docs/degrade.md";

/// What a head must say, in this order.
const KEYS: [&str; 6] = ["Before", "Fault", "After", "Detected", "Recovered", "Undisturbed"];

/// What a case says of itself.
#[derive(Debug, Clone, PartialEq)]
struct Case {
    file: String,
    number: u32,
    title: String,
    /// In the order of [`KEYS`].
    said: Vec<String>,
    /// What, state of the arm, behaviour, recovery.
    degrades: Vec<[String; 4]>,
}

/// The text of the file.
///
/// # Errors
/// When a case cannot be read or does not say all of it.
pub fn document(root: &Path) -> Result<String> {
    let mut text = String::from(HEAD);
    let cases = cases(&root.join("tests"))?;
    let mut rows: Vec<_> =
        cases.iter().flat_map(|c| c.degrades.iter().map(move |r| (r, c))).collect();
    rows.sort_by_key(|(row, case)| (row[0].clone(), case.number));
    for ([what, state, behaviour, recovery], case) in rows {
        let number = case.number;
        writeln!(text, "| {what} | {state} | {behaviour} | {recovery} | {number} |")?;
    }
    text += CASES;
    for Case { file, number, title, said, .. } in &cases {
        writeln!(text, "\n### {number}. {title}\n`tests/{file}`\n")?;
        for (key, said) in KEYS.iter().zip(said) {
            writeln!(text, "- {key}: {said}")?;
        }
    }
    Ok(text)
}

const HEAD: &str = "\
# What degrades, and how

Written by `cargo xtask chaos --document` from the heads of `tests/chaos_*.rs`: every line is what a
test asserts with the whole arm in real processes. `cargo xtask chaos --all --repeat 20` measures the
times; a figure beyond its limit is a MISS in `target/report/chaos.json`.

| lost or faulty | arm | what happens | what brings it back | case |
|---|---|---|---|---|
";

const CASES: &str = "\n## Cases\n";

fn cases(folder: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("chaos_") && name.ends_with(".rs") {
            let text = fs::read_to_string(&path)?;
            cases.push(parse(&name, &text).with_context(|| format!("the head of tests/{name}"))?);
        }
    }
    cases.sort_by_key(|case| case.number);
    Ok(cases)
}

fn parse(file: &str, text: &str) -> Result<Case> {
    let paragraphs = paragraphs(text);
    let title = paragraphs.first().context("is empty")?;
    let (number, title) = title
        .strip_prefix("Case ")
        .and_then(|t| t.split_once(": "))
        .context("does not begin with `Case NUMBER: what happens`")?;
    let number: u32 = number.parse().with_context(|| format!("{number:?} is no number"))?;
    ensure!(file.starts_with(&format!("chaos_{number:02}_")), "case {number} in the wrong file");
    let find = |key: &str| {
        let mut said = paragraphs.iter().filter_map(|p| p.strip_prefix(&format!("- {key}: ")));
        said.next().map(str::to_owned).with_context(|| format!("does not say `- {key}: …`"))
    };
    let said = KEYS.iter().map(|key| find(key)).collect::<Result<_>>()?;
    let degrades: Vec<_> = paragraphs
        .iter()
        .filter_map(|paragraph| paragraph.strip_prefix("- Degrades: "))
        .map(row)
        .collect::<Result<_>>()?;
    ensure!(!degrades.is_empty(), "does not say `- Degrades: …`");
    Ok(Case { file: file.to_owned(), number, title: title.to_owned(), said, degrades })
}

fn row(text: &str) -> Result<[String; 4]> {
    let parts: Vec<_> = text.split('|').map(|part| part.trim().to_owned()).collect();
    let Ok(row) = <[String; 4]>::try_from(parts) else {
        bail!("not four parts with | between them: {text:?}");
    };
    Ok(row)
}

/// The paragraphs and list items of a file's head, each in one line.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs: Vec<String> = Vec::new();
    let mut fresh = true;
    for line in text.lines().map_while(|line| line.strip_prefix("//!")) {
        let line = line.trim();
        let begins = fresh || line.starts_with("- ");
        fresh = line.is_empty();
        match paragraphs.last_mut() {
            _ if fresh => {}
            Some(last) if !begins => *last += &format!(" {line}"),
            _ => paragraphs.push(line.to_owned()),
        }
    }
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths;

    const HEAD: &str = "//! Case 8: thermal is\n//! killed.\n//!\n//! - Before: a\n//! - Fault: b\n\
                        //!   goes on\n//! - After: c\n//! - Detected: d\n//! - Recovered: e\n\
                        //! - Undisturbed: f\n//! - Degrades: thermal | moving | x | y\n\nuse a;\n";

    #[test]
    fn a_head_is_read_whatever_its_width() {
        let case = parse("chaos_08_thermal.rs", HEAD).unwrap();
        assert_eq!((case.number, case.title.as_str()), (8, "thermal is killed."));
        assert_eq!(case.said, ["a", "b goes on", "c", "d", "e", "f"]);
        assert_eq!(case.degrades, [["thermal", "moving", "x", "y"].map(str::to_owned)]);
    }

    #[test]
    fn what_a_head_does_not_say_is_named() {
        let text = HEAD.replace("//! - Recovered: e\n", "");
        let error = parse("chaos_08_thermal.rs", &text).unwrap_err().to_string();
        assert!(error.contains("- Recovered"), "{error}");
        let text = HEAD.replace(" | y", "");
        assert!(parse("chaos_08_thermal.rs", &text).is_err());
        assert!(parse("chaos_09_other.rs", HEAD).is_err());
    }

    #[test]
    fn the_table_is_what_the_cases_say() {
        let written = fs::read_to_string(paths::root().join(FILE)).unwrap();
        let hint = "run `cargo xtask chaos --document`";
        assert!(written == document(&paths::root()).unwrap(), "{FILE} is out of date: {hint}");
    }
}
