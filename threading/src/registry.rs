//! [`Thread`], [`current`], [`enumerate`], [`ExitGuard`]: which threads are alive, and waiting for
//! them. Python's `threading.current_thread()`, `active_count()`, `enumerate()`, and what the
//! interpreter does when the main thread ends.
//!
//! The list has no ghosts: a thread that could not be started was never on it, and one that has
//! been joined is off it.
//!
//! A thread has *ended* when nothing of it runs any more: its function has returned or panicked, and
//! what the function captured, its result (if nobody joins the thread) and the thread-locals are
//! dropped. A thread-local of this file notes the end in its destructor. A thread that is started here
//! makes it before any other, and std destroys thread-locals in reverse order, so it goes last. std
//! does not promise that order: on a system where it differs, the destructor of another thread-local
//! may run after the end was noted, and only joining the handle waits for it.
//!
//! To copy: this file, and `thread.rs`, which starts the threads. Needs: std only.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::fs;
use std::iter;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread as native;
use std::time::Duration;

/// The living, the main thread aside. The key is the ident, so they are in the order of their birth.
///
/// Lock order: this one first, then a thread's life.
static REGISTRY: Mutex<BTreeMap<u64, Thread>> = Mutex::new(BTreeMap::new());

std::thread_local! {
    static CURRENT: Current = const { Current(OnceCell::new()) };
    /// The thread's number once `CURRENT` is destroyed. It has no destructor, so it can be read then.
    static ENDED: Cell<u64> = const { Cell::new(0) };
}

/// The calling thread's description. Its drop notes the end of the thread.
struct Current(OnceCell<Thread>);

impl Drop for Current {
    fn drop(&mut self) {
        let Some(thread) = self.0.get() else { return };
        ENDED.set(thread.ident());
        // The main thread's locals are destroyed, if at all, when the process ends.
        if thread.ident() != MAIN_IDENT {
            thread.end();
        }
    }
}

/// A thread as others see it: cheap to clone, and still readable when the thread has ended.
#[derive(Clone)]
pub struct Thread(Arc<Inner>);

struct Inner {
    ident: u64,
    name: String,
    daemon: bool,
    life: Mutex<Life>,
    changed: Condvar,
}

struct Life {
    phase: Phase,
    disowned: bool,
    /// Threads in a wait for a change. With none, a change need not enter the kernel to wake somebody.
    waiting: usize,
}

/// | from | to | who | when |
/// |---|---|---|---|
/// | initial | started, on the list | the thread or its creator, whoever is first | `begin` |
/// | started | leaving | the thread | its [`ExitGuard`] begins to wait |
/// | leaving | started | the thread | its [`ExitGuard`] has waited |
/// | started | stopped, off the list | the thread | its last destructor |
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Phase {
    Initial,
    Started,
    Leaving,
    Stopped,
}

impl Thread {
    /// A thread that is about to be started.
    pub(crate) fn initial(name: String, daemon: bool) -> Self {
        Self::new(next_ident(), name, daemon, Phase::Initial)
    }

    fn new(ident: u64, name: String, daemon: bool, phase: Phase) -> Self {
        let life = Life {
            phase,
            disowned: false,
            waiting: 0,
        };
        Self(Arc::new(Inner {
            ident,
            name,
            daemon,
            life: Mutex::new(life),
            changed: Condvar::new(),
        }))
    }

    /// The thread's number: 1 for the main thread, never used twice. Python's `ident`.
    pub fn ident(&self) -> u64 {
        self.0.ident
    }

    /// The thread's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether [`ExitGuard`] leaves the thread behind. Python's `daemon`.
    pub fn is_daemon(&self) -> bool {
        self.0.daemon
    }

    /// Whether the thread has not [ended](self) yet.
    ///
    /// A thread that is in the drop of its [`ExitGuard`] counts as ended, since it only waits there. So
    /// does Python's main thread when it waits for the others at exit.
    pub fn is_alive(&self) -> bool {
        self.life().phase == Phase::Started
    }

    /// Waits until the thread has [ended](self) or waits in the drop of its [`ExitGuard`]. Any number of
    /// threads may wait. A main thread without a guard ends with the process.
    ///
    /// # Errors
    ///
    /// [`WaitsForItself`] if the calling thread is the one to wait for (Python: `RuntimeError`).
    pub fn wait(&self) -> Result<(), WaitsForItself> {
        if *self == current() {
            return Err(WaitsForItself);
        }
        self.wait_while(|life| life.phase < Phase::Leaving);
        Ok(())
    }

