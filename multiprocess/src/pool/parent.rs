//! [`Parent`]: the parent's side. It has no thread of its own: whoever submits or waits sends what can
//! be sent and takes what has come.

use std::cell::RefCell;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};
use nix::unistd::{Pid, getpid};

use super::code::Function;
use super::error::{Broken, JoinError, TaskError};
use super::state::{Job, Outcome, State};
use super::system;
use super::wire;
use super::wire::{Read, Ticket};
use crate::ends;
use crate::ends::End;
use crate::in_child::Hold;

/// How long the broker may take to end the workers and itself. It needs milliseconds, unless
/// somebody has stopped it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the parent has of the broker.
pub struct Broker {
    pub pid: Pid,
    pub pidfd: OwnedFd,
    pub socket: UnixStream,
    /// Kept until the broker has ended.
    pub _hold: Hold,
}

/// The connection. It is an end like a channel's: a child that the parent starts later lets go of it,
/// or the broker would not see the parent end.
pub struct Connection(Mutex<Option<Broker>>);

impl Connection {
    fn get(&self) -> MutexGuard<'_, Option<Broker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl End for Connection {
    fn close_in_child(&self) {
        drop(self.get().take());
    }
}

pub struct Parent {
    connection: Arc<Connection>,
    owner: Pid,
    state: RefCell<State>,
}

impl Parent {
    pub fn new(broker: Broker) -> Self {
        let connection = Arc::new(Connection(Mutex::new(Some(broker))));
        let end: Arc<dyn End> = connection.clone();
        ends::register(Arc::downgrade(&end));
        Self {
            connection,
            owner: getpid(),
            state: RefCell::default(),
        }
    }

    /// Waits for the broker's word that all workers were started; or the error's number.
    pub fn wait_for_start(&self) -> Result<(), i32> {
        self.wait_until(None, |state| state.started.is_some());
        let started = self.state.borrow().started;
        started.unwrap_or(Err(libc::ECHILD)) // the broker was killed
    }

    /// A number for a new call, whose handle will [`forget`](Self::forget) it.
    pub fn open_job(&self) -> u64 {
        let state = &mut *self.state.borrow_mut();
        state.next_job += 1;
        state.jobs.insert(state.next_job, Job::default());
        state.next_job
    }

    pub fn forget(&self, job: u64) {
        self.state.borrow_mut().jobs.remove(&job);
    }

    /// Why no task can be submitted.
    pub fn refuses(&self) -> Option<TaskError> {
        let state = self.state.borrow();
        if state.closed {
            return Some(TaskError::Closed);
        }
        let elsewhere = getpid() != self.owner;
        state
            .ended
            .clone()
            .or(elsewhere.then_some(TaskError::Terminated))
    }

    /// One more task. It is sent when there is room.
    pub fn submit(&self, ticket: Ticket, function: Function, arguments: &[u8]) {
        let state = &mut *self.state.borrow_mut();
        let parts = [&ticket.to_bytes()[..], &function.to_bytes(), arguments];
        state.out.push(&parts);
        state.unanswered += 1;
        if let Some(job) = state.jobs.get_mut(&ticket.job) {
            job.submitted += 1;
        }
    }

    /// Whether every task of the job so far is answered, or will not be. Does not look for answers.
    pub fn is_answered(&self, job: u64) -> bool {
        let state = self.state.borrow();
        state.ended.is_some() || state.is_answered(job)
    }

    /// Takes one outcome, of those that are here, in order of arrival.
    pub fn take(&self, job: u64) -> Option<(u64, Outcome)> {
        let state = &mut *self.state.borrow_mut();
        state.jobs.get_mut(&job)?.arrived.pop_front()
    }

    /// Whether every task of the job is answered, and every answer is good.
    pub fn all(&self, job: u64, mut is_good: impl FnMut(&Outcome) -> bool) -> bool {
        let state = self.state.borrow();
        let job = state.jobs.get(&job);
        job.is_some_and(|job| {
            job.answered == job.submitted && job.arrived.iter().all(|(_, outcome)| is_good(outcome))
        })
    }

