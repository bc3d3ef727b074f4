//! Names of jobs, poses, stations, capabilities.

/// Longest name.
const LONGEST: usize = 64;

/// Whether a text is a name: a to z, 0 to 9, `_`, first a letter, so that it can be part of a topic.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let mut letters = text.bytes();
    let first = letters.next().is_some_and(|letter| letter.is_ascii_lowercase());
    let rest = letters.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
    first && rest && text.len() <= LONGEST
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn what_could_not_be_part_of_a_topic_is_no_name() {
        assert!(is_name("camera_1") && is_name("x"));
        for text in ["", "1st", "_a", "Camera", "a/b", "a b", "ä", &"a".repeat(65)] {
            assert!(!is_name(text), "{text}");
        }
    }
}
