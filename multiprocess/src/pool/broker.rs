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
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};

use super::hired::{Hired, TICK};
use super::signals;
use super::staff::Setup;
use super::system;
use super::wire;
use super::wire::{Outgoing, Read, Ticket};
use crate::frame::Decoder;
use crate::in_child;
use crate::in_child::Lifeline;

/// So many bytes are kept for each side; with more, the other side is not read.
pub const ENOUGH: usize = 1 << 20;

/// How long after a failed fork the next one is tried.
const RETRY: Duration = Duration::from_millis(20);

pub struct Task {
    /// As it came: ticket, function, arguments.
    pub bytes: Vec<u8>,
    /// How many workers were killed while they were being given it.
    pub deaths: u32,
}

pub struct Broker {
    pub setup: Setup,
    /// Not there in a worker.
    pub parent: Option<UnixStream>,
    from_parent: Decoder,
    pub to_parent: Outgoing,
    /// Nobody has these yet.
    queue: VecDeque<Task>,
    queued_bytes: usize,
    pub workers: Vec<Hired>,
    /// How many workers in a row have ended and done nothing: see `replace_the_dead`.
    pub strikes: usize,
    finishing: bool,
}

/// Why the broker ends.
pub enum End {
    /// All is done, as the parent wished.
    Finished,
    /// The parent is gone, or has terminated the pool.
    Terminated,
    Broken(u8, i32),
}

/// The broker's life. The exit code is ignored.
pub fn run(parent: UnixStream, lifeline: Lifeline, stdin: OwnedFd, mut setup: Setup) -> i32 {
    setup.blocked_by_parent = signals::block_all();
    if !lifeline.end_with_parent() {
        return 0;
    }
    setup.ends.keep_only_these();
    in_child::replace_stdin(stdin); // the workers', too
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
        Err(end) => end,
    };
    broker.end(end);
    0
}

impl Broker {
    fn serve(&mut self) -> End {
        loop {
            self.hand_out();
            let idle = self.queue.is_empty() && self.workers.iter().all(|worker| worker.is_idle());
            if self.finishing && idle && self.to_parent.len() == 0 {
                return End::Finished;
            }
            if let Err(end) = self.wait() {
                return end;
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
                self.queued_bytes -= task.bytes.len();
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

    pub fn send(&mut self) {
        if let Some(parent) = &self.parent {
            let _ = self.to_parent.send(parent); // an error: the end of the stream comes too
        }
    }

    /// Waits until something can be done, and reads what the parent has sent.
    fn wait(&mut self) -> Result<(), End> {
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
        match poll(&mut fds, system::timeout(left)) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(()),
            // No memory, or the limit of descriptors was lowered: nothing could be waited for.
            Err(errno) => return Err(End::Broken(wire::REFUSED, errno as i32)),
        }
        // With enough in the queue nothing is read, and yet the parent's end is seen.
        let gone = |flags: PollFlags| flags.intersects(PollFlags::POLLHUP | PollFlags::POLLERR);
        if fds[0].revents().is_some_and(gone) {
            return Err(End::Terminated);
        }
        let ready: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(true)).collect();
        for (worker, ready) in self.workers.iter_mut().zip(ready[1..].chunks(2)) {
            if ready[0] {
                wire::take_wakes(&worker.socket);
            }
            worker.ended = ready[1];
        }
        if ready[0] {
            self.read_parent()?;
        }
        Ok(())
    }

    fn read_parent(&mut self) -> Result<(), End> {
        while self.queued_bytes < ENOUGH {
            let parent = self.parent.as_ref().expect("only a worker has none");
            match wire::read(parent, &mut self.from_parent) {
                Read::Some => {}
                Read::NothingYet => break,
                Read::End => return Err(End::Terminated),
            }
            while let Some(message) = self.from_parent.next() {
                if message.is_empty() {
                    self.finishing = true;
                } else {
                    self.queued_bytes += message.len();
                    self.queue.push_back(Task {
                        bytes: message.to_vec(),
                        deaths: 0,
                    });
                }
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
    pub fn give_back(&mut self, tasks: VecDeque<Task>) {
        for task in tasks.into_iter().rev() {
            self.queued_bytes += task.bytes.len();
            self.queue.push_front(task);
        }
    }

    pub fn tell(&mut self, ticket: Ticket, kind: u8, details: &[u8]) {
        self.to_parent.push(&[&ticket.to_bytes(), &[kind], details]);
    }
}
