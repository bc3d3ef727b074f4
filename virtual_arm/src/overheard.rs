//! What somebody on the network heard of the commands, and what he could make of it.
//!
//! The one rule: a forger knows everything that was said in public and nothing else; he cannot speak
//! with a process id that is not his own, except by repeating.

use crate::schedule::Rogue;
use std::collections::VecDeque;
use vocabulary::command::JointCommand;
use vocabulary::time::Monotonic;

/// Commands remembered: a second of them.
const REMEMBERED: usize = 250;
/// Boot id of whoever is not part of the arm.
const STRANGER: u64 = 0x0BAD_0BAD_0BAD_0BAD;
/// How far off a forged command is, rad.
const ASTRAY: f64 = 0.2;

/// The last commands of the holder.
#[derive(Debug, Clone, Default)]
pub struct Overheard {
    commands: VecDeque<JointCommand>,
    forged: u64,
}

impl Overheard {
    /// A command was published.
    pub fn hear(&mut self, command: &JointCommand) {
        if self.commands.len() == REMEMBERED {
            self.commands.pop_front();
        }
        self.commands.push_back(*command);
    }

    /// A command as nobody may obey it, sent at `now`.
    pub fn forge(&mut self, as_if: Rogue, now: Monotonic) -> Option<JointCommand> {
        let newest = *self.commands.back()?;
        self.forged += 1;
        let ahead = match as_if {
            Rogue::Stranger => 0,
            Rogue::Usurper => 1,
            Rogue::Replay => return self.commands.front().copied(),
        };
        Some(JointCommand {
            boot_id: STRANGER,
            epoch: newest.epoch + ahead,
            // Far ahead, so that the holder himself never has this number.
            sequence: newest.sequence + 1_000_000_000 + self.forged,
            sent_at: now,
            position: newest.position.map(|position| position + ASTRAY),
            ..newest
        })
    }
}
