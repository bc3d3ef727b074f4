//! The messages of the socketcand protocol and their text.
//!
//! Client: `< open vcan0 >`, `< rawmode >`, `< send 123 2 1 f1 >` (bytes apart), `< echo >`.
//! Server: `< hi >`, `< ok >`, `< frame 123 23.424242 1A22 >` (bytes together), `< error 004 1.5 >`.
//! Ours: `< filter 080 181 >` asks the server to send only these identifiers; a server that does not
//! know it answers with an error text, which a client ignores. 3 hex digits mean 11 bits, 8 mean 29.

use std::io::Write;

use thiserror::Error;

use crate::bus::Filter;
use crate::frame::{Frame, FrameError, Id};

/// Why a message could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Malformed {
    /// Not ASCII.
    #[error("message is not ASCII")]
    NotAscii,
    /// The first word is not known.
    #[error("unknown command {0:?}")]
    UnknownCommand(String),
    /// A word is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A word is no number of the right kind.
    #[error("{what} {text:?} is not valid")]
    Number {
        /// What it should be.
        what: &'static str,
        /// What stands there.
        text: String,
    },
    /// Number of bytes and data length code differ.
    #[error("{got} data bytes, length code says {dlc}")]
    Length {
        /// Announced.
        dlc: usize,
        /// Present.
        got: usize,
    },
    /// Not a classic CAN frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// Time of a frame at the server \[us\].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Timestamp(pub u64);

/// One message, either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Server's greeting.
    Hi,
    /// Server agrees.
    Ok,
    /// Client opens a bus by name.
    Open(String),
    /// Client wants raw frames.
    RawMode,
    /// Client asks for a sign of life; the server sends the same back.
    Echo,
    /// Client sends a frame.
    Send(Frame),
    /// Client asks for these identifiers only (our extension).
    Filter(Filter),
    /// Server delivers a frame.
    Frame(Frame, Timestamp),
    /// Server delivers an error frame: its class bits.
    Error(u32, Timestamp),
    /// Server refuses something, in words.
    ErrorText(String),
}

type Words<'a> = std::str::SplitAsciiWhitespace<'a>;

impl Message {
    /// Reads the text between `<` and `>`.
    ///
    /// # Errors
    /// [`Malformed`] saying what is wrong.
    pub fn decode(text: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(text).ok().filter(|t| t.is_ascii());
        let text = text.ok_or(Malformed::NotAscii)?;
        let mut words = text.split_ascii_whitespace();
        match words.next().unwrap_or("") {
            "hi" => Ok(Self::Hi),
            "ok" => Ok(Self::Ok),
            "echo" => Ok(Self::Echo),
            "rawmode" => Ok(Self::RawMode),
            "open" => Ok(Self::Open(word(&mut words, "bus name")?.to_owned())),
            "send" => send(&mut words).map(Self::Send),
            "frame" => frame(&mut words),
            "filter" => filter(&mut words).map(Self::Filter),
            "error" => Ok(error(text, &mut words)),
            other => Err(Malformed::UnknownCommand(other.chars().take(40).collect())),
        }
    }

    /// Appends the text with its brackets.
    pub fn encode(&self, out: &mut Vec<u8>) {
        // Writing into a Vec cannot fail.
        let _ = match self {
            Self::Hi => out.write_all(b"< hi >"),
            Self::Ok => out.write_all(b"< ok >"),
            Self::Echo => out.write_all(b"< echo >"),
            Self::RawMode => out.write_all(b"< rawmode >"),
            Self::Open(name) => write!(out, "< open {name} >"),
            Self::ErrorText(text) => write!(out, "< error {text} >"),
            Self::Error(class, time) => {
                write!(
                    out,
                    "< error {class:03X} {}.{:06} >",
                    time.0 / 1_000_000,
                    time.0 % 1_000_000
                )
            }
            Self::Send(frame) => write_send(out, frame),
            Self::Frame(frame, time) => write_frame(out, frame, *time),
            Self::Filter(filter) => write_filter(out, filter),
        };
    }
}

fn write_id(out: &mut Vec<u8>, id: Id) -> std::io::Result<()> {
    match id {
        Id::Standard(id) => write!(out, "{id:03X}"),
        Id::Extended(id) => write!(out, "{id:08X}"),
    }
}

