//! Who may ask for what: the judgement of every request before anything happens because of it.
//!
//! The rule: without the token nothing is asked of the arm, and whoever has it is never turned away
//! for what others did: a stop gets through while somebody else guesses tokens.

use crate::call::Call;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use subtle::ConstantTimeEq;
use thiserror::Error;
use vocabulary::time::Monotonic;

/// A longer text from a browser is none of ours, bytes.
pub const LONGEST_MESSAGE: usize = 1024;
/// Peers whose budgets are remembered.
const MAX_PEERS: usize = 256;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Started without a token.
    #[error("read-only: this dashboard was started without a token")]
    ReadOnly,
    /// No token came with the request.
    #[error("locked: give the token")]
    NoToken,
    /// Another token.
    #[error("this is not the token")]
    WrongToken,
    /// No such call.
    #[error("there is no such call")]
    UnknownCall,
    /// Neither an acknowledgement nor a call.
    #[error("not understood")]
    NotUnderstood,
    /// Longer than anything we take.
    #[error("longer than {LONGEST_MESSAGE} bytes")]
    TooLong,
    /// More requests than a person makes.
    #[error("too many requests: slow down")]
    TooMany,
    /// Another page asks for it.
    #[error("asked for by another page")]
    ForeignOrigin,
    /// A name that is not ours.
    #[error("asked for under a name that is not allowed: see parameter allowed_hosts")]
    ForeignHost,
}

/// A text from a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// It has received all updates up to this one.
    Received(u64),
    /// It asks for a call; the answer carries the id.
    Call {
        /// Chosen by the browser.
        id: u32,
        /// What it asks for.
        call: Call,
    },
    /// It wants to know whether its token is the right one.
    Unlock {
        /// Chosen by the browser.
        id: u32,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    ack: Option<u64>,
    id: Option<u32>,
    call: Option<String>,
    unlock: Option<bool>,
    token: Option<String>,
}

/// Tokens spent and won back over time.
#[derive(Debug, Clone, Copy)]
struct Budget {
    left: f64,
    at: Monotonic,
}

/// How much of something a peer may do.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    per_second: f64,
    burst: f64,
}

/// Pages load a dozen files at once.
const REQUESTS: Allowance = Allowance { per_second: 50.0, burst: 200.0 };
/// Wrong tokens.
const GUESSES: Allowance = Allowance { per_second: 0.2, burst: 5.0 };

impl Budget {
    fn full(of: Allowance, now: Monotonic) -> Self {
        Self { left: of.burst, at: now }
    }

    /// Takes one, if there is one.
    fn spend(&mut self, of: Allowance, now: Monotonic) -> bool {
        self.left = (self.left + now.since(self.at).as_secs_f64() * of.per_second).min(of.burst);
        self.at = self.at.max(now);
        let may = self.left >= 1.0;
        if may {
            self.left -= 1.0;
        }
        may
    }
}

#[derive(Debug, Clone, Copy)]
struct Peer {
    requests: Budget,
    guesses: Budget,
}

/// The judgement.
#[derive(Debug, Clone)]
pub struct Gate {
    token: Option<String>,
    hosts: Vec<String>,
    peers: BTreeMap<IpAddr, Peer>,
}

impl Gate {
    /// With a token, or read-only; `hosts` are further names of this machine.
    #[must_use]
    pub fn new(token: Option<String>, hosts: Vec<String>) -> Self {
        Self { token, hosts, peers: BTreeMap::new() }
    }