    /// Why the rest of the answers does not come.
    pub fn why_ended(&self) -> TaskError {
        let ended = self.state.borrow().ended.clone();
        ended.unwrap_or(TaskError::Terminated)
    }

    /// Waits until the job is answered, or will not be. `false`: not before the deadline.
    pub fn wait_answered(&self, job: u64, deadline: Option<Instant>) -> bool {
        self.wait_until(deadline, |state| state.is_answered(job))
    }

    /// Waits until the job has an answer to take, or there will be none.
    pub fn wait_arrived(&self, job: u64) {
        self.wait_until(None, |state| state.has_arrived(job));
    }

    pub fn close(&self) {
        self.state.borrow_mut().closed = true;
    }

    /// Waits for all tasks, then for the end of the workers and the broker. For a pool that is closed.
    pub fn join(&self) -> Result<(), JoinError> {
        {
            let state = self.state.borrow();
            if !state.closed && state.ended.is_none() {
                return Err(JoinError::StillOpen);
            }
        }
        self.wait_until(None, |state| state.unanswered == 0);
        if self.state.borrow().ended.is_none() {
            self.state.borrow_mut().out.push(&[]); // no task comes any more
            // The broker's end is what is waited for, and then no accident.
            self.wait_until(None, |_| false);
            self.state.borrow_mut().ended = Some(TaskError::Closed);
        }
        match self.state.borrow().ended {
            Some(TaskError::Broken(why)) => Err(JoinError::Broken(why)),
            _ => Ok(()),
        }
    }

    /// Ends the workers and the broker now, and waits for that.
    pub fn terminate(&self) {
        if getpid() == self.owner {
            self.exchange(); // what is done is done
            self.end(TaskError::Terminated);
        }
    }

    /// Sends and takes what can be now.
    pub fn exchange(&self) {
        if getpid() != self.owner {
            return self.state.borrow_mut().end(TaskError::Terminated);
        }
        let ended = match &*self.connection.get() {
            None => false,
            Some(Broker { socket, .. }) => {
                let state = &mut *self.state.borrow_mut();
                let _ = state.out.send(socket); // an error: the end of the stream comes too
                loop {
                    match wire::read(socket, &mut state.answers) {
                        Read::Some => {
                            state.take_answers();
                            if state.ended.is_some() {
                                break true; // that was its last word
                            }
                        }
                        Read::NothingYet => break false,
                        Read::End => break true,
                    }
                }
            }
        };
        if ended {
            self.end(TaskError::Broken(Broken::Broker));
        }
    }

    /// Shuts the socket, at which the broker ends the workers and itself, if it has not yet; reaps
    /// it; resolves what is unanswered.
    fn end(&self, why: TaskError) {
        let broker = self.connection.get().take();
        self.state.borrow_mut().end(why);
        if let Some(broker) = broker {
            // Not only closed: a child of the parent's may have a copy.
            let _ = broker.socket.shutdown(Shutdown::Both);
            system::reap(broker.pid, &broker.pidfd, PATIENCE);
        }
    }

    /// `false`: it was not so at the deadline. `true` as well if it will not be: see `ended`.
    fn wait_until(&self, deadline: Option<Instant>, done: impl Fn(&State) -> bool) -> bool {
        loop {
            self.exchange();
            {
                let state = self.state.borrow();
                if state.ended.is_some() || done(&state) {
                    return true;
                }
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return false;
            }
            self.wait(left);
        }
    }

    /// Waits until something can be sent or taken.
    fn wait(&self, left: Option<Duration>) {
        let dead = match &*self.connection.get() {
            None => true,
            Some(broker) => {
                let mut flags = PollFlags::POLLIN;
                if self.state.borrow().out.len() > 0 {
                    flags |= PollFlags::POLLOUT;
                }
                let mut fds = [
                    PollFd::new(broker.socket.as_fd(), flags),
                    PollFd::new(broker.pidfd.as_fd(), PollFlags::POLLIN),
                ];
                let ready = poll(&mut fds, system::timeout(left));
                ready.is_ok_and(|ready| ready > 0) && fds[1].any() == Some(true)
            }
        };
        if dead {
            self.exchange(); // what it sent before
            self.end(TaskError::Broken(Broken::Broker));
        }
    }
}
