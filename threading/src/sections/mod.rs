//! The chapter's sections, in the document's order.

mod s1_thread;
mod s2_sync;
mod s3_event_condition;
mod s4_thread_local;
mod s5_daemon;

/// The chapter's number in the document; a section's number is this and its place in [`ALL`].
pub const CHAPTER: usize = 2;

/// The chapter's title in the document.
pub const TITLE: &str = "多线程";

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
pub const ALL: &[Section] = &[
    Section {
        name: "thread",
        title: "threading.Thread 的创建与启动",
        contract: include_str!("s1_thread.txt"),
        run: s1_thread::run,
    },
    Section {
        name: "sync",
        title: "线程同步（Lock、RLock、Semaphore）",
        contract: include_str!("s2_sync.txt"),
        run: s2_sync::run,
    },
    Section {
        name: "event-condition",
        title: "threading.Event 与 threading.Condition",
        contract: include_str!("s3_event_condition.txt"),
        run: s3_event_condition::run,
    },
    Section {
        name: "thread-local",
        title: "线程局部变量（threading.local）",
        contract: include_str!("s4_thread_local.txt"),
        run: s4_thread_local::run,
    },
    Section {
        name: "daemon",
        title: "守护线程",
        contract: include_str!("s5_daemon.txt"),
        run: s5_daemon::run,
    },
];
