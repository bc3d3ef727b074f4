//! Locks of the middleware that lend the priority of who waits to who holds them.
//!
//! The rule: nobody waits for a thread that may not run. Fast DDS guards its tables with ordinary
//! mutexes, and the threads that serve discovery take them far below the cycle. Whoever is preempted
//! there while both processors are full keeps the cycle waiting for as long as they stay full (seen:
//! the bus silent for 62 ms, one driver alone deaf for 104 ms while another process joined). A mutex
//! with `PTHREAD_PRIO_INHERIT` has no such wait; Fast DDS offers no setting for it, and C++ makes its
//! mutexes without asking anybody. So the three calls that take one are ours: a private mutex of the
//! default protocol gets that protocol before it is locked for the first time.
//!
//! Shared objects bind to these functions because a program's own symbols come first. Only glibc's
//! layout is known here, and it is looked at before it is relied upon; elsewhere mutexes stay as they
//! are. Mutexes of Rust are not reached (they are no pthread mutexes), nor are locks for readers and
//! writers (POSIX knows no inheritance for them).

#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
use glibc::lend_priority;

/// Nothing is changed where the layout of mutexes is not known.
#[cfg(not(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64")))]
fn lend_priority() -> bool {
    false
}

/// From here on locks lend priority; says so when they cannot. Call it first of all, while the process
/// `name` has one thread.
pub(crate) fn begin(name: &str) {
    if !lend_priority() {
        r2r::log_warn!(
            name,
            "locks of the middleware do not lend priority here (no glibc on 64 bits): a cycle may wait for \
             a thread below it when all processors are full"
        );
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod glibc {
    use libc::{
        PTHREAD_MUTEX_NORMAL as NORMAL, PTHREAD_MUTEX_RECURSIVE as RECURSIVE, c_char, c_int,
        c_void, pthread_mutex_t, timespec,
    };
    use std::mem::{MaybeUninit, transmute};
    use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering};

    /// Where the kind lies in a mutex, in `i32`s (bits/struct_mutex.h).
    const KIND: usize = 4;
    /// `PTHREAD_MUTEX_PRIO_INHERIT_NP` within the kind (nptl/pthreadP.h).
    const INHERIT: i32 = 0x20;

    /// Whether mutexes are changed. Set while the process has one thread, which holds none.
    static LENDING: AtomicBool = AtomicBool::new(false);

    type Lock = unsafe extern "C" fn(*mut pthread_mutex_t) -> c_int;
    type TimedLock = unsafe extern "C" fn(*mut pthread_mutex_t, *const timespec) -> c_int;

    /// A function of the C library behind ours, looked up when it is first needed (constructors of
    /// libraries lock before `main`).
    struct Behind {
        name: &'static [u8],
        address: AtomicPtr<c_void>,
    }

    impl Behind {
        const fn new(name: &'static [u8]) -> Self {
            Self { name, address: AtomicPtr::new(std::ptr::null_mut()) }
        }

        /// Null only when the C library has no such function, which then nobody could call either.
        fn address(&self) -> *mut c_void {
            let known = self.address.load(Ordering::Relaxed);
            if !known.is_null() {
                return known;
            }
            // SAFETY: the name ends with a zero byte.
            let found =
                unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr().cast::<c_char>()) };
            self.address.store(found, Ordering::Relaxed);
            found
        }
    }

    static LOCK: Behind = Behind::new(b"pthread_mutex_lock\0");
    static TRY_LOCK: Behind = Behind::new(b"pthread_mutex_trylock\0");
    static TIMED_LOCK: Behind = Behind::new(b"pthread_mutex_timedlock\0");

    /// The kind of a mutex.
    ///
    /// # Safety
    /// `mutex` points to an initialised mutex that outlives the reference.
    unsafe fn kind<'a>(mutex: *mut pthread_mutex_t) -> &'a AtomicI32 {
        // SAFETY: the kind is an aligned `int` within the mutex; glibc accesses it atomically too.
        unsafe { AtomicI32::from_ptr(mutex.cast::<i32>().add(KIND)) }
    }

    /// Gives a private mutex of the default protocol, plain or recursive, the inheriting one.
    ///
    /// # Safety
    /// As of [`kind`]. All who lock it come through here first, so none holds it by the old protocol.
    unsafe fn convert(mutex: *mut pthread_mutex_t) {
        // SAFETY: passed on.
        let kind = unsafe { kind(mutex) };
        let old = kind.load(Ordering::Relaxed);
        let known = matches!(old, NORMAL | RECURSIVE);
        if known && LENDING.load(Ordering::Relaxed) {
            // Who comes second finds it done.
            let _done =
                kind.compare_exchange(old, old | INHERIT, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// `pthread_mutex_lock` of POSIX.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn pthread_mutex_lock(mutex: *mut pthread_mutex_t) -> c_int {
        // SAFETY: the caller keeps what POSIX asks of him; the address is that function's.
        unsafe {
            convert(mutex);
            transmute::<*mut c_void, Lock>(LOCK.address())(mutex)
        }
    }

    /// `pthread_mutex_trylock` of POSIX.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn pthread_mutex_trylock(mutex: *mut pthread_mutex_t) -> c_int {
        // SAFETY: as above.
        unsafe {
            convert(mutex);
            transmute::<*mut c_void, Lock>(TRY_LOCK.address())(mutex)
        }
    }

    /// `pthread_mutex_timedlock` of POSIX.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn pthread_mutex_timedlock(
        mutex: *mut pthread_mutex_t,
        until: *const timespec,
    ) -> c_int {
        // SAFETY: as above.
        unsafe {
            convert(mutex);
            transmute::<*mut c_void, TimedLock>(TIMED_LOCK.address())(mutex, until)
        }
    }

    /// Whether a mutex made by the C library with this type and protocol has the kind that is expected.
    /// The plain type is the one that nobody asked for: asking for it sets another flag.
    fn is_laid_out(plain: bool, inheriting: bool) -> bool {
        let protocol =
            if inheriting { libc::PTHREAD_PRIO_INHERIT } else { libc::PTHREAD_PRIO_NONE };
        let expected =
            if plain { NORMAL } else { RECURSIVE } | if inheriting { INHERIT } else { 0 };
        let mut attributes = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
        let mut mutex = MaybeUninit::<pthread_mutex_t>::uninit();
        let (a, m) = (attributes.as_mut_ptr(), mutex.as_mut_ptr());
        // SAFETY: both are initialised here before they are used, and destroyed.
        unsafe {
            let made = libc::pthread_mutexattr_init(a) == 0
                && (plain || libc::pthread_mutexattr_settype(a, RECURSIVE) == 0)
                && libc::pthread_mutexattr_setprotocol(a, protocol) == 0
                && libc::pthread_mutex_init(m, a) == 0;
            let same = made && kind(m).load(Ordering::Relaxed) == expected;
            if made {
                libc::pthread_mutex_destroy(m);
            }
            libc::pthread_mutexattr_destroy(a);
            same
        }
    }

    fn layout_is_known() -> bool {
        let pairs = [(true, false), (true, true), (false, false), (false, true)];
        pairs.into_iter().all(|(plain, inheriting)| is_laid_out(plain, inheriting))
    }

    /// Whether the libraries of this process lock through the functions above.
    fn others_come_here() -> bool {
        // SAFETY: the name ends with a zero byte.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, LOCK.name.as_ptr().cast::<c_char>()) };
        let ours: Lock = pthread_mutex_lock;
        std::ptr::eq(found, ours as *const c_void)
    }

    /// From here on mutexes lend priority. Call it first of all in `main`, while there is one thread.
    /// False: this C library is not the one known here, and nothing changes.
    pub(super) fn lend_priority() -> bool {
        let known = layout_is_known() && others_come_here();
        LENDING.store(known, Ordering::SeqCst);
        known
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::sync::atomic::AtomicI32;
        use std::sync::{Mutex, mpsc};
        use std::thread;
        use std::time::{Duration, Instant};

        /// A mutex as C++ makes it: constant data, no initialisation.
        struct Plain(std::cell::UnsafeCell<pthread_mutex_t>);
        // SAFETY: a mutex is there to be shared.
        unsafe impl Sync for Plain {}

        impl Plain {
            const fn new() -> Self {
                Self(std::cell::UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER))
            }

            fn kind(&self) -> i32 {
                // SAFETY: initialised.
                unsafe { kind(self.0.get()) }.load(Ordering::Relaxed)
            }
        }

        /// The switch is one for the process: one test at a time.
        static TURN: Mutex<()> = Mutex::new(());

        /// The C library's own way to a function: what a shared object would call.
        fn as_a_library_would() -> Lock {
            // SAFETY: the address is that function's.
            unsafe {
                let name = LOCK.name.as_ptr().cast::<c_char>();
                transmute::<*mut c_void, Lock>(libc::dlsym(libc::RTLD_DEFAULT, name))
            }
        }

        fn boosted_priority(thread: i32) -> Option<i32> {
            let stat = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).ok()?;
            // After the name in parentheses, the priority is the 16th field: -1 - FIFO priority.
            stat.rsplit_once(')')?.1.split_whitespace().nth(15)?.parse().ok()
        }

        fn fifo(priority: i32) -> bool {
            let parameters = libc::sched_param { sched_priority: priority };
            // SAFETY: plain system call, the parameters are valid.
            unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameters) == 0 }
        }

        #[test]
        fn a_mutex_that_a_library_locks_gets_the_inheriting_protocol() {
            let _mine = TURN.lock();
            assert!(lend_priority());
            let mutex = Plain::new();
            assert_eq!(mutex.kind(), NORMAL);
            // SAFETY: initialised, and unlocked by the thread that locked it.
            unsafe {
                assert_eq!(as_a_library_would()(mutex.0.get()), 0);
                assert_eq!(mutex.kind(), INHERIT);
                assert_eq!(libc::pthread_mutex_unlock(mutex.0.get()), 0);
                assert_eq!(libc::pthread_mutex_trylock(mutex.0.get()), 0);
                assert_eq!(libc::pthread_mutex_unlock(mutex.0.get()), 0);
            }
        }

        #[test]
        fn before_the_switch_nothing_changes() {
            let _mine = TURN.lock();
            LENDING.store(false, Ordering::SeqCst);
            let mutex = Plain::new();
            // SAFETY: as above.
            unsafe {
                assert_eq!(libc::pthread_mutex_lock(mutex.0.get()), 0);
                assert_eq!(mutex.kind(), NORMAL);
                assert_eq!(libc::pthread_mutex_unlock(mutex.0.get()), 0);
            }
        }

        /// Needs the right to SCHED_FIFO, like the arm itself; without it there is nothing to lend.
        #[test]
        fn who_holds_a_lock_runs_at_the_priority_of_who_waits_for_it() {
            static MUTEX: Plain = Plain::new();
            static HOLDER: AtomicI32 = AtomicI32::new(0);
            let _mine = TURN.lock();
            assert!(lend_priority());
            let (held, is_held) = mpsc::channel();
            let (release, released) = mpsc::channel::<()>();
            let holder = thread::spawn(move || {
                let low = fifo(1);
                // SAFETY: plain system call.
                HOLDER.store(unsafe { libc::gettid() }, Ordering::SeqCst);
                // SAFETY: initialised, unlocked below by this thread.
                unsafe { libc::pthread_mutex_lock(MUTEX.0.get()) };
                held.send(low).unwrap();
                released.recv().unwrap();
                // SAFETY: locked above.
                unsafe { libc::pthread_mutex_unlock(MUTEX.0.get()) };
            });
            let permitted = is_held.recv().unwrap();
            let waiter = thread::spawn(|| {
                fifo(7);
                // SAFETY: initialised, unlocked at once by this thread.
                unsafe {
                    libc::pthread_mutex_lock(MUTEX.0.get());
                    libc::pthread_mutex_unlock(MUTEX.0.get());
                }
            });
            let lent = || boosted_priority(HOLDER.load(Ordering::SeqCst)) == Some(-8);
            let until = Instant::now() + Duration::from_secs(10);
            while permitted && !lent() && Instant::now() < until {
                thread::sleep(Duration::from_millis(1));
            }
            let was_lent = lent();
            release.send(()).unwrap();
            holder.join().unwrap();
            waiter.join().unwrap();
            assert!(was_lent || !permitted, "the holder stayed at its own priority");
        }
    }
}
