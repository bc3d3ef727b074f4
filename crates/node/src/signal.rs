//! SIGINT and SIGTERM as a flag that loops ask for, instead of an end in mid-cycle.
//!
//! The rule: the handler does nothing but set the flag. Ctrl-C arrives twice, from the terminal and
//! from launch, so only a SIGTERM that follows ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

extern "C" fn on_signal(number: libc::c_int) {
    if STOP.swap(true, Ordering::SeqCst) && number == libc::SIGTERM {
        // SAFETY: both calls are async-signal-safe; the default action ends the process.
        unsafe {
            libc::signal(number, libc::SIG_DFL);
            libc::raise(number);
        }
    }
}

/// Turns SIGINT and SIGTERM into [`stop_requested`].
pub fn install() {
    let handler = on_signal as extern "C" fn(libc::c_int);
    for number in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: the handler is async-signal-safe: one atomic swap.
        unsafe { libc::signal(number, handler as libc::sighandler_t) };
    }
}

/// Asks this process to end, as the signals do.
pub(crate) fn request_stop() {
    STOP.store(true, Ordering::SeqCst);
}

/// Whether somebody asked this process to end.
#[must_use]
pub fn stop_requested() -> bool {
    STOP.load(Ordering::SeqCst)
}
