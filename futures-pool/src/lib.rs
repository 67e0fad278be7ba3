//! Chapter 4 of the companion, concurrent.futures: results to come, and who works for them.
//!
//! Each block stands for one thing of Python's `concurrent.futures` and can be copied out with the files
//! its header names. The story that uses them is in [`sections`].

pub mod future; // Future: a result that is still to come
pub mod wait; // as_completed, wait: several futures at once

pub mod sections;
