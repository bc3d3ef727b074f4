//! What an SRDF says that matters here: which pairs need no check, and where the arm ends.

use roxmltree::{Document, Node};

use crate::CollisionError;

/// The parts of an SRDF that matter here.
#[derive(Debug, Default)]
pub(super) struct Srdf {
    /// Pairs of links that may touch.
    pub allowed: Vec<[String; 2]>,
    /// Tip of the first group that is a chain.
    pub tip: Option<String>,
}

impl Srdf {
    pub fn read(text: &str) -> Result<Self, CollisionError> {
        let wrong = |e: String| CollisionError::Srdf(e);
        let document = Document::parse(text).map_err(|e| wrong(e.to_string()))?;
        let root = document.root_element();
        if !root.has_tag_name("robot") {
            return Err(wrong(format!("the root is <{}>, not <robot>", root.tag_name().name())));
        }
        let attribute = |node: &Node, name: &str| node.attribute(name).map(str::to_owned);
        let mut allowed = Vec::new();
        for node in root.children().filter(|n| n.has_tag_name("disable_collisions")) {
            match (attribute(&node, "link1"), attribute(&node, "link2")) {
                (Some(first), Some(second)) => allowed.push([first, second]),
                _ => return Err(wrong("a <disable_collisions> lacks link1 or link2".into())),
            }
        }
        let mut chains = root.descendants().filter(|n| n.has_tag_name("chain"));
        let tip = chains.find_map(|n| attribute(&n, "tip_link"));
        Ok(Self { allowed, tip })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_tip_are_read() {
        let srdf = Srdf::read(
            r#"<robot name="r"><group name="arm"><chain base_link="a" tip_link="c"/></group>
               <disable_collisions link1="a" link2="b" reason="Adjacent"/></robot>"#,
        );
        let srdf = srdf.unwrap();
        assert_eq!(srdf.allowed, [["a".to_owned(), "b".to_owned()]]);
        assert_eq!(srdf.tip.as_deref(), Some("c"));
    }

    #[test]
    fn text_that_is_no_srdf_is_refused() {
        assert!(Srdf::read("").is_err());
        assert!(Srdf::read("<robot").is_err());
        assert!(Srdf::read("<robo/>").unwrap_err().to_string().contains("<robo>"));
        let half = Srdf::read(r#"<robot><disable_collisions link1="a"/></robot>"#);
        assert!(half.unwrap_err().to_string().contains("link2"));
    }
}
