//! [`Process`]: a function in a process of its own. Python's `multiprocessing.Process`, with fork.
//!
//! | Python | here |
//! |---|---|
//! | `p = Process(target=f, args=(a,), name="N", daemon=True)`, `p.start()` | `let p = Process::named("N").daemon(true).start((a,), f)?` |
//! | `p.join()`, `p.join(timeout)` | [`Child::join`], [`Child::join_timeout`] |
//! | `p.exitcode`, `p.is_alive()`, `p.pid`, `p.name`, `p.daemon` | [`Child::exit_code`], [`Child::is_alive`], … |
//! | `p.terminate()`, `p.kill()`, `p.close()`, `p.sentinel` | [`Child::terminate`], [`Child::kill`], [`Process::close`], [`Child::sentinel`] |
//! | `active_children()` | [`active_children`] |
//! | `current_process()`, `parent_process()` | [`current`], [`parent`] |
//!
//! Starting twice, or joining before the start, does not compile: `start` takes the [`Builder`] and
//! makes the `Process`. A process cannot become a daemon later: only the builder has `daemon`.
//!
//! # What differs from Python
//!
//! - A start is refused while there are other threads ([`StartError::Threads`]); Python's warns. It is
//!   refused as well if the child would be in another PID namespace ([`StartError::PidNamespace`]).
//! - A `Process` is joined when it is dropped, a daemon killed and joined. Python does so when the
//!   program ends. `std::process::exit` runs no destructors: children go on then, daemons end.
//! - A daemon ends with the process that started it however that one ends, by `kill -9` too. A daemon
//!   may have children if they are daemons, as they are unless it says otherwise; Python's may have none.
//! - A panic in the child is exit code 101, Python's exception 1.
//! - The child does not wait for threads that it started. Join them (`std::thread::scope`).
//!
//! # What a fork copies
//!
//! Everything that is in memory, as it is at the start:
//!
//! | the parent's | in the child |
//! |---|---|
//! | what the closure captured | a copy: it is dropped twice, once in each process |
//! | ends of channels | closed, but for those in `args`: see [`ends`](crate::ends) |
//! | what was read ahead of stdin | still there; stdin itself is `/dev/null` |
//! | what `print!` has not written yet | nothing: it is flushed before. Another buffer (`BufWriter`) is written twice if both processes drop it |
//! | a lock that the caller holds | held for ever: nobody is there to let go of it |
//! | generators of random numbers | the same state: **every child draws the same numbers** |
//! | the keys of `HashMap`s | the same; this matters only where an attacker chooses the keys |
//! | exit handlers (`atexit`) | are not called: the child leaves with `_exit` |
//! | `thread::panicking()` | as it was: `true` in a child that a destructor started during a panic |
//!
//! A child that draws random numbers seeds its generator first. With the fastrand crate, in a
//! [`Process`] or in the [initialiser](crate::pool::Builder::initializer) of a pool:
//!
//! ```text
//! fastrand::seed(std::process::id().into());
//! ```
//!
//! # Signals
//!
//! | signal | in the parent | in a child |
//! |---|---|---|
//! | ignored by the parent | ignored | ignored |
//! | handled by the parent | its handler | the same handler, in the child's copy of memory, as in Python |
//! | neither | by default: most end it | by default |
//! | blocked by the parent | blocked | blocked; what had come before the start has not come here |
//! | KILL, when the parent ends | – | a daemon is killed |
//!
//! So Ctrl-C, which a terminal sends to all processes of a group, ends parent and children if nobody handles it.
//! A daemon has two mechanisms that end it with its parent: the parent-death signal of prctl(2), and a pipe
//! whose closing kills it. A daemon that changes its user (`setresuid`) loses the first, not the second. It
//! would escape if it closed all descriptors too, or became another program by `exec` after it changed its user.
//!
//! To copy: this file, `process/`, `descriptor.rs`, `ends.rs`, `fork.rs`, `in_child.rs`, `pidfd.rs`,
//! `single_thread.rs`.
//! Needs: nix (`fs`, `poll`, `process`, `sched`, `signal`), libc.

mod child;
mod error;
mod inside;
mod outcome;
mod pidfd;

use std::ops::Deref;

use nix::unistd::{Pid, getpid};

pub use self::child::{Child, Sentinel, UNKNOWN, active_children};
pub use self::error::{ChildError, StartError, StillRunning};
pub use self::inside::{Current, Parent, current, parent};
pub use self::outcome::{Exit, Outcome};
use crate::ends::Ends;
use crate::ends::Pass;
use crate::fork::{exit_now, fork};
use crate::in_child;
use crate::in_child::Lifeline;

/// A process to be started: its name, and whether it is a daemon.
///
/// ```
/// use multiprocess::process::Builder;
///
/// let child = Builder::new().name("adder").start((1, 2), |(a, b)| assert_eq!(a + b, 3))?;
/// assert_eq!(child.name(), "adder");
/// assert_eq!(child.join()?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    name: Option<String>,
    daemon: Option<bool>,
}

