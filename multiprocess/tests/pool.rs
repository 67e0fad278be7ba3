//! The pool, seen from its user: results, errors, order, laziness, life cycle.
//!
//! Not offered, so not tested here: callbacks (PL-06, P06), which would need a helper thread; there is
//! `wait`, and `get` afterwards. P11, an end from a signal handler: no call of the pool's is for that.

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
