//! The chapter's sections, in the document's order.

mod s1_what_is_gil;
mod s2_effect_on_threads;
mod s3_choosing_by_task;

/// The chapter's number in the document; a section's number is this and its place in [`ALL`].
pub const CHAPTER: usize = 1;

/// The chapter's title in the document.
pub const TITLE: &str = "GIL";

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
        name: "what-is-gil",
        title: "GIL 是什么",
        contract: include_str!("s1_what_is_gil.txt"),
        run: s1_what_is_gil::run,
    },
    Section {
        name: "effect-on-threads",
        title: "GIL 对多线程的影响",
        contract: include_str!("s2_effect_on_threads.txt"),
        run: s2_effect_on_threads::run,
    },
    Section {
        name: "choosing-by-task",
        title: "CPU 密集型 vs IO 密集型任务的选择",
        contract: include_str!("s3_choosing_by_task.txt"),
        run: s3_choosing_by_task::run,
    },
];
