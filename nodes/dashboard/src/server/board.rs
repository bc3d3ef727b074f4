//! The newest update of each kind, numbered, so that a browser is sent what it has not seen yet.

use crate::view::{Kind, Update};
use axum::extract::ws::Utf8Bytes;

/// Kinds of updates.
pub const KINDS: usize = Kind::ALL.len();

/// What a browser has seen: a number per kind.
pub type Seen = [u64; KINDS];

#[derive(Debug, Clone, Default)]
struct Slot {
    number: u64,
    text: Utf8Bytes,
}

/// The board.
#[derive(Debug, Clone, Default)]
pub struct Board {
    slots: [Slot; KINDS],
}

impl Board {
    /// Replaces what was there.
    pub fn put(&mut self, updates: Vec<Update>) {
        for Update { kind, json } in updates {
            if let Some(slot) = self.slots.get_mut(kind as usize) {
                slot.number += 1;
                slot.text = json.into();
            }
        }
    }

    /// What is newer than `seen`, most urgent first; notes it as seen.
    pub fn news(&self, seen: &mut Seen) -> Vec<Utf8Bytes> {
        let mut news = Vec::new();
        for (slot, seen) in self.slots.iter().zip(seen) {
            if slot.number > *seen {
                *seen = slot.number;
                news.push(slot.text.clone());
            }
        }
        news
    }

    /// Everything there is, as one JSON array.
    pub fn json(&self) -> String {
        let there = self.slots.iter().filter(|slot| slot.number > 0);
        let list: Vec<&str> = there.map(|slot| slot.text.as_str()).collect();
        format!("[{}]", list.join(",\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(kind: Kind, json: &str) -> Update {
        Update { kind, json: json.to_owned() }
    }

    #[test]
    fn a_browser_that_missed_many_gets_the_newest_of_each_kind_once() {
        let (mut board, mut seen) = (Board::default(), Seen::default());
        for n in 0..500 {
            board.put(vec![update(Kind::Frame, &n.to_string()), update(Kind::Arm, "{}")]);
        }
        let news = board.news(&mut seen);
        assert_eq!(news.iter().map(|t| t.as_str()).collect::<Vec<_>>(), ["{}", "499"]);
        assert!(board.news(&mut seen).is_empty());
    }

    #[test]
    fn every_kind_has_its_place() {
        let mut board = Board::default();
        board.put(Kind::ALL.iter().map(|kind| update(*kind, &format!("\"{kind:?}\""))).collect());
        let all: Vec<String> = serde_json::from_str(&board.json()).unwrap();
        assert_eq!(all.len(), KINDS);
        assert_eq!((all[0].as_str(), all[KINDS - 1].as_str()), ("Arm", "Surroundings"));
    }
}
