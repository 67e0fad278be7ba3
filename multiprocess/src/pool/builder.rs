//! [`Builder`]: how a pool is made.

use std::fmt;
use std::io;
use std::rc::Rc;
use std::thread;

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::getpid;

use super::Pool;
use super::broker;
use super::code::Code;
use super::error::BuildError;
use super::parent::{Broker, Parent};
use super::staff::Setup;
use super::system;
use crate::ends::Ends;
use crate::ends::Pass;
use crate::fork;
use crate::in_child;
use crate::in_child::Lifeline;
use crate::pidfd;

/// Settings of a [`Pool`].
#[derive(Default)]
pub struct Builder {
    workers: Option<usize>,
    tasks_per_worker: Option<u64>,
    initializer: Option<(Ends, Box<dyn FnOnce()>)>,
}

impl Builder {
    /// How many workers, Python's `processes`. Else as many as there are processors this process may use.
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

    /// Each worker first calls `initializer` with its own copy of `args`; so does each replacement. Python's
    /// `initializer` and `initargs`. If
    /// it panics or ends the process, the worker is replaced, up to a limit: then the pool is
    /// [`Broken`](super::Broken::Workers).
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
            parent: getpid(),
            blocked_by_parent: SigSet::empty(), // the broker looks
        };
        let stdin = in_child::empty_input()?;
        let lifeline = Lifeline::new()?;
        let (ours, theirs) = system::socket_pair()?;
        let mut for_broker = Some((theirs, lifeline, stdin, setup));
        let mut ours = Some(ours);
        let pid = fork::fork(|| {
            ours = None;
            let (socket, lifeline, stdin, setup) =
                for_broker.take().expect("this is its only use here");
            broker::run(socket, lifeline, stdin, setup)
        })
        .map_err(BuildError::Fork)?;
        ends.passed_to(pid);
        let (_, lifeline, ..) = for_broker.expect("the child took its copy");
        let hold = lifeline.hold();
        let pidfd = match pidfd::open(pid) {
            Ok(pidfd) => pidfd,
            Err(error) => {
                let _ = kill(pid, Signal::SIGKILL);
                system::wait(pid);
                return Err(error.into());
            }
        };
        let socket = ours.expect("only the child let go of it");
        let parent = Rc::new(Parent::new(Broker {
            pid,
            pidfd,
            socket,
            _hold: hold,
        }));
        let pool = Pool { parent, workers };
        match pool.parent.wait_for_start() {
            Ok(()) => Ok(pool),
            Err(errno) => Err(io::Error::from_raw_os_error(errno).into()),
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