impl Builder {
    /// A process with a numbered name (`Process-1`, its children `Process-1:1`, …) that is a daemon if
    /// its creator is one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the process. Names need not differ.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether the process is to end with its creator. A daemon is killed, in the middle of whatever
    /// it does.
    pub fn daemon(mut self, daemon: bool) -> Self {
        self.daemon = Some(daemon);
        self
    }

    /// Starts a process that calls `target(args)`, and lets go of both here. Python's `start()`.
    ///
    /// Its exit code is 0 if `target` returns `()`; see [`Outcome`] for others. It is 101 if `target`
    /// panics, and what it says if it calls [`std::process::exit`].
    ///
    /// ```
    /// use multiprocess::process::{Exit, Process};
    ///
    /// let child = Process::named("once").start(3, |number: u8| Exit(number + 1))?;
    /// assert_eq!(child.join()?, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A second start does not compile, nor does a join before the start:
    ///
    /// ```compile_fail,E0382
    /// use multiprocess::process::Process;
    ///
    /// let builder = Process::named("twice");
    /// let first = builder.start((), |()| ())?;
    /// let second = builder.start((), |()| ())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// ```compile_fail,E0599
    /// use multiprocess::process::Process;
    ///
    /// Process::named("too early").join()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`StartError`]. Then `target` has not run, or was killed while it began; `args` and `target` are
    /// dropped, so that whoever has the other end of a channel in them sees that nobody comes.
    pub fn start<A, R>(self, args: A, target: impl FnOnce(A) -> R) -> Result<Process, StartError>
    where
        A: Pass,
        R: Outcome,
    {
        child::reap_ended();
        let birth = inside::Birth::new(self.name, self.daemon).ok_or(StartError::NotDaemon)?;
        // Opened here: if there is no descriptor left, this fails, and the place it takes is the
        // pidfd's later.
        let stdin = in_child::empty_input()?;
        let lifeline = birth.daemon.then(Lifeline::new).transpose()?;
        let ends = Ends::of(&args);
        let mut load = Some((birth, stdin, lifeline, args, target));
        let pid = fork(|| {
            let (birth, stdin, lifeline, args, target) = load.take().expect("it is taken once");
            if lifeline.is_some_and(|lifeline| !lifeline.end_with_parent()) {
                exit_now(1);
            }
            ends.keep_only_these();
            in_child::replace_stdin(stdin);
            child::forget_all();
            birth.take_effect();
            outcome::run(|| target(args))
        })?;
        let (birth, stdin, lifeline, args, target) = load.expect("the child has taken its copy");
        drop(stdin);
        let hold = lifeline.map(Lifeline::hold);
        let process = Process(Child::new(pid, birth, hold)?);
        ends.passed_to(pid);
        drop((args, target));
        Ok(process)
    }
}

/// A started process. It derefs to [`Child`], which can be cloned; this one is its owner.
///
/// On drop, also by a panic, it waits for the process, or kills a daemon and waits. The wait ends when
/// the process does, so do not keep what that one waits for. In another process, which got a copy by a
/// fork, drop does nothing.
///
/// ```
/// use multiprocess::process::Process;
///
/// fn worker(name: &'static str) {
///     assert_eq!(name, "A");
/// }
///
/// let child = Process::named("WorkerProcess").start("A", worker)?;
/// child.join()?;
/// assert_eq!(child.exit_code(), Some(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "it is waited for at once if it is not kept"]
pub struct Process(Child);

impl Process {
    /// A builder with this name.
    pub fn named(name: impl Into<String>) -> Builder {
        Builder::new().name(name)
    }

    /// Starts a process with a numbered name. See [`Builder::start`].
    ///
    /// # Errors
    ///
    /// As [`Builder::start`].
    pub fn start<A, R>(args: A, target: impl FnOnce(A) -> R) -> Result<Self, StartError>
    where
        A: Pass,
        R: Outcome,
    {
        Builder::new().start(args, target)
    }

    /// Lets go of a process that has ended. Drop does that too; this one never waits. Python's
    /// `close()`.
    ///
    /// ```
    /// use multiprocess::process::Process;
    ///
    /// let child = Process::start((), |()| ())?;
    /// child.join()?;
    /// assert!(!child.is_alive());
    /// child.close()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Afterwards it cannot be used, so there is no error for that:
    ///
    /// ```compile_fail,E0382
    /// use multiprocess::process::Process;
    ///
    /// let child = Process::start((), |()| ())?;
    /// child.join()?;
    /// child.close()?;
    /// assert!(!child.is_alive());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`StillRunning`] (Python: `ValueError`), with the process.
    pub fn close(self) -> Result<(), StillRunning> {
        match self.0.exit_code() {
            Some(_) => Ok(()),
            None => Err(StillRunning(self)),
        }
    }
}

impl Deref for Process {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it is not this process's child, but that of the one it was forked from.
        if self.is_daemon() {
            let _ = self.kill();
        }
        let _ = self.join();
    }
}

/// Whether this is the process `owner`. A fork copies memory, and with it every handle.
fn is_this(owner: Pid) -> bool {
    owner == getpid()
}