    /// Whether calls are possible at all.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.token.is_none()
    }

    /// Whether the name under which the page was asked for is ours. A page of somebody else whose
    /// name suddenly points to this machine (DNS rebinding) is found here: it has a name, and an IP
    /// address is none.
    ///
    /// # Errors
    /// [`Refusal::ForeignHost`].
    pub fn host(&self, host: Option<&str>) -> Result<(), Refusal> {
        let name = host.and_then(host_name).ok_or(Refusal::ForeignHost)?;
        let ours = name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok()
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
        if ours { Ok(()) } else { Err(Refusal::ForeignHost) }
    }

    /// Whether a request comes from our own page, or from no page at all.
    ///
    /// # Errors
    /// [`Refusal::ForeignOrigin`].
    pub fn origin(origin: Option<&str>, host: Option<&str>) -> Result<(), Refusal> {
        let Some(origin) = origin else { return Ok(()) };
        let site = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if site.is_some() && site == host { Ok(()) } else { Err(Refusal::ForeignOrigin) }
    }

    /// Counts a request of a peer.
    ///
    /// # Errors
    /// [`Refusal::TooMany`].
    pub fn request(&mut self, peer: IpAddr, now: Monotonic) -> Result<(), Refusal> {
        if self.peer(peer, now).requests.spend(REQUESTS, now) {
            Ok(())
        } else {
            Err(Refusal::TooMany)
        }
    }

    /// Whether this is the token. The right one is never refused; wrong ones are counted.
    ///
    /// # Errors
    /// Why not.
    pub fn token(
        &mut self,
        given: Option<&str>,
        peer: IpAddr,
        now: Monotonic,
    ) -> Result<(), Refusal> {
        let token = self.token.as_deref().ok_or(Refusal::ReadOnly)?;
        let given = given.filter(|text| !text.is_empty()).ok_or(Refusal::NoToken)?;
        if bool::from(token.as_bytes().ct_eq(given.as_bytes())) {
            return Ok(());
        }
        let guessing = !self.peer(peer, now).guesses.spend(GUESSES, now);
        Err(if guessing { Refusal::TooMany } else { Refusal::WrongToken })
    }

    /// Reads a text of a browser, and lets it pass only as far as its token allows.
    ///
    /// # Errors
    /// Why not, with the id of the request when it has one.
    pub fn message(
        &mut self,
        text: &str,
        peer: IpAddr,
        now: Monotonic,
    ) -> Result<Message, (Refusal, Option<u32>)> {
        if text.len() > LONGEST_MESSAGE {
            return Err((Refusal::TooLong, None));
        }
        let wire: Wire = serde_json::from_str(text).map_err(|_| (Refusal::NotUnderstood, None))?;
        let (id, token) = (wire.id, wire.token.as_deref());
        match (wire.ack, id, wire.call, wire.unlock) {
            (Some(received), None, None, None) => Ok(Message::Received(received)),
            (None, Some(id), None, Some(true)) => {
                self.token(token, peer, now).map_err(|why| (why, Some(id)))?;
                Ok(Message::Unlock { id })
            }
            (None, Some(id), Some(name), None) => {
                self.token(token, peer, now).map_err(|why| (why, Some(id)))?;
                let call = Call::named(&name).ok_or((Refusal::UnknownCall, Some(id)))?;
                Ok(Message::Call { id, call })
            }
            _ => Err((Refusal::NotUnderstood, id)),
        }
    }

    fn peer(&mut self, peer: IpAddr, now: Monotonic) -> &mut Peer {
        if !self.peers.contains_key(&peer) && self.peers.len() >= MAX_PEERS {
            self.forget_one();
        }
        self.peers.entry(peer).or_insert_with(|| Peer {
            requests: Budget::full(REQUESTS, now),
            guesses: Budget::full(GUESSES, now),
        })
    }

    /// Forgets who was heard longest ago.
    fn forget_one(&mut self) {
        let oldest = self.peers.iter().min_by_key(|(_, p)| p.requests.at.max(p.guesses.at));
        if let Some(address) = oldest.map(|(address, _)| *address) {
            self.peers.remove(&address);
        }
    }
}

/// The name in a `Host` header, without port and brackets.
fn host_name(host: &str) -> Option<&str> {
    if let Some(rest) = host.strip_prefix('[') {
        let (name, port) = rest.split_once(']')?;
        return is_port(port).then_some(name);
    }
    match host.split_once(':') {
        None => Some(host).filter(|name| !name.is_empty()),
        Some((name, port)) => (is_port_number(port) && !name.is_empty()).then_some(name),
    }
}

/// Nothing, or a colon and a port.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(is_port_number)
}

