//! The process pool, seen from its user. Its workers are this executable.
//!
//! EX-17 is not offered: a worker has no name but its executable's. EX-16's message is in the error of each
//! task, and not logged besides. In PP-16 the rest is done, not failed, since the drop waits for it.
//! EX-20 cannot arise: a worker does not have the executor, and a pool of its own is another one.

#[cfg(target_os = "linux")]
#[path = "support/processes.rs"]
mod support;

#[cfg(target_os = "linux")]
#[path = "process_pool/mod.rs"]
mod process_pool;

#[cfg(target_os = "linux")]
fn main() {
    process_pool::begin();
    support::main(&process_pool::cases());
}

#[cfg(not(target_os = "linux"))]
fn main() {}
