//! [`Thread`], [`current`], [`enumerate`], [`ExitGuard`]: which threads are alive, and waiting for
//! them. Python's `threading.current_thread()`, `active_count()`, `enumerate()`, and what the
//! interpreter does when the main thread ends.
//!
//! The list has no ghosts: a thread that could not be started was never on it, and one that has
//! been joined is off it.
//!
//! To copy: this file, and `thread.rs`, which starts the threads. Needs: std only.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
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
    static CURRENT: OnceCell<Thread> = const { OnceCell::new() };
}

/// A thread as others see it: cheap to clone, and still readable when the thread has ended.
#[derive(Clone)]
pub struct Thread(Arc<Inner>);

struct Inner {
    ident: u64,
    name: String,
    daemon: bool,
    life: Mutex<Life>,
    stopped: Condvar,
}

struct Life {
    phase: Phase,
    /// Threads in a wait for the end. With none, the end need not enter the kernel to wake somebody.
    waiting: usize,
}

/// Initial → started (by the thread or its creator, whoever is first) → stopped (by the thread).
/// A thread is on the list exactly while it is started, unless it was disowned.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Initial,
    Started,
    Stopped,
}

impl Thread {
    /// A thread that is about to be started.
    pub(crate) fn initial(name: String, daemon: bool) -> Self {
        Self::new(next_ident(), name, daemon, Phase::Initial)
    }

    fn new(ident: u64, name: String, daemon: bool, phase: Phase) -> Self {
        let life = Life { phase, waiting: 0 };
        Self(Arc::new(Inner {
            ident,
            name,
            daemon,
            life: Mutex::new(life),
            stopped: Condvar::new(),
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

    /// Whether what the thread runs has not returned yet.
    pub fn is_alive(&self) -> bool {
        self.life().phase == Phase::Started
    }

    /// Waits until what the thread runs has returned or panicked. Any number of threads may wait.
    ///
    /// Thread-locals may still be in their destructors then; only joining the handle waits for
    /// those. Waiting for the main thread lasts until the process ends.
    ///
    /// # Errors
    ///
    /// [`WaitsForItself`] if the calling thread is the one to wait for (Python: `RuntimeError`).
    pub fn wait(&self) -> Result<(), WaitsForItself> {
        if *self == current() {
            return Err(WaitsForItself);
        }
        let mut life = self.life();
        life.waiting += 1;
        let mut life = self
            .0
            .stopped
            .wait_while(life, |life| life.phase != Phase::Stopped)
            .unwrap_or_else(PoisonError::into_inner);
        life.waiting -= 1;
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
            .stopped
            .wait_timeout_while(life, timeout, |life| life.phase != Phase::Stopped)
            .unwrap_or_else(PoisonError::into_inner);
        life.waiting -= 1;
        life.phase == Phase::Stopped
    }

    /// Strikes the thread off the list: it runs on, but is not counted or waited for at exit.
    ///
    /// Named after the shells' `disown`. Python has no counterpart.
    pub fn disown(&self) {
        registry().remove(&self.ident());
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
        let mut registry = registry();
        registry.remove(&self.ident());
        let mut life = self.life();
        life.phase = Phase::Stopped;
        let wake = life.waiting > 0;
        drop((life, registry)); // the woken need both: do not make them wait for them again
        if wake {
            self.0.stopped.notify_all();
        }
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
            Phase::Started => "started",
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

/// Lists a thread while its function runs, and takes it off also when that panics.
pub(crate) struct Alive(Thread);

impl Alive {
    /// Called by the new thread, before anything else.
    pub(crate) fn begin(thread: Thread) -> Self {
        thread.begin();
        // A fresh thread has an empty, living thread-local: neither call can refuse.
        let _ = CURRENT.try_with(|current| current.set(thread.clone()));
        Self(thread)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The calling thread. Python's `current_thread()`.
///
/// A thread that was not started here (by `std::thread`, rayon, a C library) gets a description
/// with its native name; it is not listed, since nobody would take it off the list when it ends.
/// std tells the main thread only by its name, so one that was started elsewhere under the name
/// `main` passes for it.
pub fn current() -> Thread {
    let describe = || match native::current().name() {
        Some("main") => main_thread().clone(),
        name => {
            let name = name.unwrap_or("foreign").to_owned();
            Thread::new(next_ident(), name, false, Phase::Started)
        }
    };
    CURRENT
        .try_with(|current| current.get_or_init(describe).clone())
        .unwrap_or_else(|_| describe()) // called while this thread's locals are being destroyed
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

/// Waits, when dropped, until every thread that is not a daemon has ended, those included that
/// others start meanwhile. Python does this when the main thread ends; Rust ends the process.
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
        let next = || {
            let registry = registry();
            registry
                .values()
                .find(|thread| !thread.is_daemon() && **thread != me)
                .cloned()
        };
        while let Some(thread) = next() {
            let _ = thread.wait(); // it is not this thread, the only error there is
        }
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

fn next_ident() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(MAIN_IDENT + 1);
    NEXT.fetch_add(1, Ordering::Relaxed) // only has to be different each time
}
