//! Chapter 5 of the companion, asyncio: an event loop, and what runs on it, on tokio.
//!
//! Each block is one file that stands for one thing of Python's `asyncio` and can be copied out
//! with the files its header names. The story that uses them is in [`sections`].

#![forbid(unsafe_code)]

pub mod queue; // asyncio.Queue: items from tasks to tasks, with a limit
pub mod run; // asyncio.run: a runtime for one main, Ctrl-C included

pub mod sections;
