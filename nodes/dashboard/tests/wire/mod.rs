//! A client that can also talk nonsense: bytes over TCP, WebSocket frames by hand.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// What became of some bytes.
#[derive(Debug)]
pub enum Outcome {
    Answered(Reply),
    Closed,
    Silent,
}

pub fn get(address: SocketAddr, path: &str) -> Reply {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
}

pub fn ask(address: SocketAddr, request: &str) -> Reply {
    match send(address, request.as_bytes(), LIMIT) {
        Outcome::Answered(reply) => reply,
        other => panic!("{other:?} for {request}"),
    }
}

/// Sends bytes as they are, says that no more will come, and takes the first answer.
pub fn send(address: SocketAddr, bytes: &[u8], limit: Duration) -> Outcome {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let wrote = stream.write_all(bytes);
    let is_whole = bytes.windows(4).any(|four| four == b"\r\n\r\n");
    if wrote.is_ok() && !is_whole {
        let _gone = stream.shutdown(std::net::Shutdown::Write);
    }
    let (mut buffer, mut chunk) = (Vec::new(), [0; 65_536]);
    let until = Instant::now() + limit;
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return parse(&buffer).map_or(Outcome::Closed, Outcome::Answered),
            Ok(count) => {
                buffer.extend_from_slice(&chunk[..count]);
                if let Some(reply) = parse(&buffer).filter(is_complete) {
                    return Outcome::Answered(reply);
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if let Some(reply) = parse(&buffer) {
                    return Outcome::Answered(reply);
                }
                // Half a request is none: nothing more comes from us either.
                let _gone = stream.shutdown(std::net::Shutdown::Write);
                if Instant::now() > until {
                    return Outcome::Silent;
                }
            }
            Err(_) => return parse(&buffer).map_or(Outcome::Closed, Outcome::Answered),
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some(Reply { status, head, body: bytes[end + 4..].to_vec() })
}

fn is_complete(reply: &Reply) -> bool {
    let length = reply.header("content-length").and_then(|text| text.parse::<usize>().ok());
    length.is_some_and(|length| reply.body.len() >= length) || [101, 304].contains(&reply.status)
}

/// A WebSocket frame with a mask, whatever its opcode.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | (opcode & 0x0f)];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        long => {
            bytes.push(0x80 | 126);
            bytes.extend((long as u16).to_be_bytes());
        }
    }
    let mask = [1_u8, 2, 3, 4];
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A browser's end of a WebSocket.
pub struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    closed: bool,
}

impl Socket {
    pub fn open(address: SocketAddr, headers: &str) -> Self {
        Self::try_open(address, headers).unwrap_or_else(|status| panic!("refused with {status}"))
    }

    /// Waits for a free seat or a new budget of requests.
    pub fn open_patiently(address: SocketAddr) -> Self {
        let until = Instant::now() + LIMIT;
        loop {
            match Self::try_open(address, "") {
                Ok(socket) => return socket,
                Err(429 | 503) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(status) => panic!("refused with {status}"),
            }
        }
    }

    /// The status, when it is not opened.
    pub fn try_open(address: SocketAddr, headers: &str) -> Result<Self, u16> {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut socket = Self { stream, buffer: Vec::new(), closed: false };
        let until = Instant::now() + LIMIT;
        while Instant::now() < until && !socket.closed {
            socket.read();
            if let Some(reply) = parse(&socket.buffer) {
                if reply.status != 101 {
                    return Err(reply.status);
                }
                socket.buffer = reply.body;
                return Ok(socket);
            }
        }
        Err(0)
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Sends bytes as they are; false when the link is closed.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.closed |= self.stream.write_all(bytes).is_err();
        !self.closed
    }

    pub fn text(&mut self, text: &str) {
        self.send(&frame(1, text.as_bytes()));
    }

    /// The next update; `None` when there was none for `limit`.
    pub fn poll(&mut self, limit: Duration) -> Option<serde_json::Value> {
        let until = Instant::now() + limit;
        loop {
            while let Some((opcode, payload)) = self.unframe() {
                match opcode {
                    1 => return Some(serde_json::from_slice(&payload).unwrap()),
                    8 => self.closed = true,
                    _ => {}
                }
            }
            if self.closed || Instant::now() > until {
                return None;
            }
            self.read();
        }
    }

    pub fn next(&mut self) -> serde_json::Value {
        self.poll(LIMIT).expect("an update")
    }

    /// The answer to a request, whatever comes before it.
    pub fn answer(&mut self, id: u32) -> serde_json::Value {
        let until = Instant::now() + LIMIT;
        while Instant::now() < until {
            let update = self.next();
            if update["k"] == "answer" && update["id"] == id {
                return update;
            }
        }
        panic!("no answer to {id}");
    }

    /// Whether the other side closes the link.
    pub fn ends_within(&mut self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while Instant::now() < until && !self.closed {
            self.poll(Duration::from_millis(100));
        }
        self.closed
    }

    fn read(&mut self) {
        let mut chunk = [0; 16_384];
        match self.stream.read(&mut chunk) {
            Ok(0) => self.closed = true,
            Ok(count) => self.buffer.extend_from_slice(&chunk[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => self.closed = true,
        }
    }

    /// One whole frame of the server, which has no mask.
    fn unframe(&mut self) -> Option<(u8, Vec<u8>)> {
        let [first, second] = *self.buffer.first_chunk::<2>()?;
        let (head, length) = match second & 0x7f {
            126 => (4, u64::from(u16::from_be_bytes(self.buffer.get(2..4)?.try_into().ok()?))),
            127 => (10, u64::from_be_bytes(self.buffer.get(2..10)?.try_into().ok()?)),
            short => (2, u64::from(short)),
        };
        let end = head + length as usize;
        let payload = self.buffer.get(head..end)?.to_vec();
        self.buffer.drain(..end);
        Some((first & 0x0f, payload))
    }
}
