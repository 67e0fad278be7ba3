//! [`Hired`]: what the broker knows of a worker.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::broker::Task;
use super::shared::Shared;
use super::wire::Outgoing;
use crate::frame::Decoder;
use crate::in_child::Hold;

/// How long a worker may be silent before what it has not begun may be taken back.
pub const TICK: Duration = Duration::from_millis(2);

/// A worker is given tasks for so long, …
const SPAN: Duration = Duration::from_millis(1);
/// … not more than so many, …
const WINDOW: u128 = 256;
/// … and not more than so many bytes before it has read them.
const BYTES: usize = 256 * 1024;

pub struct Hired {
    pub pid: Pid,
    /// It tells of the end. An end of file would not: a task may have started a process that has the
    /// worker's socket too.
    pub pidfd: OwnedFd,
    pub socket: UnixStream,
    /// Kept until the worker has ended.
    _hold: Hold,
    pub out: Outgoing,
    /// It has these, and has not answered them. Kept, to be run elsewhere if it dies before.
    pub given: VecDeque<Task>,
    /// How many it has answered.
    pub answered: u64,
    /// Its pidfd says so.
    pub ended: bool,
    shared: Rc<Shared>,
    answers: Decoder,
    /// Goes up when tasks are taken back. Each task carries the one it was given in.
    epoch: u32,
    window: usize,
    /// When it answered last, or was given something after it had nothing.
    since: Instant,
    /// How many it was given and kept.
    taken: u64,
    born: Instant,
}

impl Hired {
    pub fn new(
        pid: Pid,
        pidfd: OwnedFd,
        socket: UnixStream,
        hold: Hold,
        shared: Rc<Shared>,
    ) -> Self {
        Self {
            pid,
            pidfd,
            socket,
            _hold: hold,
            out: Outgoing::default(),
            given: VecDeque::new(),
            answered: 0,
            ended: false,
            shared,
            answers: Decoder::new(),
            epoch: 0,
            window: 1,
            since: Instant::now(),
            taken: 0,
            born: Instant::now(),
        }
    }

    /// How long ago it was started.
    pub fn age(&self) -> Duration {
        self.born.elapsed()
    }

    pub fn is_idle(&self) -> bool {
        self.given.is_empty()
    }

    /// Whether it may be given one more. `limit`: how many it does in its life.
    pub fn has_room(&self, limit: Option<u64>) -> bool {
        self.given.len() < self.window
            && self.out.len() < BYTES
            && limit.is_none_or(|limit| self.taken < limit)
            && self.is_ready()
    }

    /// Whether it has run its initialiser.
    pub fn is_ready(&self) -> bool {
        self.shared.is_ready()
    }

    pub fn give(&mut self, task: Task) {
        if self.given.is_empty() {
            self.since = Instant::now();
        }
        self.out.push(&[&self.epoch.to_le_bytes(), &task.bytes]);
        self.given.push_back(task);
        self.taken += 1;
    }

    pub fn send(&mut self) {
        // An error means that nobody reads it; whether the worker is dead its pidfd says.
        let _ = self.out.send(&self.socket);
    }

    /// Passes on the answers that are there, until `to_parent` has `enough`. How many there were.
    pub fn collect(&mut self, to_parent: &mut Outgoing, enough: usize) -> usize {
        let before = self.answered;
        while to_parent.len() < enough {
            let read = self.shared.read(self.answers.space());
            if read == 0 {
                break;
            }
            self.answers.advance(read);
            while let Some(answer) = self.answers.next() {
                to_parent.push(&[answer]);
                self.given.pop_front();
                self.answered += 1;
            }
        }
        let answered = (self.answered - before) as usize;
        if answered > 0 {
            let now = Instant::now();
            let each = (now - self.since).as_nanos() / answered as u128;
            self.window = (SPAN.as_nanos() / each.max(1)).clamp(1, WINDOW) as usize;
            self.since = now;
        }
        answered
    }

    /// Whether it began a task that it has not answered. Exact if it has ended and all is collected.
    pub fn is_in_task(&self) -> bool {
        self.unanswered(self.shared.begun()) > 0
    }

    /// Whether it has more than one task. Then it does not announce each answer.
    pub fn has_several(&self) -> bool {
        self.given.len() > 1
    }

    /// Whether it has been silent for a while with more than one task.
    pub fn is_stuck(&self) -> bool {
        self.has_several() && self.since.elapsed() >= TICK
    }

    /// Takes from it what it has not begun. Until it answers it gets no more than one at a time.
    pub fn take_back(&mut self) -> VecDeque<Task> {
        let begun = self.shared.take_back();
        self.epoch = self.epoch.wrapping_add(1);
        self.window = 1;
        let taken = self.given.split_off(self.unanswered(begun));
        self.taken -= taken.len() as u64;
        taken
    }

    fn unanswered(&self, begun: u32) -> usize {
        // A number that cannot be comes from a task that wrote where it should not.
        (begun.wrapping_sub(self.answered as u32) as usize).min(self.given.len())
    }
}
