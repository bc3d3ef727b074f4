//! The two clocks of this process, read together, and what the kernel says of its work.
//!
//! The rule: this is the only file that reads a clock; nodes get [`Now`] as an argument.

use std::time::Duration;
use vocabulary::time::{Monotonic, Now, Stamp};

/// Reads one POSIX clock; all clocks used here always exist on Linux.
fn read(clock: libc::clockid_t) -> libc::timespec {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place to write one timespec to.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time
}

/// `CLOCK_MONOTONIC`.
#[must_use]
pub fn monotonic() -> Monotonic {
    let time = read(libc::CLOCK_MONOTONIC);
    Monotonic((time.tv_sec as u64).wrapping_mul(1_000_000_000) + time.tv_nsec as u64)
}

/// The present instant on the steady clock and as ROS time (the system clock).
#[must_use]
pub fn now() -> Now {
    let time = read(libc::CLOCK_REALTIME);
    let stamp = Stamp(time.tv_sec * 1_000_000_000 + time.tv_nsec);
    Now { mono: monotonic(), stamp }
}

/// CPU time used by this node: by all threads of the process, or, where several nodes share one, by the
/// calling thread alone.
#[must_use]
pub fn cpu_time() -> Duration {
    let shared = crate::company::is_shared();
    let clock = if shared { libc::CLOCK_THREAD_CPUTIME_ID } else { libc::CLOCK_PROCESS_CPUTIME_ID };
    let time = read(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A number that tells this start of the process from every other one; never 0.
#[must_use]
pub fn draw_boot_id() -> u64 {
    let mut bytes = [0_u8; 8];
    // SAFETY: `bytes` is valid for its own length.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    let drawn = u64::from_ne_bytes(bytes);
    let fallback = monotonic().0.rotate_left(20) ^ u64::from(std::process::id());
    if got == 8 && drawn != 0 { drawn } else { fallback.max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_starts_have_different_boot_ids() {
        assert_ne!(draw_boot_id(), draw_boot_id());
    }

    #[test]
    fn the_steady_clock_never_goes_back() {
        let earlier = monotonic();
        assert!(monotonic() >= earlier);
        assert!(now().stamp.0 > 1_600_000_000_000_000_000);
    }
}
