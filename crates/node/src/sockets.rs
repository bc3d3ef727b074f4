//! The sockets on which this process receives from the middleware.
//!
//! The rule: discovery keeps all it is sent, a cycle only what is new. Fast DDS has one size of buffer
//! for both; so it is asked for a large one, and what receives data is made small again afterwards.

use crate::middleware;
use std::fs;
use std::mem::size_of;
use std::os::fd::RawFd;

/// Where the kernel says how large the buffer of a socket is that asked for nothing, bytes.
const USUAL_SIZE: &str = "/proc/sys/net/core/rmem_default";

/// Gives the sockets that receive data the usual buffer of this machine. What waits there longer than
/// it holds is worth nothing to a cycle, and would have to be read all the same.
pub(crate) fn narrow_data() {
    let usual = fs::read_to_string(USUAL_SIZE).ok().and_then(|text| text.trim().parse().ok());
    let Some(usual) = usual else { return };
    for socket in open_files().filter(|file| udp_port(*file).is_some_and(middleware::receives_data))
    {
        set_buffer(socket, usual);
    }
}

fn open_files() -> impl Iterator<Item = RawFd> {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The port to which a UDP socket over IPv4 is bound.
fn udp_port(file: RawFd) -> Option<u16> {
    if option(file, libc::SO_TYPE)? != libc::SOCK_DGRAM {
        return None;
    }
    // SAFETY: an address of zeros is valid for this plain structure.
    let mut address: libc::sockaddr_in = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    // SAFETY: address and length are valid for writing.
    let failed = unsafe { libc::getsockname(file, (&raw mut address).cast(), &raw mut length) };
    let found = failed == 0 && libc::c_int::from(address.sin_family) == libc::AF_INET;
    found.then(|| u16::from_be(address.sin_port))
}

fn option(file: RawFd, name: libc::c_int) -> Option<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    let to = (&raw mut value).cast();
    // SAFETY: value and length are valid for writing.
    let failed = unsafe { libc::getsockopt(file, libc::SOL_SOCKET, name, to, &raw mut length) };
    (failed == 0).then_some(value)
}

/// `size` is what the kernel shall count, bytes: it doubles what it is asked for.
fn set_buffer(socket: RawFd, size: libc::c_int) {
    let half = size / 2;
    let length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the value lives through the call. A refusal leaves the large buffer.
    let _refused_means_large = unsafe {
        let from = (&raw const half).cast();
        libc::setsockopt(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, from, length)
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;

    /// One socket on an even and one on an odd port.
    fn both() -> [UdpSocket; 2] {
        let open = |odd: u16| loop {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            if socket.local_addr().unwrap().port() % 2 == odd {
                break socket;
            }
        };
        [open(0), open(1)]
    }

    #[test]
    fn the_buffer_of_data_gets_its_usual_size_and_that_of_discovery_keeps_its_own() {
        let sockets = both();
        let usual = sockets.each_ref().map(|s| option(s.as_raw_fd(), libc::SO_RCVBUF).unwrap())[0];
        let wide = usual / 2;
        for socket in &sockets {
            set_buffer(socket.as_raw_fd(), wide);
        }
        narrow_data();
        let sizes = sockets.each_ref().map(|s| option(s.as_raw_fd(), libc::SO_RCVBUF).unwrap());
        assert_eq!(sizes, [wide, usual]);
    }

    #[test]
    fn other_files_are_no_sockets_that_receive_data() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(udp_port(listener.as_raw_fd()), None);
        assert_eq!(udp_port(0), None);
    }
}
