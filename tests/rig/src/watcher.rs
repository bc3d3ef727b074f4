//! Looks at the dashboard without a browser: takes its updates in and acknowledges them, as its page
//! does.
//!
//! The one rule: of every kind of update only the newest is kept, as a page shows only that.

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use tungstenite::{Error, Message, WebSocket};

/// No answer takes longer.
const LIMIT: Duration = Duration::from_secs(20);
/// Between two looks at the clock while nothing comes.
const TURN: Duration = Duration::from_millis(20);

/// An open link to the dashboard.
pub struct Watcher {
    socket: WebSocket<TcpStream>,
    newest: BTreeMap<String, Value>,
    counts: BTreeMap<String, u64>,
    acknowledged: u64,
    asked: u64,
}

fn connect(port: u16) -> Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let stream = TcpStream::connect_timeout(&address, LIMIT);
    let stream = stream.with_context(|| format!("nobody listens at {address}"))?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    Ok(stream)
}

/// One request over HTTP with these further header lines; the whole answer.
///
/// # Errors
/// When there is none.
pub fn request(port: u16, line: &str, headers: &str) -> Result<String> {
    let mut stream = connect(port)?;
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{headers}\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(|| format!("no answer to {line}"))?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

impl Watcher {
    /// Opens the link.
    ///
    /// # Errors
    /// When nobody listens there or the link is refused.
    pub fn open(port: u16) -> Result<Self> {
        let url = format!("ws://127.0.0.1:{port}/ws");
        let (socket, _) = tungstenite::client(url, connect(port)?)
            .map_err(|error| anyhow!("the dashboard opens no link: {error}"))?;
        socket.get_ref().set_read_timeout(Some(TURN))?;
        let (newest, counts) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { socket, newest, counts, acknowledged: 0, asked: 0 })
    }

    /// The newest update of a kind; null when there was none.
    #[must_use]
    pub fn newest(&self, kind: &str) -> &Value {
        self.newest.get(kind).unwrap_or(&Value::Null)
    }

    /// Updates of a kind so far.
    #[must_use]
    pub fn count(&self, kind: &str) -> u64 {
        self.counts.get(kind).copied().unwrap_or(0)
    }

    /// Takes in what has come, waiting a moment at most.
    ///
    /// # Errors
    /// When the link has ended.
    pub fn take(&mut self) -> Result<()> {
        match self.socket.read() {
            Ok(Message::Text(text)) => self.note(serde_json::from_str(&text)?),
            Ok(Message::Close(_)) => bail!("the dashboard closed the link"),
            Ok(_) => Ok(()),
            Err(Error::Io(error))
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
            {
                Ok(())
            }
            Err(error) => Err(error).context("the link to the dashboard has ended"),
        }
    }

    fn note(&mut self, update: Value) -> Result<()> {
        let kind = update.get("k").and_then(Value::as_str);
        let kind = kind.context("an update without kind")?.to_owned();
        *self.counts.entry(kind.clone()).or_default() += 1;
        self.newest.insert(kind, update);
        let uncounted = self.count("hello") + self.count("answer");
        let received = self.counts.values().sum::<u64>() - uncounted;
        let window = self.newest("hello").get("window").and_then(Value::as_u64);
        let step = window.unwrap_or(4) / 4;
        if received - self.acknowledged >= step.max(1) {
            self.acknowledged = received;
            self.send(&json!({ "ack": received }))?;
        }
        Ok(())
    }

    fn send(&mut self, what: &Value) -> Result<()> {
        self.socket.send(Message::text(what.to_string())).context("the link takes nothing in")
    }

    /// Asks for an arm service; the answer.
    ///
    /// # Errors
    /// When there is none.
    pub fn call(&mut self, service: &str, token: &str) -> Result<Value> {
        self.asked += 1;
        self.send(&json!({ "id": self.asked, "call": service, "token": token }))?;
        let until = Instant::now() + LIMIT;
        while Instant::now() < until {
            self.take()?;
            let answer = self.newest("answer");
            if answer.get("id").and_then(Value::as_u64) == Some(self.asked) {
                return Ok(answer.clone());
            }
        }
        bail!("no answer to {service} within {LIMIT:?}")
    }
}