fn write_send(out: &mut Vec<u8>, frame: &Frame) -> std::io::Result<()> {
    out.write_all(b"< send ")?;
    write_id(out, frame.id())?;
    write!(out, " {}", frame.data().len())?;
    for byte in frame.data() {
        write!(out, " {byte:x}")?;
    }
    out.write_all(b" >")
}

fn write_frame(out: &mut Vec<u8>, frame: &Frame, time: Timestamp) -> std::io::Result<()> {
    out.write_all(b"< frame ")?;
    write_id(out, frame.id())?;
    write!(out, " {}.{:06} ", time.0 / 1_000_000, time.0 % 1_000_000)?;
    for &byte in frame.data() {
        out.extend([hex(byte >> 4), hex(byte & 0xF)]);
    }
    out.write_all(b" >")
}

const fn hex(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 }
}

fn write_filter(out: &mut Vec<u8>, filter: &Filter) -> std::io::Result<()> {
    out.write_all(b"< filter")?;
    if let Filter::Only(ids) = filter {
        // "none" tells an empty set from no filter at all.
        if ids.is_empty() {
            out.write_all(b" none")?;
        }
        for &id in ids {
            out.write_all(b" ")?;
            write_id(out, id)?;
        }
    }
    out.write_all(b" >")
}

fn word<'a>(words: &mut Words<'a>, what: &'static str) -> Result<&'a str, Malformed> {
    words.next().ok_or(Malformed::Missing(what))
}

fn invalid(what: &'static str, text: &str) -> Malformed {
    Malformed::Number { what, text: text.chars().take(40).collect() }
}

fn hex_digits(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|b| b.is_ascii_hexdigit());
    u32::from_str_radix(text, 16).ok().filter(|_| digits)
}

fn build(id: &str, data: &[u8]) -> Result<Frame, Malformed> {
    let value = hex_digits(id).ok_or_else(|| invalid("CAN id", id))?;
    match u16::try_from(value) {
        Ok(short) if id.len() <= 3 => Ok(Frame::standard(short, data)?),
        _ if id.len() == 8 => Ok(Frame::extended(value, data)?),
        _ => Err(invalid("CAN id", id)),
    }
}

fn send(words: &mut Words<'_>) -> Result<Frame, Malformed> {
    let id = word(words, "CAN id")?;
    let dlc_text = word(words, "data length")?;
    let dlc: usize = dlc_text.parse().map_err(|_| invalid("data length", dlc_text))?;
    let (mut data, mut got) = ([0_u8; 8], 0);
    for text in words {
        let byte = hex_digits(text).and_then(|v| u8::try_from(v).ok());
        let byte = byte.ok_or_else(|| invalid("data byte", text))?;
        let slot = data.get_mut(got).ok_or(FrameError::TooLong { len: got + 1 })?;
        *slot = byte;
        got += 1;
    }
    if got != dlc {
        return Err(Malformed::Length { dlc, got });
    }
    build(id, data.get(..got).unwrap_or_default())
}

fn frame(words: &mut Words<'_>) -> Result<Message, Malformed> {
    let id = word(words, "CAN id")?;
    let time = timestamp(word(words, "time")?)?;
    // Some servers put blanks between the bytes; read all words that follow.
    let (mut data, mut len, mut high) = ([0_u8; 8], 0, None);
    for digit in words.flat_map(str::chars) {
        let nibble = digit.to_digit(16).ok_or_else(|| invalid("data", &digit.to_string()))? as u8;
        high = match high {
            None => Some(nibble),
            Some(high) => {
                let slot = data.get_mut(len).ok_or(FrameError::TooLong { len: len + 1 })?;
                *slot = high << 4 | nibble;
                len += 1;
                None
            }
        };
    }
    if high.is_some() {
        return Err(Malformed::Missing("half a data byte"));
    }
    Ok(Message::Frame(build(id, data.get(..len).unwrap_or_default())?, time))
}

/// `seconds.microseconds`; fewer or more than six digits after the point are allowed.
fn timestamp(text: &str) -> Result<Timestamp, Malformed> {
    let bad = || invalid("time", text);
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let seconds: u64 = seconds.parse().map_err(|_| bad())?;
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    let micros = digits.fold(0, |acc, d| acc * 10 + u64::from(d - b'0'));
    let whole = seconds.checked_mul(1_000_000).ok_or_else(bad)?;
    Ok(Timestamp(whole.checked_add(micros).ok_or_else(bad)?))
}

