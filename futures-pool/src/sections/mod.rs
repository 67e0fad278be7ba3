//! The chapter's sections, in the document's order.

mod s1_thread_pool;
#[cfg(target_os = "linux")]
mod s2_process_pool;
mod s3_future;
mod s4_as_completed_wait;

/// The chapter's number in the document; a section's number is this and its place in [`ALL`].
pub const CHAPTER: usize = 4;

/// The chapter's title in the document.
pub const TITLE: &str = "concurrent.futures";

/// A section of the chapter.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its title in the document.
    pub title: &'static str,
    /// What it must print, in the notation that `comparison` checks.
    pub contract: &'static str,
    /// Runs it.
    pub run: fn() -> anyhow::Result<()>,
}

/// Every section. The one on processes is for Linux, where the block is.
pub const ALL: &[Section] = &[
    Section {
        name: "thread-pool",
        title: "ThreadPoolExecutor",
        contract: include_str!("s1_thread_pool.txt"),
        run: s1_thread_pool::run,
    },
    #[cfg(target_os = "linux")]
    Section {
        name: "process-pool",
        title: "ProcessPoolExecutor",
        contract: include_str!("s2_process_pool.txt"),
        run: s2_process_pool::run,
    },
    Section {
        name: "future",
        title: "Future 对象",
        contract: include_str!("s3_future.txt"),
        run: s3_future::run,
    },
    Section {
        name: "as-completed-wait",
        title: "as_completed 与 wait",
        contract: include_str!("s4_as_completed_wait.txt"),
        run: s4_as_completed_wait::run,
    },
];
