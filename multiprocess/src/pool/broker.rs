//! The broker: the process that starts the workers, hands out the tasks, and sees workers die.
//!
//! It has one thread and runs no code of the user's, so it may fork at any time, and it does so from a
//! small process. It never waits for anyone but in [`poll`]: what cannot be sent yet is kept, and a
//! side whose other side is full is not read (`ENOUGH`), so that nothing grows without bound and
//! nobody waits in a circle.
//!
//! A worker is given as many tasks at once as it does in about a millisecond, measured: a message a
//! task costs 15 µs, a hundred tasks a message 0.2 µs each. What a worker has not begun is taken back
//! from it when another one is idle ([`Shared::take_back`](super::shared::Shared::take_back)).
//!
//! [`poll`]: nix::poll::poll

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::rc::Rc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid};

use super::code::Code;
use super::hired::{Hired, TICK};
use super::shared::Shared;
use super::system;
use super::wire;
use super::wire::{Outgoing, Read, Ticket};
use super::worker::Worker;
use crate::ends::Ends;
use crate::fork;
use crate::fork::ForkError;
use crate::frame::Decoder;

/// So many bytes are kept for each side; with more, the other side is not read.
pub const ENOUGH: usize = 1 << 20;

/// How long after a failed fork the next one is tried.
const RETRY: Duration = Duration::from_millis(20);

/// How long a worker that has nothing to do may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the broker is told when it is forked.
pub struct Setup {
    pub workers: usize,
    pub tasks_per_worker: Option<u64>,
    /// Each worker calls its own copy.
    pub initializer: Option<Box<dyn FnOnce()>>,
    pub ends: Ends,
    pub code: Code,
}

impl Setup {
    /// So many workers may die in a row, none of them having done anything.
    fn strikes(&self) -> usize {
        2 * self.workers + 8
    }
}

/// A task as it came: ticket, function, arguments.
pub type Task = Vec<u8>;

struct Broker {
    setup: Setup,
    /// Not there in a worker.
    parent: Option<UnixStream>,
    from_parent: Decoder,
    to_parent: Outgoing,
    /// Nobody has these yet.
    queue: VecDeque<Task>,
    queued_bytes: usize,
    workers: Vec<Hired>,
    strikes: usize,
    finishing: bool,
}

/// Why the broker ends.
enum End {
    /// All is done, as the parent wished.
    Finished,
    /// The parent is gone, or has terminated the pool.
    Terminated,
    Broken(u8, i32),
}

/// The broker's life. The exit code is for nobody.
pub fn run(parent: UnixStream, parent_pid: Pid, setup: Setup) -> i32 {
    setup.ends.keep_only_these();
    system::leave_signals_to_the_parent();
    if !system::end_with(parent_pid) {
        return 0;
    }
    let mut broker = Broker {
        setup,
        parent: Some(parent),
        from_parent: Decoder::new(),
        to_parent: Outgoing::default(),
        queue: VecDeque::new(),
        queued_bytes: 0,
        workers: Vec::new(),
        strikes: 0,
        finishing: false,
    };
    let end = match broker.start() {
        Ok(()) => broker.serve(),
        Err(error) => End::Broken(wire::NOT_STARTED, errno(&error)),
    };
    broker.end(end);
    0
}

impl Broker {
    fn start(&mut self) -> io::Result<()> {
        for _ in 0..self.setup.workers {
            self.hire()?;
        }
        self.tell(Ticket::default(), wire::STARTED, &[]);
        self.send();
        Ok(())
    }

