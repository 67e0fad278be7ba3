//! Chapter 4 of the companion, concurrent.futures: results to come, and who works for them.
//!
//! Each block stands for one thing of Python's `concurrent.futures` and can be copied out with the files
//! its header names. The story that uses them is in [`sections`].

pub mod common; // how executors are shut down, and why they refuse
pub mod executor; // Executor: what they share
pub mod future; // Future: a result that is still to come
pub mod map; // Map: results in the order of the input
#[cfg(target_os = "linux")]
pub mod process_pool; // ProcessPoolExecutor: processes
pub mod rayon_pool; // RayonExecutor: over a pool of rayon's
pub mod thread_pool; // ThreadPoolExecutor: threads
pub mod wait; // as_completed, wait: several futures at once

pub mod sections;

#[cfg(target_os = "linux")]
pub use process_pool::init;

/// Nothing here: it has a meaning on Linux, where process pools are.
#[cfg(not(target_os = "linux"))]
pub fn init() {}
