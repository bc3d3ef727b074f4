//! How this process talks to others on this machine: over UDP, unless somebody chose otherwise.
//!
//! The rule: no other process can make a cycle wait. Fast DDS's shared memory breaks it: while a
//! participant appears or after it was killed, its port is probed for a third of a second under the
//! lock that every publish needs (seen: a whole process silent for 333 ms), and a stopped process
//! can keep a lock that lies in the shared memory itself.
//!
//! For `ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST`, rmw_fastrtps adds shared memory whatever the
//! profile says; so that range is rebuilt here by a profile: loopback only, found by unicast.

use crate::sockets;
use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

const PROFILE: &str = "FASTRTPS_DEFAULT_PROFILES_FILE";
const TRANSPORTS: &str = "FASTDDS_BUILTIN_TRANSPORTS";
const RANGE: &str = "ROS_AUTOMATIC_DISCOVERY_RANGE";
const LOCALHOST_ONLY: &str = "ROS_LOCALHOST_ONLY";
/// Who sets one of these chose by himself.
const CHOICES: [&str; 3] = [PROFILE, TRANSPORTS, "ROS_STATIC_PEERS"];

/// Loopback only, found by unicast: what the range LOCALHOST means, without shared memory.
const LOOPBACK: &str = "<interfaceWhiteList><address>127.0.0.1</address></interfaceWhiteList>";
const LOOPBACK_PEERS: &str =
    "<metatrafficUnicastLocatorList><locator/></metatrafficUnicastLocatorList>
        <initialPeersList>
          <locator><udpv4><address>127.0.0.1</address></udpv4></locator>
        </initialPeersList>";

/// Asked of the kernel for everything that waits at a socket, bytes; the kernel gives at most
/// `net.core.rmem_max`. Of the usual 208 kB discovery loses hundreds of messages while the arm starts or
/// somebody joins it, and then two processes do not know of each other for seconds (seen: a controller
/// that two of six drivers did not hear). Data in them is a tenth of a second of the arm's traffic, and
/// of images the half of one.
const RECEIVE_BUFFER: &str = "<receiveBufferSize>16777216</receiveBufferSize>";

/// Whether what comes in at this port is user data: RTPS puts that on odd ports and discovery on even
/// ones.
pub(crate) fn receives_data(port: u16) -> bool {
    port % 2 == 1
}

/// What a process mainly does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Takes the newest of each topic: what waits long is worth nothing.
    Actor,
    /// Must not miss anything.
    Listener,
}

/// UDP only. Everybody announces himself twice a second (3 s by default): whoever is started again
/// hears the others only then.
fn profile(loopback: bool) -> String {
    let (interfaces, peers) = if loopback { (LOOPBACK, LOOPBACK_PEERS) } else { ("", "") };
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<profiles xmlns="http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles">
  <transport_descriptors>
    <transport_descriptor>
      <transport_id>udp</transport_id>
      <type>UDPv4</type>
      {RECEIVE_BUFFER}
      <maxInitialPeersRange>32</maxInitialPeersRange>
      {interfaces}
    </transport_descriptor>
  </transport_descriptors>
  <participant profile_name="udp" is_default_profile="true">
    <rtps>
      <userTransports><transport_id>udp</transport_id></userTransports>
      <useBuiltinTransports>false</useBuiltinTransports>
      <builtin>
        <discovery_config>
          <leaseAnnouncement><sec>0</sec><nanosec>500000000</nanosec></leaseAnnouncement>
        </discovery_config>
        {peers}
      </builtin>
    </rtps>
  </participant>
</profiles>
"#
    )
}

/// The profile's file: Fast DDS reads it once, when the node is created, and wants a path.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    path: Option<PathBuf>,
    /// Data that waits is to be lost.
    narrows: bool,
}

impl Profile {
    /// The node has been created.
    pub(crate) fn applied(self) {
        if self.narrows {
            sockets::narrow_data();
        }
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _gone_already = fs::remove_file(path);
        }
    }
}

/// Chooses UDP for this process. Call it first of all, while there is one thread, and keep what it
/// returns until the node is created.
pub(crate) fn choose_transport(part: Part) -> Profile {
    if CHOICES.iter().any(|name| given(name).is_some()) {
        return Profile::default();
    }
    let range = given(RANGE).unwrap_or_default();
    let only = given(LOCALHOST_ONLY).as_deref() == Some("1");
    let loopback = range == "LOCALHOST" || only;
    let Ok(path) = write(&profile(loopback)) else { return Profile::default() };
    set(PROFILE, &path.to_string_lossy());
    if loopback {
        set(RANGE, "SYSTEM_DEFAULT");
    }
    if only {
        set(LOCALHOST_ONLY, "0");
    }
    Profile { path: Some(path), narrows: part == Part::Actor }
}

fn given(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn set(name: &str, value: &str) {
    // SAFETY: called at the very start of `main`, before any thread exists.
    unsafe { env::set_var(name, value) };
}

/// Writes a file of this process, which nobody else may have made.
fn write(text: &str) -> io::Result<PathBuf> {
    let name = format!("armature-{:016x}.xml", crate::clock::draw_boot_id());
    let path = env::temp_dir().join(name);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_readable_until_it_is_dropped() {
        let path = write("text").unwrap();
        let profile = Profile { path: Some(path.clone()), narrows: false };
        assert_eq!(fs::read_to_string(&path).unwrap(), "text");
        drop(profile);
        assert!(!path.exists());
    }
}