    /// Starts a worker.
    fn hire(&mut self) -> io::Result<()> {
        let shared = Rc::new(Shared::new()?);
        let mut sockets = Some(UnixStream::pair()?);
        let broker = getpid();
        let forked = fork::fork(|| {
            // A worker holds nothing of its siblings: only so does a socket end with its owner.
            self.workers.clear();
            self.parent = None;
            let socket = sockets.take().expect("this is its only use here").1;
            self.setup.ends.keep_only_these();
            if !system::end_with(broker) {
                return 0;
            }
            if let Some(initialize) = self.setup.initializer.take() {
                initialize();
            }
            let shared = Rc::clone(&shared);
            Worker { socket, shared }.run(&self.setup.code, self.setup.tasks_per_worker)
        });
        let pid = forked.map_err(|error| match error {
            ForkError::System(error) => error,
            // Not in a broker: it starts no thread and locks nothing.
            ForkError::Threads | ForkError::Held => io::ErrorKind::WouldBlock.into(),
        })?;
        self.setup.ends.passed_to(pid);
        match system::pidfd(pid) {
            Ok(pidfd) => {
                let socket = sockets.take().expect("the child took its copy").0;
                self.workers.push(Hired::new(pid, pidfd, socket, shared));
                Ok(())
            }
            Err(error) => {
                let _ = kill(pid, Signal::SIGKILL);
                system::wait(pid);
                Err(error)
            }
        }
    }

    fn serve(&mut self) -> End {
        loop {
            self.hand_out();
            let idle = self.queue.is_empty() && self.workers.iter().all(|worker| worker.is_idle());
            if self.finishing && idle && self.to_parent.len() == 0 {
                return End::Finished;
            }
            if self.wait() == Read::End {
                return End::Terminated;
            }
            self.collect();
            if let Err(end) = self.replace_the_dead() {
                return end;
            }
            self.take_back();
        }
    }

    /// Tasks go round, one to each worker that has room, until nobody has.
    fn hand_out(&mut self) {
        let limit = self.setup.tasks_per_worker;
        loop {
            let before = self.queue.len();
            for worker in self
                .workers
                .iter_mut()
                .filter(|worker| worker.has_room(limit))
            {
                let Some(task) = self.queue.pop_front() else {
                    break;
                };
                self.queued_bytes -= task.len();
                worker.give(task);
            }
            if self.queue.len() == before {
                break;
            }
        }
        for worker in &mut self.workers {
            worker.send();
        }
    }

    /// Passes the answers on to the parent. Afterwards no answer is left that is not announced, or
    /// there is something to send: else `wait` could sleep on them.
    fn collect(&mut self) {
        loop {
            for worker in &mut self.workers {
                if worker.collect(&mut self.to_parent, ENOUGH) > 0 {
                    self.strikes = 0;
                }
            }
            let was_enough = self.to_parent.len() >= ENOUGH;
            self.send();
            if !was_enough || self.to_parent.len() >= ENOUGH {
                return;
            }
        }
    }

    fn send(&mut self) {
        if let Some(parent) = &self.parent {
            let _ = self.to_parent.send(parent); // an error: the end of the stream comes too
        }
    }

