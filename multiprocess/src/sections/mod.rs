//! The chapter's sections, in the document's order. Elsewhere than on Linux there is none.

#[cfg(target_os = "linux")]
mod s1_process;
#[cfg(target_os = "linux")]
mod s2_queue_pipe;
#[cfg(target_os = "linux")]
mod s3_shared_memory;
#[cfg(target_os = "linux")]
mod s4_pool;

/// The chapter's number in the document; a section's number is this and its place in [`ALL`].
pub const CHAPTER: usize = 3;

/// The chapter's title in the document.
pub const TITLE: &str = "多进程";

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

/// Every section.
#[cfg(target_os = "linux")]
pub const ALL: &[Section] = &[
    Section {
        name: "process",
        title: "multiprocessing.Process",
        contract: include_str!("s1_process.txt"),
        run: s1_process::run,
    },
    Section {
        name: "queue-pipe",
        title: "进程间通信（Queue、Pipe）",
        contract: include_str!("s2_queue_pipe.txt"),
        run: s2_queue_pipe::run,
    },
    Section {
        name: "shared-memory",
        title: "共享内存（Value、Array）",
        contract: include_str!("s3_shared_memory.txt"),
        run: s3_shared_memory::run,
    },
    Section {
        name: "pool",
        title: "进程池（Pool）",
        contract: include_str!("s4_pool.txt"),
        run: s4_pool::run,
    },
];

/// None: the blocks are for Linux.
#[cfg(not(target_os = "linux"))]
pub const ALL: &[Section] = &[];
