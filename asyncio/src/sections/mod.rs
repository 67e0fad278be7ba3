//! The chapter's sections, in the document's order.

mod s1_event_loop;
mod s2_async_await;
mod s3_coroutine;
mod s4_gather_task;
mod s5_queue;
mod s6_async_with_for;

/// The chapter's number in the document; a section's number is this and its place in [`ALL`].
pub const CHAPTER: usize = 5;

/// The chapter's title in the document.
pub const TITLE: &str = "asyncio";

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
        name: "event-loop",
        title: "事件循环",
        contract: include_str!("s1_event_loop.txt"),
        run: s1_event_loop::run,
    },
    Section {
        name: "async-await",
        title: "async/await 语法",
        contract: include_str!("s2_async_await.txt"),
        run: s2_async_await::run,
    },
    Section {
        name: "coroutine",
        title: "协程的创建与运行",
        contract: include_str!("s3_coroutine.txt"),
        run: s3_coroutine::run,
    },
    Section {
        name: "gather-task",
        title: "asyncio.gather 与 asyncio.create_task",
        contract: include_str!("s4_gather_task.txt"),
        run: s4_gather_task::run,
    },
    Section {
        name: "queue",
        title: "asyncio.Queue",
        contract: include_str!("s5_queue.txt"),
        run: s5_queue::run,
    },
    Section {
        name: "async-with-for",
        title: "异步上下文管理器与迭代器",
        contract: include_str!("s6_async_with_for.txt"),
        run: s6_async_with_for::run,
    },
];
