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
//! # Signals
//!
//! Only the parent decides what becomes of its pool. A terminal or a service manager sends a signal to every
//! process of a group; the parent handles it, ignores it, or ends, and the pool follows.
//!
//! | signal | parent | broker | worker | [`Process`](crate::process) of a task |
//! |---|---|---|---|---|
//! | HUP, INT, QUIT, TERM, USR1, USR2, ALRM, VTALRM, PROF, IO, PWR, realtime | its own | blocked | looks, when the signal comes, what the parent does with it: if the parent ignores or handles it, nothing happens; else the worker ends | ends |
//! | the same, if the parent ignored it when it built the pool | ignored | blocked | ignored | ignored |
//! | CHLD | its own | by default | by default | by default |
//! | CONT, TSTP, TTIN, TTOU, URG, WINCH | its own | blocked | ignored if the parent ignored it when it built the pool, else by default | as the worker |
//! | PIPE, XCPU, XFSZ | its own (Rust ignores PIPE) | blocked | as the parent when it built the pool | as the worker |
//! | ABRT, BUS, FPE, ILL, SEGV, SYS, TRAP | its own | a fault of its own ends it | as the parent when it built the pool | as the worker |
//! | KILL, STOP | cannot be changed | likewise; see [`Broken::Broker`] | likewise; see [`TaskError::WorkerDied`] | likewise |
//!
//! A worker blocks what the parent blocked when it built the pool. A program that a task starts
//! (`std::process::Command`) ignores what the worker ignores, and nothing else is left of this table there. A
//! task may change what its worker does with a signal; that lasts for as long as the worker. A single worker
//! can be ended by `kill PID` if that would end the parent, and always by `kill -9 PID`.
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
/// In a task, stdin is `/dev/null`, after what the parent had read ahead of its own. For signals see
/// [`pool`](self#signals). A worker that somebody stops (`SIGSTOP`) keeps the task that it was given, begun
/// or not, until it goes on or is killed. What else a worker has from its parent is in
/// [`process`](crate::process#what-a-fork-copies): generators of random numbers, for one.
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
