//! [`Held`]: how many guards a thread has. A thread that ends with one, because it leaked it, ends the
//! process.
//!
//! The kernel frees a robust lock when its owner, a thread, ends. But what the guard gave out may still be
//! in use then: `&mut **Box::leak(Box::new(value.lock()?))` is a `&'static mut` that any thread can have.
//! Two of them for one value must never exist, so the process ends before anybody else can get the lock.

use std::cell::Cell;
use std::ffi::c_void;
use std::io;
use std::process::abort;
use std::ptr;
use std::sync::LazyLock;

use nix::errno::Errno;

use super::error::LockError;
use crate::fork::NoFork;

/// At its end, the kernel frees a thread's 2,048 youngest robust locks and none of the others
/// (`ROBUST_LIST_LIMIT` in linux/futex.h). A few are left for locks that have no guard here.
const MOST: usize = 2048 - 8;

/// One guard. It stays in its thread.
pub(super) struct Held {
    // In a forked child the values would not be its own.
    _no_fork: NoFork,
}

thread_local! {
    /// Whether the system will call `thread_ends` for this thread.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// A destructor of the C library's thread-specific data: it runs later than those of `thread_local!`,
/// which can still lock and leak. None runs for the main thread, with which the process ends, nor for a
/// thread that calls `exit`.
static KEY: LazyLock<Result<libc::pthread_key_t, Errno>> = LazyLock::new(|| {
    let mut key = 0;
    // SAFETY: the place is good for a key, and the destructor may be called at the end of any thread.
    let code = unsafe { libc::pthread_key_create(&mut key, Some(thread_ends)) };
    match code {
        0 => Ok(key),
        code => Err(Errno::from_raw(code)),
    }
});

impl Held {
    /// Before the lock is taken.
    #[inline]
    pub fn new() -> Result<Self, LockError> {
        if NoFork::count() >= MOST {
            return Err(LockError::TooMany);
        }
        if !WATCHED.get() {
            watch_this_thread();
        }
        Ok(Self {
            _no_fork: NoFork::new(),
        })
    }
}

/// # Panics
///
/// If the system has no room for one more key, or for this thread's value of it.
#[cold]
fn watch_this_thread() {
    let watched = (*KEY).and_then(|key| {
        // SAFETY: the key was made and is never deleted. The value is not followed, but must not be null.
        let code = unsafe { libc::pthread_setspecific(key, ptr::dangling::<u8>().cast()) };
        match code {
            0 => Ok(()),
            code => Err(Errno::from_raw(code)),
        }
    });
    watched.unwrap_or_else(|errno| panic!("cannot watch for the end of this thread: {errno}"));
    WATCHED.set(true);
}

extern "C" fn thread_ends(_: *mut c_void) {
    // Another key's destructor may still lock. Then this one is called once more.
    WATCHED.set(false);
    if NoFork::count() > 0 {
        end_process();
    }
}

/// Ends this process: it has lost exclusive access that it may still be using.
#[cold]
pub(super) fn end_process() -> ! {
    use io::Write;
    let _ = io::stderr().write_all(
        b"fatal: a thread ended with a guard of a shared value that it leaked; \
          others could get the lock while the value is in use\n",
    );
    abort()
}
