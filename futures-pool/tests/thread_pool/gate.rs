//! What keeps tasks waiting until a test lets them go, and a look at the kernel's threads.

use std::sync::{Arc, Condvar, Mutex};

use futures_pool::thread_pool::ThreadPoolExecutor;

/// Closed at first. Clones are the same gate.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    open: bool,
    waiting: usize,
}

impl Gate {
    /// Waits until it is open.
    pub fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.waiting += 1;
        changed.notify_all();
        drop(changed.wait_while(state, |state| !state.open).unwrap());
    }

    pub fn open(&self) {
        let (state, changed) = &*self.0;
        state.lock().unwrap().open = true;
        changed.notify_all();
    }

    /// Waits until so many threads have come to it.
    pub fn wait_for(&self, threads: usize) {
        let (state, changed) = &*self.0;
        let state = state.lock().unwrap();
        drop(
            changed
                .wait_while(state, |state| state.waiting < threads)
                .unwrap(),
        );
    }

    /// How many threads have come to it so far.
    pub fn came(&self) -> usize {
        self.0.0.lock().unwrap().waiting
    }
}

/// Whose threads are named so; the kernel keeps 15 bytes of a name.
pub fn named(prefix: &str, max_workers: usize) -> ThreadPoolExecutor {
    let builder = ThreadPoolExecutor::builder().thread_name_prefix(prefix);
    builder.max_workers(max_workers).build().unwrap()
}

/// How many threads with such names the kernel has in this process.
#[cfg(target_os = "linux")]
pub fn threads(prefix: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("/proc is mounted");
    // A thread that ends meanwhile has no name any more.
    let name = |task: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default()
    };
    tasks
        .map(name)
        .filter(|name| name.starts_with(prefix))
        .count()
}

/// Waits until no such thread is left. One that was joined may be in the kernel's list for a moment yet.
#[track_caller]
pub fn assert_gone(prefix: &str) {
    #[cfg(target_os = "linux")]
    crate::support::eventually("the threads are gone", || threads(prefix) == 0);
    #[cfg(not(target_os = "linux"))]
    let _ = prefix;
}