fn filter(words: &mut Words<'_>) -> Result<Filter, Malformed> {
    let mut words = words.peekable();
    match words.peek() {
        None => return Ok(Filter::All),
        Some(&"none") => return Ok(Filter::Only(Default::default())),
        Some(_) => {}
    }
    words.map(|id| Ok(build(id, &[])?.id())).collect::<Result<_, _>>().map(Filter::Only)
}

/// An error frame has a class and a time; everything else after `error` is words.
fn error(text: &str, words: &mut Words<'_>) -> Message {
    let class = words.next().filter(|w| w.len() >= 3).and_then(hex_digits);
    let time = words.next().and_then(|w| timestamp(w).ok());
    match (class, time, words.next()) {
        (Some(class), Some(time), None) => Message::Error(class, time),
        _ => Message::ErrorText(text.strip_prefix("error").unwrap_or(text).trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(message: &Message) -> String {
        let mut out = Vec::new();
        message.encode(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn again(message: &Message) -> Result<Message, Malformed> {
        let text = text(message);
        Message::decode(text[1..text.len() - 1].trim().as_bytes())
    }

    #[test]
    fn layout_is_the_one_other_tools_read() {
        let frame = Frame::standard(0x123, &[0x1A, 0x22, 0x03, 0x44]).unwrap();
        assert_eq!(text(&Message::Send(frame)), "< send 123 4 1a 22 3 44 >");
        assert_eq!(
            text(&Message::Frame(frame, Timestamp(23_424_242))),
            "< frame 123 23.424242 1A220344 >"
        );
        let empty = Frame::extended(0x80, &[]).unwrap();
        assert_eq!(text(&Message::Frame(empty, Timestamp(1))), "< frame 00000080 0.000001  >");
        assert_eq!(text(&Message::Error(0x40, Timestamp(0))), "< error 040 0.000000 >");
    }

    #[test]
    fn refusal_of_an_unknown_command_is_text_not_an_error_frame() {
        assert_eq!(
            Message::decode(b"error unknown command"),
            Ok(Message::ErrorText("unknown command".into()))
        );
        assert_eq!(Message::decode(b"error 004 1.5"), Ok(Message::Error(4, Timestamp(1_500_000))));
    }

    #[test]
    fn malformed_messages_say_what_is_wrong() {
        for (bytes, says) in [
            (&b"send"[..], "CAN id is missing"),
            (b"send 123 3 1 2", "2 data bytes, length code says 3"),
            (b"send 123 9 1 2 3 4 5 6 7 8 9", "9 data bytes: classic CAN carries at most 8"),
            (b"send 1234 0", "CAN id \"1234\" is not valid"),
            (b"send 800 0", "CAN id 0x800 is above 0x7FF"),
            (b"send 123 1 100", "data byte \"100\" is not valid"),
            (b"frame 123 1.0 ABC", "half a data byte is missing"),
            (b"frobnicate", "unknown command \"frobnicate\""),
            (b"\xFF\xFE", "message is not ASCII"),
        ] {
            assert_eq!(Message::decode(bytes).unwrap_err().to_string(), says);
        }
    }

    fn any_frame() -> impl Strategy<Value = Frame> {
        let data = prop::collection::vec(any::<u8>(), 0..=8);
        (any::<bool>(), 0_u32..0x2000_0000, data).prop_map(|(extended, id, data)| {
            if extended {
                Frame::extended(id, &data).unwrap()
            } else {
                Frame::standard((id & 0x7FF) as u16, &data).unwrap()
            }
        })
    }

    proptest! {
        #[test]
        fn frames_survive_a_round_trip(frame in any_frame(), micros in 0..u64::MAX / 2) {
            for message in [Message::Send(frame), Message::Frame(frame, Timestamp(micros))] {
                prop_assert_eq!(again(&message), Ok(message));
            }
        }

        #[test]
        fn filters_survive_a_round_trip(frames in prop::collection::vec(any_frame(), 0..20)) {
            let only = Filter::Only(frames.iter().map(Frame::id).collect());
            for message in [Message::Filter(only), Message::Filter(Filter::All)] {
                prop_assert_eq!(again(&message), Ok(message));
            }
        }

        #[test]
        fn arbitrary_text_never_panics(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            command in "(send|frame|filter|error|open) [0-9A-Fa-fx. ]{0,60}",
        ) {
            let _ = Message::decode(&bytes);
            let _ = Message::decode(command.as_bytes());
        }
    }
}
