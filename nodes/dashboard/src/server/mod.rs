//! The other side of the dashboard: HTTP and WebSocket, on one thread of their own.
//!
//! The rule: the node never waits for it. Between them lie a [`Board`] that holds the newest of each
//! kind, the ring of the plots, and a bounded queue of calls that the node empties when it likes.
//!
//! Sizes are bounded everywhere: headers, bodies, messages, connections, browsers, updates on their
//! way, calls waiting, downloads.

mod assets;
mod board;
mod browser;
mod connection;
mod files;
mod meshes;
mod routes;

pub use meshes::Meshes;

use crate::call::{Answer, Call};
use crate::config::Config;
use crate::gate::Gate;
use crate::history::{Point, Ring};
use crate::view::{Hello, Update};
use board::Board;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot, watch};
use vocabulary::time::Monotonic;

/// Calls that wait for the node.
const CALLS: usize = 16;
/// Downloads at a time.
const DOWNLOADS: usize = 3;
/// Between two tries to get the port.
const RETRY: Duration = Duration::from_secs(1);

/// A call that waits for the node.
#[derive(Debug)]
pub struct Request {
    /// What is asked for.
    pub call: Call,
    /// Who asks.
    pub who: String,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Answer>,
}

/// What the server is started with.
#[derive(Debug)]
pub struct Setup {
    /// Address to listen at.
    pub host: IpAddr,
    /// TCP port; 0: the system chooses.
    pub port: u16,
    /// Browsers at a time.
    pub clients: usize,
    /// Who may ask for what.
    pub gate: Gate,
    /// What a page is told first.
    pub hello: Hello,
    /// Robot description, and where its meshes are.
    pub meshes: Meshes,
    /// Folder of recordings.
    pub recordings: Option<PathBuf>,
}

/// What all requests share.
#[derive(Debug)]
struct Shared {
    board: watch::Sender<Board>,
    ring: Mutex<Ring>,
    gate: Mutex<Gate>,
    calls: mpsc::Sender<Request>,
    hello: String,
    meshes: Meshes,
    recordings: Option<PathBuf>,
    downloads: Arc<Semaphore>,
    browsers: AtomicUsize,
    clients: usize,
    began: Instant,
    stop: Notify,
    state: Mutex<State>,
}

/// How the listening goes.
#[derive(Debug, Clone, Default)]
struct State {
    address: Option<SocketAddr>,
    trouble: String,
}

/// A lock whose holder never panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// The steady clock of the gate.
    fn now(&self) -> Monotonic {
        Monotonic(u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        lock(&self.gate)
    }

    /// Hands a call to the node and waits for the answer.
    async fn call(&self, call: Call, who: IpAddr) -> Answer {
        let (reply, answer) = oneshot::channel();
        let who = if who.is_loopback() { "this machine".to_owned() } else { who.to_string() };
        if self.calls.try_send(Request { call, who, reply }).is_err() {
            return Answer::failed("too many calls wait already");
        }
        let patience = call.patience() + Duration::from_secs(1);
        match tokio::time::timeout(patience, answer).await {
            Ok(Ok(answer)) => answer,
            _ => Answer::failed("the dashboard's node gave no answer"),
        }
    }
}

/// The node's end.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    calls: mpsc::Receiver<Request>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts the thread; the port is taken as soon as it is free.
    ///
    /// # Errors
    /// When the system gives no thread or no event queue.
    pub fn start(setup: Setup, history: f64) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (calls, waiting) = mpsc::channel(CALLS);
        let read_only = setup.gate.is_read_only();
        let hello = Hello { read_only, history, window: browser::WINDOW, ..setup.hello };
        let shared = Arc::new(Shared {
            board: watch::Sender::new(Board::default()),
            ring: Mutex::new(Ring::new(history)),
            gate: Mutex::new(setup.gate),
            calls,
            hello: serde_json::to_string(&hello)?,
            meshes: setup.meshes,
            recordings: setup.recordings,
            downloads: Arc::new(Semaphore::new(DOWNLOADS)),
            browsers: AtomicUsize::new(0),
            clients: setup.clients,
            began: Instant::now(),
            stop: Notify::new(),
            state: Mutex::default(),
        });
        let (serving, host, port) = (Arc::clone(&shared), setup.host, setup.port);
        let thread = std::thread::Builder::new().name("http".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(&serving, SocketAddr::new(host, port)) => {}
                    () = files::watch(&serving) => {}
                    () = serving.stop.notified() => {}
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Self { shared, calls: waiting, thread: Some(thread) })
    }

    /// Shows updates to all browsers.
    pub fn publish(&self, updates: Vec<Update>) {
        if !updates.is_empty() {
            self.shared.board.send_modify(|board| board.put(updates));
        }
    }

    /// Adds a point to the plots.
    pub fn remember(&self, point: &Point) {
        if let Ok(json) = serde_json::to_string(point) {
            lock(&self.shared.ring).push(json.into());
        }
    }

    /// The next call that waits.
    pub fn next_call(&mut self) -> Option<Request> {
        self.calls.try_recv().ok()
    }

    /// Browsers that watch now.
    #[must_use]
    pub fn browsers(&self) -> usize {
        self.shared.browsers.load(Ordering::Relaxed)
    }

    /// Where it listens, once it does.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        lock(&self.shared.state).address
    }

    /// Why it does not listen; empty when all is well.
    #[must_use]
    pub fn trouble(&self) -> String {
        lock(&self.shared.state).trouble.clone()
    }

    /// Whether the thread still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Listens, and goes on trying while somebody else has the port.
async fn serve(shared: &Arc<Shared>, address: SocketAddr) {
    loop {
        match tokio::net::TcpListener::bind(address).await {
            Ok(listener) => {
                *lock(&shared.state) =
                    State { address: listener.local_addr().ok(), trouble: String::new() };
                connection::accept(listener, shared).await;
            }
            Err(error) => {
                let trouble =
                    format!("nobody can see the page: cannot listen at {address}: {error}");
                *lock(&shared.state) = State { address: None, trouble };
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// The parts of the configuration that the server needs.
impl Setup {
    /// From the parameters, checked before.
    #[must_use]
    pub fn new(
        config: &Config,
        host: IpAddr,
        token: Option<String>,
        hello: Hello,
        meshes: Meshes,
    ) -> Self {
        let folder = Some(&config.recordings_folder).filter(|folder| !folder.is_empty());
        Self {
            host,
            port: config.port,
            clients: config.clients,
            gate: Gate::new(token, config.allowed_hosts.clone()),
            hello,
            meshes,
            recordings: folder.map(PathBuf::from),
        }
    }
}