    /// Like [`wait`](Self::wait), for at most `timeout`: whether the thread has ended.
    ///
    /// A zero timeout only looks. A thread that waits for itself waits in vain. Python's
    /// `join(timeout)` with `is_alive()` after it.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let mut life = self.life();
        life.waiting += 1;
        let (mut life, _) = self
            .0
            .changed
            .wait_timeout_while(life, timeout, |life| life.phase < Phase::Leaving)
            .unwrap_or_else(PoisonError::into_inner);
        life.waiting -= 1;
        life.phase >= Phase::Leaving
    }

    /// Strikes the thread off the list: it runs on, but is not counted or waited for at exit.
    ///
    /// Named after the shells' `disown`. Python has no counterpart.
    pub fn disown(&self) {
        registry().remove(&self.ident());
        self.change(|life| life.disowned = true); // a guard may wait for it already
    }

    /// Puts the thread on the list, once. Its creator calls this after the start and the thread
    /// itself before it runs anything, so neither can look before it is listed.
    pub(crate) fn begin(&self) {
        if self.life().phase != Phase::Initial {
            return; // the other one was first
        }
        let mut registry = registry();
        let mut life = self.life();
        if life.phase == Phase::Initial {
            life.phase = Phase::Started;
            registry.insert(self.ident(), self.clone());
        }
    }

    fn end(&self) {
        registry().remove(&self.ident()); // first: a thread that has waited must not find this one listed
        self.change(|life| life.phase = Phase::Stopped);
    }

    fn change(&self, change: impl FnOnce(&mut Life)) {
        let mut life = self.life();
        change(&mut life);
        let wake = life.waiting > 0;
        drop(life); // the woken need it: do not make them wait for it again
        if wake {
            self.0.changed.notify_all();
        }
    }

    fn wait_while(&self, condition: impl Fn(&Life) -> bool) {
        let mut life = self.life();
        life.waiting += 1;
        let mut life = self
            .0
            .changed
            .wait_while(life, |life| condition(life))
            .unwrap_or_else(PoisonError::into_inner);
        life.waiting -= 1;
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        // No user's code runs under the locks of this file, so they cannot be poisoned.
        self.0.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Thread {
    fn eq(&self, other: &Self) -> bool {
        self.ident() == other.ident()
    }
}

impl Eq for Thread {}

/// As Python shows a thread: `Thread(T-1, started 3)`, `Thread(log, stopped daemon 4)`.
impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match self.life().phase {
            Phase::Initial => "initial",
            Phase::Started | Phase::Leaving => "started",
            Phase::Stopped => "stopped",
        };
        let daemon = if self.is_daemon() { " daemon" } else { "" };
        write!(
            f,
            "Thread({}, {phase}{daemon} {})",
            self.name(),
            self.ident()
        )
    }
}

/// Called by a new thread before anything else: lists it, and makes it the current one up to its end.
pub(crate) fn enter(thread: Thread) {
    thread.begin();
    let set = CURRENT.with(|current| current.0.set(thread));
    set.expect("a new thread has asked for nothing yet");
}

/// The calling thread. Python's `current_thread()`.
///
/// A thread that was not started here (by `std::thread`, rayon, a C library) gets a description
/// with its native name. One can ask and wait for the thread by it: it ends with the thread, before
/// the thread-locals that were used before the first call of this function. The thread is not listed,
/// and no [`ExitGuard`] waits for it.
///
/// std tells the main thread only by its name, so elsewhere than on Linux a thread that was started by
/// others under the name `main` passes for it.
pub fn current() -> Thread {
    let describe = |ident: fn() -> u64, phase| {
        if is_main() {
            return main_thread().clone();
        }
        let name = native::current().name().unwrap_or("foreign").to_owned();
        Thread::new(ident(), name, false, phase)
    };
    CURRENT
        .try_with(|current| {
            let describe = || describe(next_ident, Phase::Started);
            current.0.get_or_init(describe).clone()
        })
        // This thread's locals are being destroyed, and ours is gone already.
        .unwrap_or_else(|_| describe(|| ENDED.get(), Phase::Stopped))
}

/// How many threads are alive, the main thread included. Python's `active_count()`.
pub fn active_count() -> usize {
    1 + registry().len()
}

/// The threads that are alive: the main thread, then the others in the order of their birth.
pub fn enumerate() -> Vec<Thread> {
    let main = main_thread().clone();
    iter::once(main)
        .chain(registry().values().cloned())
        .collect()
}

/// Waits, when dropped, until every thread that is not a daemon has [ended](self), those included
/// that others start meanwhile. Python does this when the main thread ends; Rust ends the process.
///
/// Two guards do not wait for each other: the guard of a thread that is on the list does not wait for
/// a thread that is in a guard. No guard waits for `main`, so the guard there waits for every thread to
/// its end. A thread that joins the handle of one whose guard waits for it is a deadlock.
///
/// Put it into a variable at the top of `main` (not `_`, which drops at once), so that it is dropped
/// last. `std::process::exit` does not run it. A daemon, or any thread when there is no guard, is
/// cut off where it stands: its destructors do not run and its buffers are not flushed.
#[must_use = "it waits when it is dropped: bind it to a variable at the top of `main`"]
#[derive(Debug, Default)]
pub struct ExitGuard(());

impl ExitGuard {
    /// A guard for `main`.
    pub fn new() -> Self {
        Self(())
    }
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        let me = current();
        me.change(|life| life.phase = Phase::Leaving);
        let listed = registry().contains_key(&me.ident());
        let must_end = |life: &Life| {
            let waits_too = listed && life.phase == Phase::Leaving;
            life.phase != Phase::Stopped && !life.disowned && !waits_too
        };
        let next = || {
            let registry = registry();
            registry
                .values()
                .find(|thread| !thread.is_daemon() && **thread != me && must_end(&thread.life()))
                .cloned()
        };
        while let Some(thread) = next() {
            thread.wait_while(must_end);
        }
        me.change(|life| life.phase = Phase::Started);
    }
}

/// A thread tried to wait for its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitsForItself;

impl fmt::Display for WaitsForItself {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a thread cannot wait for its own end")
    }
}

impl Error for WaitsForItself {}

fn registry() -> MutexGuard<'static, BTreeMap<u64, Thread>> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

const MAIN_IDENT: u64 = 1;

fn main_thread() -> &'static Thread {
    static MAIN: OnceLock<Thread> = OnceLock::new();
    MAIN.get_or_init(|| Thread::new(MAIN_IDENT, "main".to_owned(), false, Phase::Started))
}

/// Any thread may have the name `main`. On Linux the system's numbers tell more: PID/task/TID.
fn is_main() -> bool {
    native::current().name() == Some("main")
        && fs::read_link("/proc/thread-self")
            .map_or(true, |link| link.iter().next() == link.iter().next_back())
}

fn next_ident() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(MAIN_IDENT + 1);
    NEXT.fetch_add(1, Ordering::Relaxed) // only has to be different each time
}
