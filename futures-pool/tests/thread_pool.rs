//! What `thread_pool.rs` has beyond the other executors: its threads, and tasks that capture, share and
//! never come back by themselves. What all executors have in common is in `executor.rs`; what needs a
//! process of its own is in `thread_pool_process.rs`.
//!
//! PP-01 to PP-25 are about workers that are processes: see `process_pool.rs`.

mod support;

#[path = "thread_pool/gate.rs"]
mod gate;
#[path = "thread_pool/shutdown.rs"]
mod shutdown;
#[path = "thread_pool/tasks.rs"]
mod tasks;
#[path = "thread_pool/workers.rs"]
mod workers;
