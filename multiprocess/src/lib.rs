//! Chapter 3 of the companion, 多进程: processes, what passes between them, and what they share.
//!
//! Each block is one file that stands for one thing of Python's `multiprocessing` and can be copied
//! out with the files its header names. The blocks are for Linux; elsewhere the crate is empty.

#![cfg(target_os = "linux")]

pub mod array; //           many values of one type, with a lock
pub mod connection; //      messages between two processes
pub mod ends; //            which ends of channels a child keeps
pub mod fork; //            a fork that is sound: of one thread, and the child never returns
pub mod frame; //           messages in a stream of bytes
pub mod process; //         a function in a process of its own
pub mod queue; //           items from any processes to any processes, in order
mod locked; //              what a value and an array are made of
pub mod pool; //            workers that run functions
pub mod robust_mutex; //    a lock across processes that survives its owner
pub mod shareable; //       what may be shared
pub mod shared; //          atomics that processes share, without a lock
pub mod shared_memory; //   memory that a process and its children have in common
pub mod single_thread; //   whether a fork would be sound
pub mod value; //           one value, with a lock
