//! Who hangs on whom. The rule: after [`Tree::new`] every link has at most one parent, no link is
//! its own ancestor, and the base is an ancestor of the tip.

use std::collections::HashMap;

use urdf_rs::{Joint, Robot};

use super::{is_revolute, pose};
use crate::{ModelError, Pose};

/// What a link is rigidly fixed to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Anchor {
    /// The base, or the world.
    Ground,
    /// The link that the joint of this index moves.
    Body(usize),
}

/// The links of a description by their parents.
pub(super) struct Tree<'a> {
    base: &'a str,
    /// The joint above each link.
    above: HashMap<&'a str, &'a Joint>,
    /// Every joint between base and tip, in that order.
    chain: Vec<&'a Joint>,
    /// The revolute ones among them.
    moving: Vec<&'a Joint>,
}

impl<'a> Tree<'a> {
    pub fn new(robot: &'a Robot, base: &'a str, tip: &str) -> Result<Self, ModelError> {
        unique("link", robot.links.iter().map(|l| l.name.as_str()))?;
        unique("joint", robot.joints.iter().map(|j| j.name.as_str()))?;
        let known = |user: String, link: &str| match robot.links.iter().any(|l| l.name == link) {
            true => Ok(()),
            false => Err(ModelError::UnknownLink { user, link: link.into() }),
        };
        known("the base setting".into(), base)?;
        known("the tip setting".into(), tip)?;
        let mut above: HashMap<&str, &Joint> = HashMap::new();
        for joint in &robot.joints {
            known(format!("joint '{}'", joint.name), &joint.parent.link)?;
            known(format!("joint '{}'", joint.name), &joint.child.link)?;
            if let Some(first) = above.insert(&joint.child.link, joint) {
                return Err(ModelError::ClosedLoop {
                    link: joint.child.link.clone(),
                    first: first.name.clone(),
                    second: joint.name.clone(),
                });
            }
        }
        let mut tree = Self { base, above, chain: Vec::new(), moving: Vec::new() };
        for link in &robot.links {
            tree.check_no_ring(&link.name)?;
        }
        tree.chain = tree.find_chain(tip)?;
        tree.moving = tree.chain.iter().copied().filter(|j| is_revolute(j)).collect();
        Ok(tree)
    }

    /// The revolute joints between base and tip, in that order.
    pub fn moving(&self) -> &[&'a Joint] {
        &self.moving
    }

    /// Whether a joint lies between base and tip.
    pub fn on_chain(&self, joint: &Joint) -> bool {
        self.chain.iter().any(|j| j.name == joint.name)
    }

    /// What a link is fixed to, and its pose there: in the moved link, the base, or the root.
    pub fn anchor(&self, link: &str) -> (Anchor, Pose) {
        let mut place = Pose::identity();
        let mut at = link;
        while at != self.base {
            let Some(joint) = self.above.get(at) else { break };
            if let Some(i) = self.moving.iter().position(|m| m.name == joint.name) {
                return (Anchor::Body(i), place);
            }
            place = pose(&joint.origin) * place;
            at = &joint.parent.link;
        }
        (Anchor::Ground, place)
    }

    /// A way up that is longer than there are joints goes round in a ring.
    fn check_no_ring(&self, link: &str) -> Result<(), ModelError> {
        let mut at = link;
        for _ in 0..=self.above.len() {
            match self.above.get(at) {
                Some(joint) => at = &joint.parent.link,
                None => return Ok(()),
            }
        }
        Err(ModelError::Ring { link: at.into() })
    }

    fn find_chain(&self, tip: &str) -> Result<Vec<&'a Joint>, ModelError> {
        let mut chain = Vec::new();
        let mut at = tip;
        while at != self.base {
            let Some(joint) = self.above.get(at) else {
                return Err(ModelError::NotConnected {
                    base: self.base.into(),
                    tip: tip.into(),
                    end: at.into(),
                });
            };
            chain.push(*joint);
            at = &joint.parent.link;
        }
        chain.reverse();
        Ok(chain)
    }
}

fn unique<'a>(kind: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), ModelError> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(ModelError::DuplicateName { kind, name: name.into() });
        }
    }
    Ok(())
}
