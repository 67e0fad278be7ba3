//! A worker: a thread that takes one job after the other.

use std::cell::Cell;
use std::io::{self, Write};
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use super::queue::Queue;
use crate::future::Broken;
use crate::future::FutureError;

/// A task and what it is to do: run, or come to this error without.
pub(super) type Job = Box<dyn FnOnce(Result<(), FutureError>) + Send>;

pub(super) type Initializer = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the executor and its workers share.
pub(super) struct Shared {
    pub(super) queue: Queue<Job>,
    pub(super) max_workers: usize,
    pub(super) prefix: String,
    pub(super) initializer: Option<Initializer>,
    pub(super) stack_size: Option<usize>,
    pub(super) broken: OnceLock<Broken>,
}

thread_local! {
    /// The address of the [`Shared`] that the thread works for.
    static WORKS_FOR: Cell<usize> = const { Cell::new(0) };
}

impl Shared {
    /// Whether the calling thread is one of its workers.
    pub(super) fn is_here(&self) -> bool {
        WORKS_FOR.get() == std::ptr::from_ref(self).addr()
    }

    pub(super) fn start(self: &Arc<Self>, number: usize) -> io::Result<JoinHandle<()>> {
        let mut builder = thread::Builder::new().name(format!("{}_{number}", self.prefix));
        if let Some(size) = self.stack_size {
            builder = builder.stack_size(size);
        }
        let shared = Arc::clone(self);
        builder.spawn(move || shared.work())
    }

    fn work(&self) {
        WORKS_FOR.set(std::ptr::from_ref(self).addr());
        if let Err(why) = self.initialize() {
            let name = thread::current().name().unwrap_or_default().to_owned();
            let _ = writeln!(io::stderr(), "the initialiser of {name} failed: {why}");
            let broken = self.broken.get_or_init(|| Broken::Initializer(why)).clone();
            for job in self.queue.close(true) {
                run(job, Err(FutureError::Broken(broken.clone())));
            }
            return;
        }
        while let Some(job) = self.queue.next() {
            run(job, Ok(()));
            self.queue.done();
        }
    }

    fn initialize(&self) -> Result<(), String> {
        let Some(initializer) = &self.initializer else {
            return Ok(());
        };
        panic::catch_unwind(AssertUnwindSafe(initializer))
            .unwrap_or_else(|payload| Err(FutureError::from_panic(&*payload).to_string()))
    }
}

/// Runs it. What may still panic is the drop of what the task left behind.
fn run(job: Job, fate: Result<(), FutureError>) {
    if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| job(fate))) {
        mem::forget(payload); // it may panic when it is dropped, too
    }
}
