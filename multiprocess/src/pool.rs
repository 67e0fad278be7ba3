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
//! To copy: this file, `pool/`, `ends.rs`, `fork.rs`, `frame.rs`, `shared_memory.rs`,
//! `single_thread.rs`. Needs: nix (`event`, `mman`, `poll`, `process`, `sched`, `signal`, `socket`), libc,
//! serde, postcard.

mod broker;
mod code; //    the address of a function becomes a function
mod error;
mod handle;
mod hired; //   what the broker knows of a worker
mod imap;
mod parent;
mod shared; //  the memory that a worker and the broker have in common
mod system;
mod task; //    arguments and results become bytes
mod wire; //    the messages
mod worker;

use std::fmt;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::getpid;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use error::{Broken, BuildError, JoinError, TaskError};
pub use handle::AsyncResult;
pub use imap::{Imap, ImapUnordered};
pub use task::Star;

use crate::ends::Ends;
use crate::ends::Pass;
use crate::fork;
use broker::Setup;
use code::{Code, Function};
use parent::{Broker, Parent};
use wire::Ticket;

/// So many tasks a worker are on their way in an `imap`.
const AHEAD: usize = 64;

/// So many bytes of arguments are worth a system call.
const BATCH: usize = 16 * 1024;

/// Workers, and what they have to do.
///
/// A function is a plain `fn`, or a closure that captures nothing; its address is sent. One pool runs
/// any number of functions. Arguments and results are sent as bytes (serde, postcard).
///
/// ```no_run
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
/// ```no_run
/// let pool = multiprocess::pool::Pool::new(4).unwrap();
/// let factor = 3;
/// let _ = pool.starmap(|factor: i64, n: i64| factor * n, (0..4).map(|n| (factor, n)));
/// ```
///
/// It stays in the thread that built it (it is neither `Send` nor `Sync`). In a child process that the
/// parent forks later it is of no use: every call resolves with [`TaskError::Terminated`].
///
/// A task may build a pool of its own; its worker is that pool's parent. (Python's workers may not have
/// children.) That cannot deadlock: there is no way for a task to wait for tasks of the pool it is in.
///
/// **Drop** terminates the pool, as the end of Python's `with` does: tasks that run are killed, handles
/// that are not resolved become [`TaskError::Terminated`], all processes have ended and are reaped when
/// it returns. For everything to be done first, [`close`](Self::close) and [`join`](Self::join).
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

    /// Calls the function and waits for the result. `args` is a tuple, as in Python.
    ///
    /// # Errors
    ///
    /// See [`TaskError`].
    pub fn apply<F, Args, R>(&self, function: F, args: Args) -> Result<R, TaskError>
    where
        F: Star<Args, Output = R>,
        Args: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.apply_async(function, args).get()
    }

    /// As [`apply`](Self::apply), without waiting.
    pub fn apply_async<F, Args, R>(&self, function: F, args: Args) -> AsyncResult<R>
    where
        F: Star<Args, Output = R>,
        Args: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        let function = Function::of(move |args: Args| function.call(args));
        let handle = AsyncResult::new(&self.parent, self.parent.refuses(), handle::one::<R>);
        self.submit(handle, function, vec![args], 1)
    }

    /// Calls the function on each item; returns the results in the order of the items. They are sent
    /// in chunks, four a worker, as Python does.
    ///
    /// # Errors
    ///
    /// The first item's that failed. All items are tried: a failed one does not stop the rest of its
    /// chunk (it does in Python). But if a worker dies, the whole chunk it was in has no result.
    pub fn map<A, R, F>(
        &self,
        function: F,
        items: impl IntoIterator<Item = A>,
    ) -> Result<Vec<R>, TaskError>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.map_async(function, items).get()
    }

    /// As [`map`](Self::map), in chunks of `size` items.
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map).
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    pub fn map_chunked<A, R, F>(
        &self,
        function: F,
        items: impl IntoIterator<Item = A>,
        size: usize,
    ) -> Result<Vec<R>, TaskError>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.map_chunked_async(function, items, size).get()
    }

    /// As [`map`](Self::map), without waiting. All items are taken now.
    pub fn map_async<A, R, F>(
        &self,
        function: F,
        items: impl IntoIterator<Item = A>,
    ) -> AsyncResult<Vec<R>>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        let items: Vec<A> = items.into_iter().collect();
        let size = items.len().div_ceil(4 * self.workers).max(1);
        self.map_chunked_async(function, items, size)
    }

    /// As [`map_chunked`](Self::map_chunked), without waiting.
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    pub fn map_chunked_async<A, R, F>(
        &self,
        function: F,
        items: impl IntoIterator<Item = A>,
        size: usize,
    ) -> AsyncResult<Vec<R>>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        assert!(size > 0, "a chunk has at least one item");
        let function = Function::of(function);
        let items = items.into_iter().collect();
        let handle = AsyncResult::new(&self.parent, self.parent.refuses(), handle::all::<R>);
        self.submit(handle, function, items, size)
    }

    /// As [`map`](Self::map), for a function of several arguments, which come as a tuple.
    ///
    /// ```no_run
    /// # let pool = multiprocess::pool::Pool::new(4)?;
    /// assert_eq!(pool.starmap(|a: i32, b: i32| a + b, [(1, 2), (3, 4)])?, [3, 7]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map).
    pub fn starmap<F, Args, R>(
        &self,
        function: F,
        items: impl IntoIterator<Item = Args>,
    ) -> Result<Vec<R>, TaskError>
    where
        F: Star<Args, Output = R>,
        Args: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.starmap_async(function, items).get()
    }

    /// As [`starmap`](Self::starmap), without waiting.
    pub fn starmap_async<F, Args, R>(
        &self,
        function: F,
        items: impl IntoIterator<Item = Args>,
    ) -> AsyncResult<Vec<R>>
    where
        F: Star<Args, Output = R>,
        Args: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.map_async(move |args: Args| function.call(args), items)
    }

    /// Calls the function on each item; yields the results in order, each when it is there.
    ///
    /// The input is taken as the results are: at most 64 items a worker ahead, so it may be endless.
    /// (Python takes all of it at once.) Nothing begins before the first `next`. Take all results
    /// before [`close`](Self::close). If the input panics, so does `next`, after the results of what
    /// came before.
    pub fn imap<A, R, F, I>(&self, function: F, items: I) -> Imap<I::IntoIter, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
        I: IntoIterator<Item = A>,
    {
        self.imap_chunked(function, items, 1)
    }

    /// As [`imap`](Self::imap), in chunks of `size` items: with quick tasks less is spent on sending.
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    pub fn imap_chunked<A, R, F, I>(
        &self,
        function: F,
        items: I,
        size: usize,
    ) -> Imap<I::IntoIter, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
        I: IntoIterator<Item = A>,
    {
        let (function, ahead) = (Function::of(function), AHEAD * self.workers);
        Imap::new(&self.parent, function, items.into_iter(), size, ahead)
    }

    /// As [`imap`](Self::imap), with the results in the order in which they come.
    pub fn imap_unordered<A, R, F, I>(&self, function: F, items: I) -> ImapUnordered<I::IntoIter, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
        I: IntoIterator<Item = A>,
    {
        self.imap_unordered_chunked(function, items, 1)
    }

    /// As [`imap_unordered`](Self::imap_unordered), in chunks of `size` items.
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    pub fn imap_unordered_chunked<A, R, F, I>(
        &self,
        function: F,
        items: I,
        size: usize,
    ) -> ImapUnordered<I::IntoIter, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
        I: IntoIterator<Item = A>,
    {
        let (function, ahead) = (Function::of(function), AHEAD * self.workers);
        ImapUnordered::new(&self.parent, function, items.into_iter(), size, ahead)
    }

    /// Takes no more tasks. Those that were submitted are done.
    pub fn close(&self) {
        self.parent.close();
    }

    /// Ends all workers, whatever they do, and waits for that: milliseconds. Handles that are not
    /// resolved become [`TaskError::Terminated`]. To do it twice does nothing.
    pub fn terminate(&self) {
        self.parent.terminate();
    }

    /// Waits until all tasks are done and all workers have ended. Handles can be asked afterwards.
    ///
    /// # Errors
    ///
    /// See [`JoinError`].
    pub fn join(&self) -> Result<(), JoinError> {
        self.parent.join()
    }

    fn submit<T, A: Serialize>(
        &self,
        handle: AsyncResult<T>,
        function: Function,
        items: Vec<A>,
        size: usize,
    ) -> AsyncResult<T> {
        if self.parent.refuses().is_some() {
            return handle;
        }
        let (mut arguments, mut unsent) = (Vec::new(), 0);
        for (index, chunk) in (0..).zip(items.chunks(size)) {
            arguments.clear();
            chunk
                .iter()
                .for_each(|item| task::encode(item, &mut arguments));
            let job = handle.job();
            self.parent
                .submit(Ticket { job, index }, function, &arguments);
            unsent += arguments.len();
            if unsent > BATCH {
                self.parent.exchange(); // the workers begin with the first ones meanwhile
                unsent = 0;
            }
        }
        self.parent.exchange();
        handle
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

/// Settings of a [`Pool`].
#[derive(Default)]
pub struct Builder {
    workers: Option<usize>,
    tasks_per_worker: Option<u64>,
    initializer: Option<(Ends, Box<dyn FnOnce()>)>,
}

impl Builder {
    /// How many workers. Else as many as there are processors this process may use.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Each worker is replaced after so many tasks; a chunk is one task. Python's `maxtasksperchild`.
    /// Else it works as long as the pool is there.
    pub fn tasks_per_worker(mut self, tasks: u64) -> Self {
        self.tasks_per_worker = Some(tasks);
        self
    }

    /// Each worker first calls `initializer` with its own copy of `args`; so does each replacement. If
    /// it panics or ends the process, the worker is replaced, up to a limit (twice the number of
    /// workers and eight more, in a row); then the pool is [`Broken`].
    ///
    /// Ends of channels in `args` stay open as long as the pool is there: for the replacements.
    pub fn initializer<A: Pass + 'static>(
        mut self,
        args: A,
        initializer: impl FnOnce(A) + 'static,
    ) -> Self {
        let ends = Ends::of(&args);
        self.initializer = Some((ends, Box::new(move || initializer(args))));
        self
    }

    /// Forks the broker, which forks the workers, and waits until all are there. Initialisers may still
    /// be running then.
    ///
    /// # Errors
    ///
    /// [`BuildError`]; then no process is left. Among others if this process has several threads: build
    /// the pool before you start threads.
    pub fn build(self) -> Result<Pool, BuildError> {
        let available = || thread::available_parallelism().map_or(1, Into::into);
        let workers = self.workers.unwrap_or_else(available);
        if workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        if self.tasks_per_worker == Some(0) {
            return Err(BuildError::NoTasks);
        }
        let (ends, initializer) = self.initializer.unzip();
        let ends: Ends = ends.unwrap_or_default();
        let setup = Setup {
            workers,
            tasks_per_worker: self.tasks_per_worker,
            initializer,
            ends: ends.clone(),
            code: Code::mapped()?,
        };
        let (ours, theirs) = UnixStream::pair()?;
        let parent = getpid();
        let mut for_broker = Some((theirs, setup));
        let mut ours = Some(ours);
        let pid = fork::fork(|| {
            ours = None;
            let (socket, setup) = for_broker.take().expect("this is its only use here");
            broker::run(socket, parent, setup)
        })
        .map_err(BuildError::Fork)?;
        ends.passed_to(pid);
        drop(for_broker);
        let pidfd = match system::pidfd(pid) {
            Ok(pidfd) => pidfd,
            Err(error) => {
                let _ = kill(pid, Signal::SIGKILL);
                system::wait(pid);
                return Err(error.into());
            }
        };
        let socket = ours.expect("only the child let go of it");
        let parent = Rc::new(Parent::new(Broker { pid, pidfd, socket }));
        let pool = Pool { parent, workers };
        match pool.parent.wait_for_start() {
            Ok(()) => Ok(pool),
            Err(errno) => Err(std::io::Error::from_raw_os_error(errno).into()),
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("workers", &self.workers)
            .field("tasks_per_worker", &self.tasks_per_worker)
            .field("initializer", &self.initializer.is_some())
            .finish()
    }
}
