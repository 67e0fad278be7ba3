//! A thread of the pool: has its worker, and replaces it.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::desk::Desk;
use super::hired::{Hired, NotStarted};
use super::shared::{Next, Shared};
use super::wire;
use crate::future::Broken;
use crate::future::FutureError;

/// How long the tasks that are sent together take in all, about.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Takes tasks, and has them run by a worker, until there is nothing more. The worker is started with the
/// first task, and after its last one ended.
pub fn work(shared: &Shared, desk: &Arc<Desk>) {
    let mut worker: Option<Hired> = None;
    let mut pace = Pace::default();
    let mut done = 0;
    let mut rests = false;
    shared.started();
    loop {
        let left = shared.limit.map_or(usize::MAX, |limit| limit - done);
        let pidfd = worker.as_ref().map(Hired::pidfd);
        let most = pace.at_once().min(left);
        let mut tasks = match shared.next(desk, pidfd, most, mem::take(&mut rests)) {
            Next::Run(tasks) => tasks,
            Next::Died => break died(shared, desk, worker),
            Next::End => break,
        };
        let hired = match &mut worker {
            Some(hired) => hired,
            None => match Hired::start(desk, shared.initializer.as_deref()) {
                Ok(hired) => {
                    desk.set_failed(false);
                    worker.insert(hired)
                }
                Err(NotStarted::Failed(reason)) => {
                    rests = shared.not_started(desk, tasks, reason);
                    continue;
                }
                Err(NotStarted::Broken(why)) => {
                    let why = shared.break_down(why, Signal::SIGKILL);
                    for task in tasks {
                        task.fail(FutureError::Broken(why.clone()));
                    }
                    break;
                }
            },
        };
        tasks.retain(|task| task.start());
        if tasks.is_empty() {
            continue;
        }
        let begin = Instant::now();
        let Some(answers) = hired.run(tasks, shared) else {
            break died(shared, desk, worker);
        };
        pace.measured(begin.elapsed(), answers);
        done += answers;
        if shared.limit == Some(done) {
            worker = None; // ends it
            done = 0;
        }
    }
}

/// The pool is broken by the worker's end, unless it ended because of that.
fn died(shared: &Shared, desk: &Desk, worker: Option<Hired>) {
    let Some(mut worker) = worker else { return };
    let (pid, status) = worker.died();
    let why = shared.break_down(Broken::WorkerDied { pid, status }, Signal::SIGKILL);
    for task in desk.take_sent() {
        task.fail(FutureError::Broken(why.clone()));
    }
}

/// How long a task takes, on the average of the last ones.
#[derive(Default)]
struct Pace(Option<Duration>);

impl Pace {
    /// How many tasks to send at once. One if it is not known.
    fn at_once(&self) -> usize {
        self.0.map_or(1, |task| {
            let fit = AT_ONCE.as_nanos() / task.as_nanos().max(1);
            usize::try_from(fit)
                .unwrap_or(wire::TASKS)
                .clamp(1, wire::TASKS)
        })
    }

    fn measured(&mut self, time: Duration, tasks: usize) {
        let task = time / tasks.max(1) as u32;
        self.0 = Some(self.0.map_or(task, |before| (before * 3 + task) / 4));
    }
}
