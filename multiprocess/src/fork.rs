//! [`fork`]: a child with a copy of this process, running one closure. C's `fork`, without its traps.
//!
//! - It refuses while there are other threads: in the child their locks would be held for ever.
//! - The child never returns into code that the parent is in the middle of: it leaves with `_exit`,
//!   also after a panic, and runs no destructor of the parent's.
//! - What is still in this process's buffer of stdout is written before, so that it comes once.
//! - It refuses while there is a [`NoFork`]: what the thread has for itself alone, the child would have too.
//! - It refuses if the child would be in another PID namespace.
//!
//! To copy: this file, `single_thread.rs`. Needs: nix (`process`, `sched`), libc.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::marker::PhantomData;
use std::mem;
use std::os::unix::fs::MetadataExt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use nix::unistd::{ForkResult, Pid, getpid};

use crate::single_thread::is_single_threaded;

/// The exit code of a child that panicked, as of any Rust program. Python's is 1.
pub const PANICKED: i32 = 101;

/// Forks; the child runs `child`, flushes stdout, and exits with the code it returned.
///
/// The caller must wait for the child (`waitpid`) or it stays a zombie until the caller ends.
///
/// # Errors
///
/// [`ForkError`]; then there is no child.
pub fn fork(child: impl FnOnce() -> i32) -> Result<Pid, ForkError> {
    if NO_FORK.get() > 0 {
        return Err(ForkError::Held);
    }
    if children_get_other_numbers() {
        return Err(ForkError::PidNamespace);
    }
    match is_single_threaded() {
        Ok(true) => {}
        Ok(false) => return Err(ForkError::Threads),
        Err(error) => return Err(ForkError::System(error)),
    }
    flush();
    // SAFETY: this is the only thread, so no other one can be in the middle of anything, and the
    // child may do whatever this thread may.
    match unsafe { nix::unistd::fork() } {
        Ok(ForkResult::Parent { child }) => Ok(child),
        Ok(ForkResult::Child) => {
            PROCESS.store(0, Relaxed);
            let code = contain(child).unwrap_or(PANICKED);
            contain(flush);
            exit_now(code)
        }
        Err(errno) => Err(ForkError::System(errno.into())),
    }
}

/// The number of this process. A system call the first time only.
#[inline]
pub fn process_id() -> i32 {
    match PROCESS.load(Relaxed) {
        0 => {
            let pid = getpid().as_raw();
            PROCESS.store(pid, Relaxed);
            pid
        }
        pid => pid,
    }
}

/// What [`process_id`] keeps. 0 in the child of a fork, until it asks.
static PROCESS: AtomicI32 = AtomicI32::new(0);

/// Whether children would be in another PID namespace than this process: after `unshare(CLONE_NEWPID)`,
/// or `setns`. There this process has no number, and theirs may be those of others here, while robust
/// locks and much else tell processes apart by number.
fn children_get_other_numbers() -> bool {
    static OURS: OnceLock<Option<u64>> = OnceLock::new();
    let namespace = |name: &str| fs::metadata(name).map(|file| file.ino());
    let ours = || namespace("/proc/self/ns/pid").ok();
    match namespace("/proc/self/ns/pid_for_children") {
        // A process stays in its namespace, and its children begin in the same.
        Ok(theirs) => OURS.get_or_init(ours).is_some_and(|ours| ours != theirs),
        // A new namespace has no file before it has a process. Without /proc there is no telling.
        Err(error) => error.kind() == io::ErrorKind::NotFound && ours().is_some(),
    }
}

/// Calls it; a panic ends here, with `None`. What it was thrown with is not dropped: that may panic, too,
/// and the child would go on in the parent's code.
#[inline]
pub fn contain<T>(run: impl FnOnce() -> T) -> Option<T> {
    match panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(value) => Some(value),
        Err(payload) => {
            mem::forget(payload);
            None
        }
    }
}

/// Ends this process at once: no destructor, no exit handler, no flush. C's `_exit`.
#[inline]
pub fn exit_now(code: i32) -> ! {
    // SAFETY: it takes any number and does not return.
    unsafe { libc::_exit(code) }
}

/// Whoever reads may be gone. Then what is left is lost, as at any exit. Stderr keeps nothing back.
#[inline]
fn flush() {
    let _ = io::stdout().flush();
}

/// While this is there, its thread cannot fork. It is in the guard of a lock on shared memory: the child
/// would have a copy of the guard, and use what the parent has locked.
#[derive(Debug)]
pub struct NoFork(PhantomData<*const ()>);

thread_local! {
    /// How many there are. That is of one thread, but a fork is in a process that has no other.
    static NO_FORK: Cell<usize> = const { Cell::new(0) };
}

impl NoFork {
    /// How many of them this thread has.
    #[inline]
    pub fn count() -> usize {
        NO_FORK.get()
    }

    /// One more.
    #[allow(clippy::new_without_default)] // it does something
    #[inline]
    pub fn new() -> Self {
        NO_FORK.set(NO_FORK.get() + 1);
        Self(PhantomData)
    }
}

impl Drop for NoFork {
    #[inline]
    fn drop(&mut self) {
        NO_FORK.set(NO_FORK.get() - 1);
    }
}

/// Why there is no child.
#[derive(Debug)]
pub enum ForkError {
    /// This process has other threads. Start processes before threads, or use a pool whose workers
    /// are started anew instead of forked.
    Threads,
    /// This thread holds the lock of something that processes share ([`NoFork`]): drop the guard first.
    Held,
    /// Children of this process would be in another PID namespace (`unshare --pid` without `--fork`), where
    /// process numbers mean other processes.
    PidNamespace,
    /// The system could not: too many processes, too little memory.
    System(io::Error),
}

impl fmt::Display for ForkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threads => f.write_str(
                "cannot fork while this process has other threads: \
                 start processes first, or run the program anew with std::process::Command",
            ),
            Self::Held => f.write_str(
                "cannot fork while this process holds the lock of shared memory: drop the guard first",
            ),
            Self::PidNamespace => f.write_str(
                "cannot fork into another PID namespace: start the program inside of it \
                 (unshare --pid --fork)",
            ),
            Self::System(error) => write!(f, "cannot fork: {error}"),
        }
    }
}

impl Error for ForkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Threads | Self::Held | Self::PidNamespace => None,
            Self::System(error) => Some(error),
        }
    }
}
