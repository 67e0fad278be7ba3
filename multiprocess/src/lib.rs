//! Chapter 3 of the companion, 多进程: processes, what passes between them, and what they share.
//!
//! Each block stands for one thing of Python's `multiprocessing` and can be copied out with the files
//! its header names. The blocks are for Linux, where a fork is; elsewhere there are none. The story that
//! uses them is in [`sections`].

#[cfg(target_os = "linux")]
pub mod array; //         multiprocessing.Array: many values of one type, with a lock
#[cfg(target_os = "linux")]
pub mod connection; //    multiprocessing.Pipe: messages between two processes
#[cfg(target_os = "linux")]
pub mod pool; //          multiprocessing.Pool: workers that run functions
#[cfg(target_os = "linux")]
pub mod process; //       multiprocessing.Process: a function in a process of its own
#[cfg(target_os = "linux")]
pub mod queue; //         multiprocessing.Queue: items from any processes to any processes
#[cfg(target_os = "linux")]
pub mod shared; //        atomics that processes share, without a lock
#[cfg(target_os = "linux")]
pub mod value; //         multiprocessing.Value and Lock: one value, with a lock

// What those are made of.

#[cfg(target_os = "linux")]
pub mod descriptor; //    numbers that stand for no standard stream
#[cfg(target_os = "linux")]
pub mod ends; //          which ends of channels a child keeps
#[cfg(target_os = "linux")]
pub mod fork; //          a fork that is sound: of one thread, and the child never returns
#[cfg(target_os = "linux")]
pub mod frame; //         messages in a stream of bytes
#[cfg(target_os = "linux")]
pub mod in_child; //      what a child does first
#[cfg(target_os = "linux")]
mod locked; //            what a value and an array have in common
#[cfg(target_os = "linux")]
pub mod pidfd; //         a descriptor that stands for a process
#[cfg(target_os = "linux")]
pub mod robust_mutex; //  a lock across processes that survives its owner
#[cfg(target_os = "linux")]
pub mod shareable; //     what may be in shared memory
#[cfg(target_os = "linux")]
pub mod shared_memory; // memory that a process and its children have in common
#[cfg(target_os = "linux")]
pub mod single_thread; // whether a fork would be sound

pub mod sections;
