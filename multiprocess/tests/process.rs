//! `process.rs`.

#[cfg(target_os = "linux")]
mod support;

#[cfg(target_os = "linux")]
fn main() {
    support::main(cases![])
}

#[cfg(not(target_os = "linux"))]
fn main() {}
