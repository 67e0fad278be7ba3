//! [`Desk`]: what others know of one of the pool's threads and its worker.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::Signal;

use super::channel::Channel;
use super::credits::Credits;
use super::descriptor;
use super::task::Task;

/// Of one thread of the pool.
pub struct Desk {
    wake: EventFd,
    worker: Mutex<Worker>,
    sent: Mutex<Sent>,
    /// The last worker could not be started.
    failed: AtomicBool,
}

#[derive(Default)]
struct Worker {
    /// If there is one.
    channel: Option<Arc<Channel>>,
    /// The last signal. The next worker gets it at once: the pool is broken.
    signal: Option<Signal>,
}

/// What was sent to the worker and is not answered, in this order.
#[derive(Default)]
struct Sent {
    tasks: VecDeque<Task>,
    /// One for each of the tasks, from the end, that the worker has not begun.
    credits: Option<Arc<Credits>>,
}

impl Desk {
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            wake: descriptor::eventfd(EfdFlags::empty())?,
            worker: Mutex::default(),
            sent: Mutex::default(),
            failed: AtomicBool::new(false),
        })
    }

    /// Ends its thread's [`wait`](Self::wait), the next one if it is not there.
    pub fn wake(&self) {
        let _ = self.wake.write(1); // it could only fail if it were far from 0
    }

    /// Waits for a [`wake`](Self::wake), or until the time is over. `false` if the worker has ended.
    pub fn wait(&self, worker: Option<BorrowedFd>, timeout: PollTimeout) -> bool {
        let wake = self.wake.as_fd();
        let mut fds = [wake, worker.unwrap_or(wake)].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        while let Err(Errno::EINTR) = poll(&mut fds, timeout) {}
        let _ = self.wake.read(); // back to 0
        worker.is_none() || !fds[1].any().unwrap_or(true)
    }

    /// The worker from now on.
    pub fn set_worker(&self, channel: Option<Arc<Channel>>) {
        let mut worker = lock(&self.worker);
        worker.channel = channel;
        if let Some(signal) = worker.signal {
            worker.send(signal);
        }
    }

    /// Sends a signal to the worker, and to those that may come.
    pub fn signal(&self, signal: Signal) {
        let mut worker = lock(&self.worker);
        worker.signal = Some(signal);
        worker.send(signal);
    }

    /// Whether the last worker could not be started.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    pub fn set_failed(&self, failed: bool) {
        self.failed.store(failed, Ordering::Relaxed);
    }

    /// Notes what will be sent, and lets the worker have all of it. From then on others may take back.
    pub fn set_sent(&self, tasks: VecDeque<Task>, credits: &Arc<Credits>) {
        let mut sent = lock(&self.sent);
        credits.give(tasks.len() - 1);
        sent.credits = (tasks.len() > 1).then(|| Arc::clone(credits));
        sent.tasks = tasks;
    }

    /// The task whose answer has come.
    pub fn next_answered(&self) -> Option<Task> {
        lock(&self.sent).tasks.pop_front()
    }

    /// What has no answer, and will not have one.
    pub fn take_sent(&self) -> VecDeque<Task> {
        let mut sent = lock(&self.sent);
        sent.credits = None;
        std::mem::take(&mut sent.tasks)
    }

    /// Takes back, from the end, half of the tasks that the worker has not begun, but not more than
    /// `most`.
    pub fn take_back(&self, most: usize) -> VecDeque<Task> {
        let mut sent = lock(&self.sent);
        // The first one it has begun.
        let half = (sent.tasks.len().saturating_sub(1)).div_ceil(2).min(most);
        let mut taken = VecDeque::new();
        while taken.len() < half && sent.credits.as_ref().is_some_and(|credits| credits.take()) {
            taken.extend(sent.tasks.pop_back());
        }
        taken.make_contiguous().reverse();
        taken
    }
}

impl Worker {
    fn send(&self, signal: Signal) {
        if let Some(channel) = &self.channel {
            channel.signal(signal);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nobody panics under it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
