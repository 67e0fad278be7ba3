//! Faults of three kinds at seven points, and at the parent: whatever ends in the middle of whatever,
//! every task is resolved, and nothing is left behind.
//!
//! The faults come from ordinary user code: a task, a destructor, a `Serialize`, an initialiser, a
//! thread that a task has left in its worker, a kill from outside. What the cases check, each of them
//! twice on new pools:
//!
//! 1. every handle resolves; 2. no child is left, no zombie; 3. no process anywhere; 4. `/dev/shm` and
//!    the descriptors are as before (2 to 4 by the harness); 5. the pool works afterwards, or says that
//!    it is broken; 6. there is no panic on stderr that was not injected; 7. the next run passes.

#[cfg(target_os = "linux")]
#[path = "pool_faults/faults.rs"]
mod faults;

#[cfg(target_os = "linux")]
#[path = "pool_faults/points.rs"]
mod points;

#[cfg(target_os = "linux")]
#[path = "pool_faults/soak.rs"]
mod soak;

#[cfg(target_os = "linux")]
mod support;

#[cfg(target_os = "linux")]
#[path = "support/workers.rs"]
mod workers;

#[cfg(target_os = "linux")]
fn main() {
    support::main(faults::CASES);
}

#[cfg(not(target_os = "linux"))]
fn main() {}
