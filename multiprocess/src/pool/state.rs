//! [`State`]: what the parent knows: what is to be sent, what has come, and for whom.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::error::{Broken, TaskError};
use super::wire;
use super::wire::{Outgoing, Ticket, take};
use crate::frame::Decoder;

/// What came of a task.
pub enum Outcome {
    /// An item each.
    Results(Vec<u8>),
    Died(TaskError),
}

/// A call of the user's: a number of tasks.
#[derive(Default)]
pub struct Job {
    pub submitted: u64,
    pub answered: u64,
    /// In the order in which they came, until the handle takes them.
    pub arrived: VecDeque<(u64, Outcome)>,
}

#[derive(Default)]
pub struct State {
    pub out: Outgoing,
    pub answers: Decoder,
    pub jobs: HashMap<u64, Job>,
    pub next_job: u64,
    /// Tasks, of jobs that are forgotten too.
    pub unanswered: u64,
    /// The broker's first word: all workers were started, or the error's number.
    pub started: Option<Result<(), i32>>,
    pub closed: bool,
    /// Why no task is answered any more.
    pub ended: Option<TaskError>,
}

impl State {
    pub fn is_answered(&self, job: u64) -> bool {
        let job = self.jobs.get(&job);
        job.is_none_or(|job| job.answered == job.submitted)
    }

    pub fn has_arrived(&self, job: u64) -> bool {
        let job = self.jobs.get(&job);
        job.is_some_and(|job| !job.arrived.is_empty())
    }

    /// The first reason stays.
    pub fn end(&mut self, why: TaskError) {
        self.ended.get_or_insert(why);
        self.out = Outgoing::default();
        self.unanswered = 0;
    }

    pub fn take_answers(&mut self) {
        let mut answers = mem::take(&mut self.answers);
        while let Some(message) = answers.next() {
            let understood = self.answer(message);
            debug_assert!(understood.is_some(), "not from our broker");
        }
        self.answers = answers;
    }

    fn answer(&mut self, mut message: &[u8]) -> Option<()> {
        let ticket = Ticket::take(&mut message)?;
        let [kind] = take(&mut message)?;
        let mut number = || take(&mut message).map(i32::from_le_bytes);
        let outcome = match kind {
            wire::RESULTS => Outcome::Results(message.to_vec()),
            wire::DIED => {
                let pid = number()?.unsigned_abs();
                let status = ExitStatus::from_raw(number()?);
                Outcome::Died(TaskError::WorkerDied { pid, status })
            }
            wire::STARTED => return self.started.replace(Ok(())).map_or(Some(()), |_| None),
            wire::NOT_STARTED => {
                self.started = Some(Err(number()?));
                return Some(());
            }
            _ => {
                let number = number()?;
                let why = match kind {
                    wire::DYING => Broken::Workers {
                        last: ExitStatus::from_raw(number),
                    },
                    _ => Broken::System(number),
                };
                self.end(TaskError::Broken(why));
                return Some(());
            }
        };
        self.unanswered = self.unanswered.saturating_sub(1);
        // Nobody may wait for it: then its handle was dropped.
        if let Some(job) = self.jobs.get_mut(&ticket.job) {
            job.answered += 1;
            job.arrived.push_back((ticket.index, outcome));
        }
        Some(())
    }
}
