//! A process that works for itself: its place among the others is all that matters of it.

use super::{BusInbox, Node, Outbox};
use crate::message::Message;
use vocabulary::health::NodeHealth;
use vocabulary::time::Now;

/// Hears nothing, says nothing.
pub struct Bystander;

impl Node for Bystander {
    fn deliver(&mut self, _message: &Message) {}

    fn step(&mut self, _now: Now, _bus: &mut BusInbox, _out: &mut Outbox) {}

    fn health(&self) -> NodeHealth {
        NodeHealth::default()
    }
}
