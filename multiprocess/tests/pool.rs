//! The pool, seen from its user: results, errors, order, laziness, life cycle.

#[cfg(target_os = "linux")]
mod support;

#[cfg(target_os = "linux")]
#[path = "support/workers.rs"]
mod workers;

#[cfg(target_os = "linux")]
#[path = "pool/mod.rs"]
mod pool;

#[cfg(target_os = "linux")]
fn main() {
    support::main(pool::CASES);
}

#[cfg(not(target_os = "linux"))]
fn main() {}
