//! Quality of service as rosbag2 writes it beside a topic, so that it is played back as it was offered.

use std::fmt::Write as _;

/// The duration that stands for "for ever" in rosbag2, as seconds and nanoseconds.
const FOR_EVER: (u64, u64) = (9_223_372_036, 854_775_807);

/// Quality of service that one publisher offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offered {
    /// Lost messages are sent again.
    pub reliable: bool,
    /// Late joiners get the last messages.
    pub transient_local: bool,
    /// Keeps all messages; `None` when it did not say.
    pub keep_all: Option<bool>,
    /// How many messages it keeps; 0 when it did not say.
    pub depth: usize,
    /// Longest time between two messages, ns; `None` for any.
    pub deadline: Option<u64>,
    /// After this time a message is worth nothing, ns; `None` for never.
    pub lifespan: Option<u64>,
    /// The publisher itself says that it lives.
    pub manual_liveliness: bool,
    /// How long its word lasts, ns; `None` for ever.
    pub lease: Option<u64>,
}

impl Default for Offered {
    fn default() -> Self {
        Self {
            reliable: true,
            transient_local: false,
            keep_all: Some(false),
            depth: 10,
            deadline: None,
            lifespan: None,
            manual_liveliness: false,
            lease: None,
        }
    }
}

/// What is asked of the publishers of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Lost messages are sent again.
    pub reliable: bool,
    /// The last messages are wanted, too.
    pub transient_local: bool,
    /// How many messages wait here until they are taken.
    pub depth: usize,
}

impl Asked {
    /// The strongest that all publishers can give: whoever offers less would not be heard at all.
    #[must_use]
    pub fn of_all(offers: &[Offered], depth: usize) -> Self {
        let any = !offers.is_empty();
        Self {
            reliable: any && offers.iter().all(|offer| offer.reliable),
            transient_local: any && offers.iter().all(|offer| offer.transient_local),
            depth,
        }
    }

    /// Whether a publisher with this offer is heard.
    #[must_use]
    pub fn fits(self, offer: &Offered) -> bool {
        (offer.reliable || !self.reliable) && (offer.transient_local || !self.transient_local)
    }
}

/// The profiles of all publishers of a topic, each different one once, as rosbag2's YAML; every line
/// behind `indent` blanks.
#[must_use]
pub fn yaml(profiles: &[Offered], indent: usize) -> String {
    let mut different = profiles.to_vec();
    different.sort_unstable();
    different.dedup();
    let blanks = " ".repeat(indent);
    let lines = different.iter().flat_map(lines);
    lines.fold(String::new(), |mut text, line| {
        let _to_memory = writeln!(text, "{blanks}{line}");
        text
    })
}

fn lines(of: &Offered) -> [String; 9] {
    let history = match of.keep_all {
        None => "unknown",
        Some(true) => "keep_all",
        Some(false) => "keep_last",
    };
    let reliability = if of.reliable { "reliable" } else { "best_effort" };
    let durability = if of.transient_local { "transient_local" } else { "volatile" };
    let liveliness = if of.manual_liveliness { "manual_by_topic" } else { "automatic" };
    [
        format!("- history: {history}"),
        format!("  depth: {}", of.depth),
        format!("  reliability: {reliability}"),
        format!("  durability: {durability}"),
        format!("  deadline: {}", duration(of.deadline)),
        format!("  lifespan: {}", duration(of.lifespan)),
        format!("  liveliness: {liveliness}"),
        format!("  liveliness_lease_duration: {}", duration(of.lease)),
        "  avoid_ros_namespace_conventions: false".to_owned(),
    ]
}

fn duration(nanoseconds: Option<u64>) -> String {
    let (sec, nsec) =
        nanoseconds.map_or(FOR_EVER, |all| (all / 1_000_000_000, all % 1_000_000_000));
    format!("{{sec: {sec}, nsec: {nsec}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_profiles_are_named_once() {
        let reliable = Offered::default();
        let other = Offered { reliable: false, deadline: Some(1_500_000_000), ..reliable };
        let text = yaml(&[reliable, other, reliable], 2);
        assert_eq!(text.matches("- history: keep_last").count(), 2, "{text}");
        assert!(text.contains("  deadline: {sec: 1, nsec: 500000000}\n"), "{text}");
        assert!(text.lines().all(|line| line.starts_with("  ")), "{text}");
        assert_eq!(yaml(&[], 0), "");
    }

    fn offer(reliable: bool, transient_local: bool) -> Offered {
        Offered { reliable, transient_local, ..Offered::default() }
    }

    #[test]
    fn the_weakest_offer_decides_so_that_everybody_is_heard() {
        let all = [offer(true, true), offer(true, false)];
        let asked = Asked::of_all(&all, 10);
        assert_eq!(asked, Asked { reliable: true, transient_local: false, depth: 10 });
        assert!(all.iter().all(|offer| asked.fits(offer)));
        assert!(!asked.fits(&offer(false, false)));
        let none = Asked::of_all(&[], 1);
        assert!(none.fits(&offer(false, false)));
    }
}
