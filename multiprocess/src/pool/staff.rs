//! The broker's staff: how workers are started, what is done when one has died, and how all are ended.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use super::broker::{Broker, End, Task};
use super::code::Code;
use super::hired::Hired;
use super::shared::Shared;
use super::signals;
use super::system;
use super::wire;
use super::wire::{Read, Ticket};
use super::worker::Worker;
use crate::ends::Ends;
use crate::fork;
use crate::fork::ForkError;
use crate::frame::Decoder;
use crate::in_child::Lifeline;
use crate::pidfd;

/// How long a worker that has nothing to do may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// A worker that was ready, lived for so long and is killed from outside has not failed. So an idle pool
/// whose workers are killed now and then stays whole, and starts few processes a second.
const STEADY: Duration = Duration::from_secs(1);

/// A task fails when so many workers were killed while they were being given it: it may be what kills
/// them, being too large for the memory there is.
const DEATHS: u32 = 3;

/// What the broker is told when it is forked.
pub struct Setup {
    pub workers: usize,
    pub tasks_per_worker: Option<u64>,
    /// Each worker calls its own copy.
    pub initializer: Option<Box<dyn FnOnce()>>,
    pub ends: Ends,
    pub code: Code,
    pub parent: Pid,
    pub blocked_by_parent: SigSet,
}

impl Setup {
    /// So many workers may end in a row, and no task come to its end meanwhile.
    fn strikes(&self) -> usize {
        2 * self.workers + 8
    }
}

impl Broker {
    /// Starts all workers, and says so.
    pub fn start(&mut self) -> Result<(), End> {
        for _ in 0..self.setup.workers {
            let hired = self.hire();
            hired.map_err(|error| End::Broken(wire::NOT_STARTED, errno(&error)))?;
        }
        self.tell(Ticket::default(), wire::STARTED, &[]);
        self.send();
        Ok(())
    }

    /// Starts a worker.
    fn hire(&mut self) -> io::Result<()> {
        let shared = Rc::new(Shared::new()?);
        let mut sockets = Some(system::socket_pair()?);
        let mut lifeline = Some(Lifeline::new()?);
        let forked = fork::fork(|| {
            // A worker holds nothing of its siblings: only so does a socket end with its owner.
            self.workers.clear();
            self.parent = None;
            let lifeline = lifeline.take().expect("this is its only use here");
            if !lifeline.end_with_parent() {
                return 0;
            }
            let socket = sockets.take().expect("this is its only use here").1;
            self.setup.ends.keep_only_these();
            signals::follow(self.setup.parent, &self.setup.blocked_by_parent);
            if let Some(initialize) = self.setup.initializer.take() {
                initialize();
            }
            let shared = Rc::clone(&shared);
            Worker { socket, shared }.run(&self.setup.code, self.setup.tasks_per_worker)
        });
        let pid = forked.map_err(|error| match error {
            ForkError::System(error) => error,
            // Not in a broker: it starts no thread, locks nothing, and stays where it is.
            ForkError::Threads | ForkError::Held | ForkError::PidNamespace => {
                io::ErrorKind::WouldBlock.into()
            }
        })?;
        self.setup.ends.passed_to(pid);
        match pidfd::open(pid) {
            Ok(pidfd) => {
                let socket = sockets.take().expect("the child took its copy").0;
                let hold = lifeline.take().expect("the child took its copy").hold();
                self.workers
                    .push(Hired::new(pid, pidfd, socket, hold, shared));
                Ok(())
            }
            Err(error) => {
                let _ = kill(pid, Signal::SIGKILL);
                system::wait(pid);
                Err(error)
            }
        }
    }

    /// Where a worker has ended: its task fails, the ones behind it are run elsewhere, and there is a
    /// new worker, unless too many ended in a row and no task has come to its end meanwhile.
    pub fn replace_the_dead(&mut self) -> Result<(), End> {
        let mut last = None;
        while let Some(at) = self.workers.iter().position(|worker| worker.ended) {
            let mut worker = self.workers.swap_remove(at);
            let status = system::wait(worker.pid);
            let answered = worker.collect(&mut self.to_parent, usize::MAX) > 0;
            let in_task = worker.is_in_task();
            // The first of those that it has not begun was on its way to it, and the others behind.
            let failed = worker.given.front_mut().is_some_and(|first| {
                first.deaths += 1;
                in_task || first.deaths == DEATHS
            });
            if failed && let Some(task) = worker.given.pop_front() {
                self.tell_of_death(&task, worker.pid, status);
            }
            // By a signal, and in no task: from outside.
            let killed = worker.is_ready() && status.signal().is_some();
            if answered || failed {
                self.strikes = 0;
            } else if worker.answered == 0 && !(killed && worker.age() >= STEADY) {
                self.strikes += 1;
            }
            self.give_back(worker.given);
            last = Some(status.into_raw());
        }
        if let Some(last) = last.filter(|_| self.strikes >= self.setup.strikes()) {
            return Err(End::Broken(wire::DYING, last));
        }
        while self.workers.len() < self.setup.workers {
            if let Err(error) = self.hire() {
                if self.workers.is_empty() {
                    self.strikes += 1;
                    if self.strikes >= self.setup.strikes() {
                        return Err(End::Broken(wire::REFUSED, errno(&error)));
                    }
                }
                break; // in a while, once more
            }
        }
        Ok(())
    }

    fn tell_of_death(&mut self, task: &Task, worker: Pid, status: ExitStatus) {
        if let Some(ticket) = Ticket::take(&mut task.bytes.as_slice()) {
            let pid = worker.as_raw().to_le_bytes();
            let details = [pid, status.into_raw().to_le_bytes()].concat();
            self.tell(ticket, wire::DIED, &details);
        }
    }

    /// Ends the workers and waits for them; then the parent sees the end of the stream.
    pub fn end(&mut self, end: End) {
        if let End::Broken(kind, detail) = end {
            self.tell(Ticket::default(), kind, &detail.to_le_bytes());
        }
        for worker in &self.workers {
            if matches!(end, End::Finished) {
                let _ = worker.socket.shutdown(Shutdown::Both);
            } else {
                let _ = kill(worker.pid, Signal::SIGKILL);
            }
        }
        for worker in self.workers.drain(..) {
            system::reap(worker.pid, &worker.pidfd, PATIENCE);
        }
        let Some(parent) = &self.parent else { return };
        let mut unread = Decoder::new();
        while self.to_parent.len() > 0 && self.to_parent.send(parent).is_ok() {
            // The parent may be writing: what it writes is read, or both would wait.
            let flags = PollFlags::POLLIN | PollFlags::POLLOUT;
            let _ = poll(&mut [PollFd::new(parent.as_fd(), flags)], None::<u8>);
            match wire::read(parent, &mut unread) {
                Read::End => return,
                _ => while unread.next().is_some() {},
            }
        }
    }
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EAGAIN)
}
