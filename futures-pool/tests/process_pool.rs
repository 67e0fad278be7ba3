//! The process pool, seen from its user. Its workers are this executable.

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