fn is_port_number(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    const TOKEN: &str = "correct-horse-battery";
    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn gate() -> Gate {
        Gate::new(Some(TOKEN.to_owned()), vec!["arm.local".to_owned()])
    }

    fn at(seconds: u64) -> Monotonic {
        Monotonic(seconds * 1_000_000_000)
    }

    #[test]
    fn without_a_token_every_call_is_refused_as_read_only() {
        let mut gate = Gate::new(None, vec![]);
        for call in Call::ALL {
            let text = format!(r#"{{"id":1,"call":"{}","token":"{TOKEN}"}}"#, call.name());
            assert_eq!(gate.message(&text, PEER, at(0)), Err((Refusal::ReadOnly, Some(1))));
        }
    }

    #[test]
    fn a_call_passes_with_the_token_and_only_with_it() {
        let mut gate = gate();
        let with = |token: &str| format!(r#"{{"id":7,"call":"stop","token":"{token}"}}"#);
        let passed = gate.message(&with(TOKEN), PEER, at(0));
        assert_eq!(passed, Ok(Message::Call { id: 7, call: Call::Stop }));
        let wrong = gate.message(&with("correct-horse-batterz"), PEER, at(0));
        assert_eq!(wrong, Err((Refusal::WrongToken, Some(7))));
        let none = gate.message(r#"{"id":7,"call":"stop"}"#, PEER, at(0));
        assert_eq!(none, Err((Refusal::NoToken, Some(7))));
    }

    #[test]
    fn whoever_has_the_token_gets_through_while_others_guess() {
        let mut gate = gate();
        for n in 0..1000 {
            let guess = format!("guess-number-{n}");
            let refused = gate.token(Some(&guess), PEER, at(0)).unwrap_err();
            assert_eq!(refused == Refusal::WrongToken, n < 5, "{n}: {refused}");
        }
        assert_eq!(gate.token(Some(TOKEN), PEER, at(0)), Ok(()));
        assert_eq!(gate.token(Some("later"), PEER, at(10)), Err(Refusal::WrongToken));
    }

    #[test]
    fn a_peer_that_floods_is_slowed_and_another_is_not() {
        let mut gate = gate();
        let passed = (0..1000).filter(|_| gate.request(PEER, at(0)).is_ok()).count();
        assert_eq!(passed, 200);
        let other = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
        assert!(gate.request(other, at(0)).is_ok());
        assert!(gate.request(PEER, at(1)).is_ok());
    }

    #[test]
    fn peers_beyond_the_limit_push_out_the_oldest() {
        let mut gate = gate();
        for n in 0..2000_u32 {
            let _counted = gate.request(IpAddr::V4(Ipv4Addr::from(n)), at(u64::from(n)));
        }
        assert!(gate.peers.len() <= MAX_PEERS);
    }

    #[test]
    fn addresses_and_known_names_are_ours_and_other_names_are_not() {
        let gate = gate();
        for host in
            ["127.0.0.1:8460", "localhost", "LOCALHOST:1", "[::1]:8460", "[::1]", "arm.local:80"]
        {
            assert_eq!(gate.host(Some(host)), Ok(()), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example:8460", "", ":80", "[::1", "localhost:99999"]
        {
            assert_eq!(gate.host(Some(host)), Err(Refusal::ForeignHost), "{host}");
        }
        assert_eq!(gate.host(None), Err(Refusal::ForeignHost));
    }

    #[test]
    fn another_page_is_refused_and_a_program_without_page_is_not() {
        let host = Some("127.0.0.1:8460");
        assert_eq!(Gate::origin(Some("http://127.0.0.1:8460"), host), Ok(()));
        assert_eq!(Gate::origin(None, host), Ok(()));
        for origin in ["http://evil.example", "null", "http://127.0.0.1:8461", "file://", ""] {
            assert_eq!(Gate::origin(Some(origin), host), Err(Refusal::ForeignOrigin), "{origin}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn no_text_without_the_token_ever_becomes_a_call(text in ".{0,400}") {
            let passed = gate().message(&text, PEER, at(0));
            let asks = matches!(passed, Ok(Message::Call { .. } | Message::Unlock { .. }));
            prop_assert!(!asks, "{passed:?}");
        }

        #[test]
        fn no_well_formed_call_with_another_token_passes(
            call in "[a-z_]{1,14}", token in "[!-~]{0,40}", id in any::<u32>()
        ) {
            prop_assume!(token != TOKEN);
            let text = serde_json::json!({"id": id, "call": call, "token": token}).to_string();
            prop_assert!(gate().message(&text, PEER, at(0)).is_err());
        }
    }
}
