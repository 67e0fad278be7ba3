//! A worker: a thread that does one job after the other.

use std::cell::Cell;
use std::io::{self, Write};
use std::ptr;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use super::job::Job;
use super::queue::Queue;
use crate::future::Broken;
use crate::future::FutureError;
use crate::future::catch;

pub(super) type Initializer = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the executor and its workers share.
pub(super) struct Shared {
    pub(super) queue: Queue<Box<dyn Job>>,
    pub(super) max_workers: usize,
    pub(super) prefix: String,
    pub(super) stack_size: Option<usize>,
    pub(super) initializer: Option<Initializer>,
    /// Set before the queue is closed for it.
    pub(super) broken: OnceLock<Broken>,
}

thread_local! {
    /// The address of the [`Shared`] that the thread works for; 0 if for none.
    static WORKS_FOR: Cell<usize> = const { Cell::new(0) };
}

impl Shared {
    /// Whether the calling thread is one of its workers.
    pub(super) fn is_here(&self) -> bool {
        WORKS_FOR.get() == ptr::from_ref(self).addr()
    }

    /// Starts a worker.
    pub(super) fn start(self: &Arc<Self>, number: usize) -> io::Result<JoinHandle<()>> {
        let mut builder = thread::Builder::new().name(format!("{}_{number}", self.prefix));
        if let Some(bytes) = self.stack_size {
            builder = builder.stack_size(bytes);
        }
        let shared = Arc::clone(self);
        builder.spawn(move || shared.work())
    }

    fn work(&self) {
        WORKS_FOR.set(ptr::from_ref(self).addr());
        if let Err(reason) = self.initialize() {
            return self.break_down(reason);
        }
        while let Some((job, busy)) = self.queue.next() {
            // The task's own panic is caught inside. This is for those of what it leaves behind: a destructor's.
            let _reported = catch(|| job.run(busy));
        }
    }

    fn initialize(&self) -> Result<(), String> {
        let Some(initializer) = &self.initializer else {
            return Ok(());
        };
        catch(initializer).unwrap_or_else(Err)
    }

    /// The initialiser failed: whatever is submitted fails, too. What runs already is left alone.
    fn break_down(&self, reason: String) {
        let name = thread::current();
        let name = name.name().unwrap_or_default();
        // Not `eprintln!`, which panics when stderr takes nothing.
        let _ = writeln!(io::stderr(), "the initialiser of {name} failed: {reason}");
        let broken = self.broken.get_or_init(|| Broken::Initializer(reason));
        self.queue.close();
        self.refuse_all(&FutureError::Broken(broken.clone()));
    }

    /// Gives up all jobs that wait.
    pub(super) fn refuse_all(&self, why: &FutureError) {
        for job in self.queue.clear() {
            let _reported = catch(|| job.refuse(why.clone()));
        }
    }
}
