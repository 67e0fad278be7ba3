//! Chapter 2 of the companion, 多线程: threads and what they wait for each other with.
//!
//! Each block is one file that stands for one thing of Python's `threading` and can be copied out
//! with the files its header names. The story that uses them is in [`sections`].

pub mod bounded_semaphore; // threading.BoundedSemaphore: notices one release too many
pub mod event; //             threading.Event: a flag to wait for
pub mod reentrant_lock; //    threading.RLock: its owner may take it again
pub mod registry; //          threading.enumerate and the exit of the main thread: who is alive
pub mod semaphore; //         threading.Semaphore: at most n at once
pub mod thread; //            threading.Thread: starting, joining, names, daemons

pub mod sections;
