//! TCP connections: how many, how long, how large.

use super::{Shared, lock, routes};
use axum::Extension;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Connections at a time.
const MOST: usize = 160;
/// Connections of one peer at a time.
const MOST_PER_PEER: usize = 48;
/// A request whose head takes longer is given up; also how long a connection may idle.
const HEAD: Duration = Duration::from_secs(15);
/// Largest head of a request, bytes.
const LARGEST_HEAD: usize = 16 * 1024;
/// When the system has no file left, say.
const PAUSE: Duration = Duration::from_millis(100);

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Counts connections.
#[derive(Debug, Clone, Default)]
struct Doors(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// One connection that is counted.
struct Door(Doors, IpAddr);

impl Doors {
    /// Lets a connection in, unless there are too many.
    fn enter(&self, peer: IpAddr) -> Option<Door> {
        let mut open = lock(&self.0);
        let all: usize = open.values().sum();
        let own = open.entry(peer).or_default();
        if all >= MOST || *own >= MOST_PER_PEER {
            return None;
        }
        *own += 1;
        drop(open);
        Some(Door(self.clone(), peer))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let mut open = lock(&self.0.0);
        if let Some(own) = open.get_mut(&self.1) {
            *own = own.saturating_sub(1);
        }
        open.retain(|_, own| *own > 0);
    }
}

/// Takes connections in for ever.
pub async fn accept(listener: TcpListener, shared: &Arc<Shared>) {
    let app = routes::router(Arc::clone(shared));
    let doors = Doors::default();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let peer = address.ip().to_canonical();
                if let Some(door) = doors.enter(peer) {
                    let app = app.clone().layer(Extension(Peer(peer)));
                    tokio::spawn(serve(stream, app, door));
                }
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn serve(stream: TcpStream, app: axum::Router, door: Door) {
    // Small updates go at once; a peer that is gone without a word costs nothing but this.
    let _unsupported = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(64)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .with_upgrades();
    let _broken_by_peer = connection.await;
    drop(door);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_cannot_take_all_connections_and_gives_back_what_it_took() {
        let doors = Doors::default();
        let [one, other] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let open: Vec<_> = (0..500).filter_map(|_| doors.enter(one)).collect();
        assert_eq!(open.len(), MOST_PER_PEER);
        assert!(doors.enter(other).is_some());
        drop(open);
        assert!(doors.enter(one).is_some());
        assert!(lock(&doors.0).is_empty());
    }
}
