//! [`Pool`]: processes that run functions. Python's `multiprocessing.Pool`.
//!
//! ```text
//! parent ── socket ── broker ──┬─ socket, ring ── worker
//!                              └─ socket, ring ── worker
//! ```
//!
//! All processes are forks: of the parent one, the *broker*, when the pool is built; of the broker the
//! workers, then and whenever one must be replaced. So the parent may start threads after it has built
//! its pool, and a replacement does not cost a fork of a large parent.
//!
//! | Python | here |
//! |---|---|
//! | `Pool(4)`, `Pool(processes=4, initializer=f, initargs=(a,), maxtasksperchild=9)` | [`Pool::new`], [`Pool::builder`] and its methods |
//! | `p.apply(f, (a, b))`, `p.apply_async(f, (a, b))` | [`Pool::apply`], [`Pool::apply_async`] |
//! | `p.map(f, xs)`, `p.map(f, xs, chunksize=9)` | [`Pool::map`], [`Pool::map_chunked`] |
//! | `p.map_async(f, xs)`, `p.starmap(f, xs)`, `p.starmap_async(f, xs)` | [`Pool::map_async`], [`Pool::starmap`], [`Pool::starmap_async`] |
//! | `p.imap(f, xs)`, `p.imap_unordered(f, xs)`, each with `chunksize=9` | [`Pool::imap`], [`Pool::imap_unordered`], [`Pool::imap_chunked`], … |
//! | `r.get(t)`, `r.wait(t)`, `r.ready()`, `r.successful()` | [`AsyncResult::get_timeout`], [`AsyncResult::wait_timeout`], … |
//! | `p.close()`, `p.terminate()`, `p.join()` | [`Pool::close`], [`Pool::terminate`], [`Pool::join`] |
//! | `callback=`, `error_callback=` | none: [`AsyncResult::wait`], then call it |
//!
//! Where Python's pool is different:
//!
//! - A worker that is killed, or ends itself, fails the task it was in with
//!   [`TaskError::WorkerDied`]; all others are run. CPython waits for ever.
//! - A failing initialiser breaks the pool ([`TaskError::Broken`]). CPython starts workers for ever.
//! - Nothing is ever left waiting: every handle resolves, also when the pool is terminated or dropped,
//!   or the broker is killed. If the parent is killed, all its pool's processes end.
//! - The parent has no helper thread. What was handed to the broker goes on by itself: up to about 1 MiB
//!   of tasks not begun, and until about 1 MiB of results wait for the parent. The rest moves when the
//!   parent calls something of the pool's: submits, waits, asks whether a result is ready.
//!
//! To copy: this file, `pool/`, `descriptor.rs`, `ends.rs`, `fork.rs`, `frame.rs`, `in_child.rs`, `pidfd.rs`,
//! `shared_memory.rs`, `single_thread.rs`. Needs: nix (`event`, `fs`, `mman`, `poll`, `process`, `sched`, `signal`, `socket`),
//! libc, serde, postcard.

// What a user sees:
mod builder;
mod calls; //   apply, map, starmap, imap
mod error;
mod handle; //  AsyncResult
mod imap; //    its iterators
// The parent's side:
mod parent; //  sends and takes
mod state; //   what it knows
// The broker's side:
mod broker; //  its loop
mod hired; //   what it knows of a worker
mod staff; //   workers are started, replaced, ended
// A worker's side:
mod worker;
// Between them:
mod code; //    the address of a function becomes a function
mod shared; //  the memory that a worker and the broker have in common
mod signals; // who is ended by which signal
mod system; //  what is asked of Linux
mod task; //    arguments and results become bytes
mod wire; //    the messages

use std::fmt;
use std::rc::Rc;

pub use builder::Builder;
pub use error::{Broken, BuildError, JoinError, TaskError};
pub use handle::AsyncResult;
pub use imap::{Imap, ImapUnordered};
pub use task::Star;

use parent::Parent;

/// Workers, and what they have to do.
///
/// A function is a plain `fn`, or a closure that captures nothing; its address is sent. One pool runs
/// any number of functions. Arguments and results are sent as bytes (serde, postcard).
///
/// ```standalone_crate
/// use multiprocess::pool::Pool;
///
/// fn square(n: i64) -> i64 {
///     n * n
/// }
///
/// let pool = Pool::new(4)?;
/// assert_eq!(pool.map(square, 0..4)?, [0, 1, 4, 9]);
/// assert_eq!(pool.map(|word: String| word.len(), ["a".into(), "bc".into()])?, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A closure that captures something does not compile: what it captured would be the parent's.
///
/// ```compile_fail,E0080
/// let pool = multiprocess::pool::Pool::new(4).unwrap();
/// let factor = 3;
/// let _ = pool.map(move |n: i64| factor * n, 0..4);
/// ```
///
/// ```standalone_crate
/// let pool = multiprocess::pool::Pool::new(4).unwrap();
/// let factor = 3;
/// let _ = pool.starmap(|factor: i64, n: i64| factor * n, (0..4).map(|n| (factor, n)));
/// ```
///
/// It stays in the thread that built it (it is neither `Send` nor `Sync`). In a child process that the
/// parent forks later it is of no use: every call resolves with [`TaskError::Terminated`].
///
/// A task may start a [`Process`](crate::process::Process), which is a daemon as its worker is one: it
/// ends when the worker does. It may build a pool of its own; its worker is that pool's parent. (Python's
/// workers may not have children.) That cannot deadlock: there is no way for a task to wait for tasks of
/// the pool it is in. What a task starts by other means, `std::process::Command` say, nobody ends.
///
/// In a task, stdin is `/dev/null`, after what the parent had read ahead of its own. SIGINT is ignored: on
/// Ctrl-C the parent decides what becomes of its pool, and a program that a task starts ignores it too. A
/// worker that somebody stops (`SIGSTOP`) keeps the task that it was given, begun or not, until it goes on
/// or is killed.
///
/// **Drop** terminates the pool, as the end of Python's `with` does: tasks that run are killed, handles
/// that are not resolved become [`TaskError::Terminated`], all processes have ended and are reaped when
/// it returns; what tasks have started is being killed then. For everything to be done first, [`close`](Self::close) and [`join`](Self::join).
pub struct Pool {
    parent: Rc<Parent>,
    workers: usize,
}

impl Pool {
    /// A pool of so many workers, all of them started.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    pub fn new(workers: usize) -> Result<Self, BuildError> {
        Self::builder().workers(workers).build()
    }

    /// A pool with other than default settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// How many workers there are. One that has just died is counted: it will be replaced.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Takes no more tasks. Those that were submitted are done. Python's `close()`.
    pub fn close(&self) {
        self.parent.close();
    }

    /// Ends all workers, whatever they do, and waits for that: milliseconds, or 10 seconds if somebody has
    /// stopped the broker. Handles that are not resolved become [`TaskError::Terminated`]. To do it twice
    /// does nothing. Python's `terminate()`.
    pub fn terminate(&self) {
        self.parent.terminate();
    }

    /// Waits until all tasks are done and all workers have ended. Handles can be asked afterwards. Python's
    /// `join()`.
    ///
    /// # Errors
    ///
    /// See [`JoinError`].
    pub fn join(&self) -> Result<(), JoinError> {
        self.parent.join()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.terminate();
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}
