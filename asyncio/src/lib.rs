//! Chapter 5 of the companion, asyncio: an event loop, and what runs on it, on tokio.
//!
//! Each block is one file that stands for one thing of Python's `asyncio` and can be copied out
//! with the files its header names. The story that uses them is in [`sections`].

#![deny(unsafe_code)] // allowed for signals, in run/interrupt.rs

pub mod context; //    async with: acquired and released by awaiting
pub mod event_loop; // what asyncio.run does underneath: a loop, tasks, wakers, timers
pub mod gather; //     asyncio.gather: futures run at the same time, results in their order
pub mod generator; //  async def with yield: a stream written as a function
pub mod queue; //      asyncio.Queue: items from tasks to tasks, with a limit
pub mod run; //        asyncio.run: a runtime for one main, Ctrl-C included
pub mod task; //       asyncio.create_task, Task: a future that runs by itself, with a name, to be cancelled
pub mod task_group; // asyncio.TaskGroup: tasks that end together

pub mod sections;
