//! A wall clock for one process, to be preloaded: `CLOCK_REALTIME` plus an offset that a test changes
//! while the process runs.
//!
//! Time namespaces shift the steady clocks only, and setting the system's clock would set everybody's. So
//! what a process asks the C library for is answered here. `ARMATURE_WALL_CLOCK` names a folder; the file
//! `all` in it, and the one named after the node (`__node:=` on the command line), hold offsets in
//! nanoseconds, 8 bytes each, native; they are added. A file that is not there counts as zero.
//!
//! The one rule: steady clocks, and deadlines on them, are left alone.
//!
//! Deadlines on the wall clock are handed to the kernel without the offset; a deadline after 2001 is one
//! on the wall clock, an earlier one on a clock that began when the machine did.

use libc::{c_char, c_int, c_void, clockid_t, time_t, timespec, timeval};
use std::mem::transmute;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

const NANOSECONDS: i64 = 1_000_000_000;
/// Seconds that no steady clock counts.
const WALL: time_t = 1_000_000_000;

/// The mapped offsets: of all, and of this node.
struct Offsets([Option<&'static AtomicI64>; 2]);

static OFFSETS: OnceLock<Offsets> = OnceLock::new();

fn offset() -> i64 {
    let offsets = OFFSETS.get_or_init(|| {
        let Some(folder) = std::env::var_os("ARMATURE_WALL_CLOCK") else {
            return Offsets([None, None]);
        };
        let map = |name: &str| map(&Path::new(&folder).join(name));
        Offsets([map("all"), node().and_then(|node| map(&node))])
    });
    offsets.0.iter().flatten().map(|offset| offset.load(Ordering::Relaxed)).sum()
}

/// The node's name on the command line: asked of the kernel, as somebody may want to know the time before
/// the standard library has its arguments.
fn node() -> Option<String> {
    let line = std::fs::read_to_string("/proc/self/cmdline").ok()?;
    line.split('\0').find_map(|word| word.strip_prefix("__node:=")).map(str::to_owned)
}

fn map(path: &Path) -> Option<&'static AtomicI64> {
    let file = std::fs::File::open(path).ok()?;
    let size = size_of::<AtomicI64>();
    if file.metadata().ok()?.len() < size as u64 {
        return None;
    }
    // SAFETY: a fresh shared mapping of a file of at least this size, which is never unmapped.
    let place = unsafe {
        libc::mmap(ptr::null_mut(), size, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0)
    };
    // SAFETY: as above; a page is aligned for any atomic, and only loaded from.
    (place != libc::MAP_FAILED).then(|| unsafe { &*place.cast::<AtomicI64>() })
}

fn shifted(time: timespec, by: i64) -> timespec {
    let total = time.tv_sec * NANOSECONDS + time.tv_nsec + by;
    timespec { tv_sec: total.div_euclid(NANOSECONDS), tv_nsec: total.rem_euclid(NANOSECONDS) }
}

/// Reads a clock.
///
/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    // SAFETY: the caller's promise.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) } as c_int;
    let wall = clock == libc::CLOCK_REALTIME || clock == libc::CLOCK_REALTIME_COARSE;
    if result == 0 && wall {
        // SAFETY: the kernel has just written there.
        unsafe { *time = shifted(*time, offset()) };
    }
    result
}

fn wall() -> timespec {
    let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a local to write to.
    unsafe { clock_gettime(libc::CLOCK_REALTIME, &raw mut time) };
    time
}

/// Reads the wall clock, µs.
///
/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(time: *mut timeval, _zone: *mut c_void) -> c_int {
    let now = wall();
    if !time.is_null() {
        // SAFETY: the caller's promise.
        unsafe { *time = timeval { tv_sec: now.tv_sec, tv_usec: now.tv_nsec / 1000 } };
    }
    0
}

/// Reads the wall clock, s.
///
/// # Safety
/// As the C library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(place: *mut time_t) -> time_t {
    let now = wall().tv_sec;
    if !place.is_null() {
        // SAFETY: the caller's promise.
        unsafe { *place = now };
    }
    now
}

/// The C library's own function; of this version where it is there, as the oldest one of some names takes
/// other structures.
fn original(name: *const c_char, version: *const c_char) -> Function {
    // SAFETY: both texts end with zero.
    unsafe {
        let found = libc::dlvsym(libc::RTLD_NEXT, name, version);
        Function(if found.is_null() { libc::dlsym(libc::RTLD_NEXT, name) } else { found })
    }
}

/// The address of a function; null when there is none.
#[derive(Clone, Copy)]
struct Function(*mut c_void);

// SAFETY: code can be called from any thread.
unsafe impl Send for Function {}
// SAFETY: as above.
unsafe impl Sync for Function {}

/// A deadline as the kernel understands it.
///
/// # Safety
/// `deadline` must be readable.
unsafe fn true_deadline(deadline: *const timespec) -> timespec {
    // SAFETY: the caller's promise.
    let deadline = unsafe { *deadline };
    if deadline.tv_sec > WALL { shifted(deadline, -offset()) } else { deadline }
}

macro_rules! with_true_deadline {
    ($($name:ident($($argument:ident),+) in $version:literal;)+) => {$(
        /// Waits until a deadline.
        ///
        /// # Safety
        /// As the C library's.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(
            $($argument: *mut c_void,)+
            deadline: *const timespec,
        ) -> c_int {
            type Original =
                unsafe extern "C" fn($(with_true_deadline!(@pointer $argument),)+ *const timespec) -> c_int;
            static ORIGINAL: OnceLock<Function> = OnceLock::new();
            let name = concat!(stringify!($name), "\0").as_ptr().cast();
            let version = concat!($version, "\0").as_ptr().cast();
            let Function(found) = *ORIGINAL.get_or_init(|| original(name, version));
            if found.is_null() {
                return libc::ENOSYS;
            }
            // SAFETY: the C library's function of this name has this shape; the arguments are the
            // caller's.
            unsafe {
                let deadline = true_deadline(deadline);
                transmute::<*mut c_void, Original>(found)($($argument,)+ &raw const deadline)
            }
        }
    )+};
    (@pointer $argument:ident) => { *mut c_void };
}

with_true_deadline! {
    pthread_cond_timedwait(condition, mutex) in "GLIBC_2.3.2";
    pthread_mutex_timedlock(mutex) in "GLIBC_2.34";
    pthread_rwlock_timedrdlock(lock) in "GLIBC_2.34";
    pthread_rwlock_timedwrlock(lock) in "GLIBC_2.34";
    sem_timedwait(semaphore) in "GLIBC_2.34";
}
