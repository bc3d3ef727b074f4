//! The hub on TCP: one task per client, one for the clock, all on one thread.
//!
//! The one rule: a write never waits. What the kernel does not take stays in the client's bounded
//! buffer, and its own task writes it when the socket has room.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use can_bus::in_process::{BusFault, FaultId};
use thiserror::Error;
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::sleep;
use vocabulary::time::Monotonic;

use crate::client::ClientId;
use crate::config::{Config, ConfigError};
use crate::core::{HubCore, HubStatistics};

/// Small, so that a client that stops reading finds seconds-old frames neither here nor there.
const SEND_BUFFER: u32 = 64 * 1024;

/// Why the hub cannot run.
#[derive(Debug, Error)]
pub enum HubError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address cannot be had.
    #[error("cannot listen at {address}: {error}; is another can_hub running there?")]
    Listen {
        /// Host and port.
        address: String,
        /// What the system says.
        error: io::Error,
    },
}

struct State {
    core: HubCore,
    sockets: BTreeMap<ClientId, Socket>,
    armed: Option<Monotonic>,
}

struct Socket {
    stream: Arc<TcpStream>,
    /// Wakes the client's task: something is left to write, or the client is to be cut.
    attention: Arc<Notify>,
}

struct Shared {
    state: Mutex<State>,
    timer: Notify,
    started: Instant,
}

impl Shared {
    fn now(&self) -> Monotonic {
        Monotonic(u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the hub, then delivers what came of it.
    fn change<T>(&self, change: impl FnOnce(&mut HubCore, Monotonic) -> T) -> T {
        let now = self.now();
        let mut state = self.state();
        let result = change(&mut state.core, now);
        state.deliver(now);
        let next = state.core.next_event();
        if next != state.armed {
            state.armed = next;
            self.timer.notify_one();
        }
        result
    }
}

impl State {
    fn deliver(&mut self, now: Monotonic) {
        self.core.step(now);
        let waiting: Vec<ClientId> = self.core.with_output().collect();
        for id in waiting {
            self.write(id);
        }
    }

    /// One write for everything that waits for this client.
    fn write(&mut self, id: ClientId) {
        let Some(socket) = self.sockets.get(&id) else { return };
        let Some(out) = self.core.output(id) else { return };
        match socket.stream.try_write(out) {
            Ok(n) => drop(out.drain(..n)),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            // The client's own task will read the same error and end.
            Err(_) => out.clear(),
        }
        if !out.is_empty() {
            socket.attention.notify_one();
        }
    }
}

/// Works on a running hub from outside; clones share it.
#[derive(Clone)]
pub struct HubHandle(Arc<Shared>);

impl HubHandle {
    /// What happened so far.
    #[must_use]
    pub fn statistics(&self) -> HubStatistics {
        self.0.change(|core, now| {
            core.step(now);
            core.statistics()
        })
    }

    /// Sets a bus fault, for a time or until it is removed; overrides [`BusFault::until`].
    #[must_use]
    pub fn add_fault(&self, fault: BusFault, lasting: Option<Duration>) -> FaultId {
        self.0.change(|core, now| {
            let until = lasting.map(|time| now + time);
            core.add_fault(BusFault { until, ..fault }, now)
        })
    }

    /// Takes a fault away; false when it is gone already.
    pub fn remove_fault(&self, id: FaultId) -> bool {
        self.0.change(|core, now| core.remove_fault(id, now))
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.0.change(|core, now| core.clear_faults(now));
    }

    /// Cuts a client's connection; false when it is gone already.
    pub fn cut(&self, id: ClientId) -> bool {
        self.0.change(|core, _| core.disconnect(id));
        let socket = self.0.state().sockets.remove(&id);
        socket.inspect(|socket| socket.attention.notify_one()).is_some()
    }
}

/// A hub that has its port.
pub struct Hub {
    listener: TcpListener,
    shared: Arc<Shared>,
}

impl Hub {
    /// Checks the settings and takes the port.
    ///
    /// # Errors
    /// [`HubError`] naming the setting, or the address that is taken.
    pub async fn bind(config: Config) -> Result<Self, HubError> {
        config.validate()?;
        let address = format!("{}:{}", config.host, config.port);
        let listener =
            listen(&config).await.map_err(|error| HubError::Listen { address, error })?;
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let core = HubCore::new(config, epoch);
        let state = Mutex::new(State { core, sockets: BTreeMap::new(), armed: None });
        let shared = Shared { state, timer: Notify::new(), started: Instant::now() };
        Ok(Self { listener, shared: Arc::new(shared) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// A handle to set faults and read statistics.
    #[must_use]
    pub fn handle(&self) -> HubHandle {
        HubHandle(Arc::clone(&self.shared))
    }

    /// Serves until `shutdown` is done, then closes all connections.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let mut clients = JoinSet::new();
        tokio::pin!(shutdown);
        let clock = keep_time(&self.shared);
        tokio::pin!(clock);
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                () = &mut clock => return,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        clients.spawn(attend(Arc::clone(&self.shared), stream, peer));
                    }
                    // Out of file descriptors, say: give it time to pass.
                    Err(_) => sleep(Duration::from_millis(100)).await,
                },
                Some(_) = clients.join_next() => {}
            }
        }
    }
}

async fn listen(config: &Config) -> io::Result<TcpListener> {
    let mut addresses = lookup_host((config.host.as_str(), config.port)).await?;
    let address = addresses.next().ok_or_else(|| io::Error::other("the host has no address"))?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(64)
}

/// Steps the hub whenever it has something to do by itself.
async fn keep_time(shared: &Shared) {
    loop {
        let next = shared.state().armed;
        match next {
            Some(at) => {
                let pause = at.since(shared.now());
                tokio::select! {
                    () = sleep(pause) => shared.change(|_, _| ()),
                    () = shared.timer.notified() => {}
                }
            }
            None => shared.timer.notified().await,
        }
    }
}

/// Serves one client until it goes away or is cut.
async fn attend(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let (stream, attention) = (Arc::new(stream), Arc::new(Notify::new()));
    let id = shared.change(|core, _| core.connect(peer.to_string()));
    let socket = Socket { stream: Arc::clone(&stream), attention: Arc::clone(&attention) };
    shared.state().sockets.insert(id, socket);
    let mut bytes = vec![0; 16 * 1024];
    while let Some(interest) = wanted(&shared, id) {
        tokio::select! {
            ready = stream.ready(interest) => {
                if ready.is_err() || !exchange(&shared, id, &stream, &mut bytes) {
                    break;
                }
            }
            () = attention.notified() => {}
        }
    }
    shared.change(|core, _| core.disconnect(id));
    shared.state().sockets.remove(&id);
}

/// What to wait for; `None` when the client was cut.
fn wanted(shared: &Shared, id: ClientId) -> Option<Interest> {
    let mut state = shared.state();
    let waiting = !state.core.output(id)?.is_empty();
    Some(if waiting { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE })
}

/// Writes and reads once; false when the client is gone.
fn exchange(shared: &Shared, id: ClientId, stream: &TcpStream, bytes: &mut [u8]) -> bool {
    match stream.try_read(bytes) {
        Ok(0) => false,
        Ok(n) => {
            let received = bytes.get(..n).unwrap_or_default();
            shared.change(|core, now| core.input(id, received, now));
            true
        }
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
            shared.state().write(id);
            true
        }
        Err(_) => false,
    }
}

/// Binds and serves until `shutdown` is done.
///
/// # Errors
/// [`HubError`] when the hub cannot start.
pub async fn serve(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), HubError> {
    Hub::bind(config).await?.run(shutdown).await;
    Ok(())
}