    /// Waits until something can be done, and reads what the parent has sent.
    fn wait(&mut self) -> Read {
        let parent = self.parent.as_ref().expect("only a worker has none");
        let when = |wanted, flag| if wanted { flag } else { PollFlags::empty() };
        let mut fds = Vec::with_capacity(1 + 2 * self.workers.len());
        let flags = when(self.queued_bytes < ENOUGH, PollFlags::POLLIN)
            | when(self.to_parent.len() > 0, PollFlags::POLLOUT);
        fds.push(PollFd::new(parent.as_fd(), flags));
        for worker in &self.workers {
            // With enough for the parent to read, the workers' results wait in their rings.
            let flags = when(self.to_parent.len() < ENOUGH, PollFlags::POLLIN)
                | when(worker.out.len() > 0, PollFlags::POLLOUT);
            fds.push(PollFd::new(worker.socket.as_fd(), flags));
            fds.push(PollFd::new(worker.pidfd.as_fd(), PollFlags::POLLIN));
        }
        let left = if self.workers.len() < self.setup.workers {
            Some(RETRY)
        } else if self.to_parent.len() < ENOUGH && self.workers.iter().any(Hired::has_several) {
            Some(TICK) // the results of quick tasks before a long one are not announced
        } else {
            None
        };
        if poll(&mut fds, system::timeout(left)).is_err() {
            return Read::NothingYet; // a signal
        }
        // With enough in the queue nothing is read, and yet the parent's end is seen.
        let gone = |flags: PollFlags| flags.intersects(PollFlags::POLLHUP | PollFlags::POLLERR);
        if fds[0].revents().is_some_and(gone) {
            return Read::End;
        }
        let ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(true)).collect();
        for (worker, ready) in self.workers.iter_mut().zip(ready[1..].chunks(2)) {
            if ready[0] {
                wire::take_wakes(&worker.socket);
            }
            worker.ended = ready[1];
        }
        if ready[0] {
            self.read_parent()
        } else {
            Read::NothingYet
        }
    }

    fn read_parent(&mut self) -> Read {
        while self.queued_bytes < ENOUGH {
            let parent = self.parent.as_ref().expect("only a worker has none");
            let read = wire::read(parent, &mut self.from_parent);
            if read != Read::Some {
                return read;
            }
            while let Some(message) = self.from_parent.next() {
                if message.is_empty() {
                    self.finishing = true;
                } else {
                    self.queued_bytes += message.len();
                    self.queue.push_back(message.to_vec());
                }
            }
        }
        Read::Some
    }

    /// Where a worker has ended: its task fails, the ones behind it are run elsewhere, and there is a
    /// new worker, unless too many died for nothing.
    fn replace_the_dead(&mut self) -> Result<(), End> {
        let mut last = None;
        while let Some(at) = self.workers.iter().position(|worker| worker.ended) {
            let mut worker = self.workers.swap_remove(at);
            let status = system::wait(worker.pid);
            let answered = worker.collect(&mut self.to_parent, usize::MAX) > 0;
            if worker.is_in_task() {
                let task = worker.given.pop_front().expect("it is in one");
                if let Some(ticket) = Ticket::take(&mut task.as_slice()) {
                    let pid = worker.pid.as_raw().to_le_bytes();
                    let details = [pid, status.into_raw().to_le_bytes()].concat();
                    self.tell(ticket, wire::DIED, &details);
                }
            } else if worker.answered == 0 {
                self.strikes += 1;
            }
            if answered {
                self.strikes = 0;
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
                        return Err(End::Broken(wire::NO_WORKER, errno(&error)));
                    }
                }
                break; // in a while, once more
            }
        }
        Ok(())
    }

    /// A worker that is stuck in a task gives what is behind it to one that has nothing.
    fn take_back(&mut self) {
        let limit = self.setup.tasks_per_worker;
        let hungry = |worker: &Hired| worker.is_idle() && worker.has_room(limit);
        if !self.queue.is_empty() || !self.workers.iter().any(hungry) {
            return;
        }
        if let Some(stuck) = self.workers.iter_mut().find(|worker| worker.is_stuck()) {
            let taken = stuck.take_back();
            self.give_back(taken);
        }
    }

    /// To the front of the queue, in order.
    fn give_back(&mut self, tasks: VecDeque<Task>) {
        for task in tasks.into_iter().rev() {
            self.queued_bytes += task.len();
            self.queue.push_front(task);
        }
    }

    fn tell(&mut self, ticket: Ticket, kind: u8, details: &[u8]) {
        self.to_parent.push(&[&ticket.to_bytes(), &[kind], details]);
    }

    /// Ends the workers and waits for them; then the parent sees the end of the stream.
    fn end(&mut self, end: End) {
        if let End::Broken(kind, detail) = end {
            self.tell(Ticket::default(), kind, &detail.to_le_bytes());
        }
        for worker in &self.workers {
            if matches!(end, End::Finished) {
                let _ = worker.socket.shutdown(std::net::Shutdown::Both);
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
