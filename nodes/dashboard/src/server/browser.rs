//! One browser on its WebSocket.
//!
//! The rule: at most [`WINDOW`] updates are on their way to it. While it acknowledges none it gets
//! none, nothing is kept for it, and what it gets next is the newest. Reading and writing do not wait
//! for each other: a stop is heard from a browser that takes nothing in.

use super::Shared;
use super::board::Seen;
use crate::call::Answer;
use crate::gate::{LONGEST_MESSAGE, Message, Refusal};
use axum::extract::ws::{CloseFrame, Message as Frame, Utf8Bytes, WebSocket, close_code};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use serde::Serialize;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// Updates that may be on their way unacknowledged.
pub const WINDOW: u64 = 40;
/// Answers to calls that wait to be sent; beyond, calls are refused.
const ANSWERS: usize = 8;
/// A browser that does not take a single message for so long is gone.
const STUCK: Duration = Duration::from_secs(20);
/// Between two pings.
const PING: Duration = Duration::from_secs(5);

/// Counts a browser as long as it lives.
pub struct Seat(Arc<Shared>);

impl Seat {
    /// A seat, if there is a free one.
    pub fn take(shared: &Arc<Shared>) -> Option<Self> {
        let taken = shared.browsers.fetch_add(1, Ordering::Relaxed);
        let seat = Self(Arc::clone(shared));
        (taken < shared.clients).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.browsers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The answer to a request of a browser.
#[derive(Serialize)]
#[serde(tag = "k", rename = "answer")]
struct Reply<'a> {
    id: Option<u32>,
    success: bool,
    message: &'a str,
}

fn reply(id: Option<u32>, answer: &Answer) -> Utf8Bytes {
    let Answer { success, message } = answer;
    let reply = Reply { id, success: *success, message };
    serde_json::to_string(&reply).unwrap_or_default().into()
}

/// Serves a browser until it leaves, breaks the protocol or is stuck.
pub async fn serve(socket: WebSocket, seat: Seat, peer: IpAddr) {
    let shared = Arc::clone(&seat.0);
    let (sink, stream) = socket.split();
    let (answers, to_send) = mpsc::channel(ANSWERS);
    let (received, acknowledged) = watch::channel(0);
    let reader = Reader { shared: Arc::clone(&shared), peer, answers, received };
    let writer = Writer { sink, shared, to_send, acknowledged, sent: 0 };
    tokio::select! {
        () = reader.run(stream) => {}
        () = writer.run() => {}
    }
    drop(seat);
}

struct Reader {
    shared: Arc<Shared>,
    peer: IpAddr,
    answers: mpsc::Sender<Utf8Bytes>,
    received: watch::Sender<u64>,
}

impl Reader {
    async fn run(self, mut stream: SplitStream<WebSocket>) {
        let mut heard = Instant::now();
        loop {
            match timeout(STUCK, stream.next()).await {
                Ok(Some(Ok(Frame::Text(text)))) => {
                    if !self.take(&text) {
                        return;
                    }
                }
                Ok(Some(Ok(Frame::Pong(_) | Frame::Ping(_)))) => {}
                // Closed, broken, binary, or silent although it was pinged.
                Ok(_) | Err(_) => return,
            }
            let now = Instant::now();
            // Frames that say nothing, at any rate, are not worth a core.
            if now.duration_since(heard) < Duration::from_millis(1) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            heard = now;
        }
    }

    /// Takes a text in; false when that was the last one.
    fn take(&self, text: &str) -> bool {
        let judged = self.shared.gate().message(text, self.peer, self.shared.now());
        match judged {
            Ok(Message::Received(count)) => {
                self.received.send_if_modified(|known| {
                    let newer = count > *known;
                    *known = count.max(*known);
                    newer
                });
                true
            }
            Ok(Message::Unlock { id }) => {
                self.answer(Some(id), &Answer { success: true, message: "unlocked".to_owned() });
                true
            }
            Ok(Message::Call { id, call }) => {
                let (shared, peer) = (Arc::clone(&self.shared), self.peer);
                let Ok(place) = self.answers.clone().try_reserve_owned() else {
                    return true;
                };
                tokio::spawn(async move {
                    place.send(reply(Some(id), &shared.call(call, peer).await));
                });
                true
            }
            Err((refusal, id)) => {
                self.answer(id, &Answer::failed(refusal.to_string()));
                !matches!(refusal, Refusal::TooLong | Refusal::NotUnderstood)
            }
        }
    }

    /// An answer for which there is no room is not given: whoever floods gets none.
    fn answer(&self, id: Option<u32>, answer: &Answer) {
        let _no_room = self.answers.try_send(reply(id, answer));
    }
}

struct Writer {
    sink: SplitSink<WebSocket, Frame>,
    shared: Arc<Shared>,
    to_send: mpsc::Receiver<Utf8Bytes>,
    acknowledged: watch::Receiver<u64>,
    sent: u64,
}

impl Writer {
    async fn run(mut self) {
        let mut board = self.shared.board.subscribe();
        board.mark_changed();
        let mut seen = Seen::default();
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let hello = self.shared.hello.clone();
        if !self.send(Frame::Text(hello.into())).await {
            return;
        }
        loop {
            // Nobody has acknowledged what was never sent.
            let open = self.sent.saturating_sub(*self.acknowledged.borrow()) < WINDOW;
            let alive = tokio::select! {
                biased;
                answer = self.to_send.recv() => match answer {
                    Some(answer) => self.send(Frame::Text(answer)).await,
                    None => return,
                },
                changed = board.changed(), if open => {
                    let news = board.borrow_and_update().news(&mut seen);
                    changed.is_ok() && self.send_all(news).await
                }
                changed = self.acknowledged.changed(), if !open => changed.is_ok(),
                _ = ping.tick() => self.send(Frame::Ping(bytes::Bytes::new())).await,
            };
            if !alive {
                let gone = CloseFrame { code: close_code::AWAY, reason: "bye".into() };
                let close = self.sink.send(Frame::Close(Some(gone)));
                let _gone_already = timeout(Duration::from_millis(100), close).await;
                return;
            }
        }
    }

    async fn send_all(&mut self, news: Vec<Utf8Bytes>) -> bool {
        self.sent += news.len() as u64;
        let all = async {
            for text in news {
                self.sink.feed(Frame::Text(text)).await?;
            }
            self.sink.flush().await
        };
        matches!(timeout(STUCK, all).await, Ok(Ok(())))
    }

    async fn send(&mut self, frame: Frame) -> bool {
        matches!(timeout(STUCK, self.sink.send(frame)).await, Ok(Ok(())))
    }
}

/// Largest frame and message that we take in, bytes.
pub const LARGEST: usize = LONGEST_MESSAGE;
