//! How this process talks to others on this machine: over UDP, unless somebody chose otherwise.
//!
//! The rule: no other process can make a cycle wait. Fast DDS's shared memory breaks it: when a
//! participant appears or was killed, its port is probed for a third of a second under the lock
//! that every publish needs (`SharedMemGlobal::open_port`; seen: all of a process silent for
//! 333 ms), and a stopped process can keep a lock that lies in the shared memory itself.

use std::env;

/// Read by Fast DDS 2.12 and later.
const TRANSPORTS: &str = "FASTDDS_BUILTIN_TRANSPORTS";
/// Settings by which a user chooses transports himself.
const CHOICES: [&str; 3] =
    [TRANSPORTS, "FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"];

/// Chooses UDP for this process. Call it first of all, while there is one thread.
pub(crate) fn choose_transport() {
    if CHOICES.iter().all(|name| env::var_os(name).is_none()) {
        // SAFETY: called at the very start of `main`, before any thread exists.
        unsafe { env::set_var(TRANSPORTS, "UDPv4") };
    }
}
