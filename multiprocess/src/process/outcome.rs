//! What a child's function returns, as an exit code.

use std::fmt::Debug;
use std::io::{self, Write};

use super::inside::current;
use crate::fork::{PANICKED, contain};

/// What can be returned by a process's function, as [`std::process::Termination`] for `main`.
pub trait Outcome {
    /// The exit code. What there is to report goes to stderr.
    fn exit_code(self) -> u8;
}

/// 0.
impl Outcome for () {
    fn exit_code(self) -> u8 {
        0
    }
}

/// An exit code of one's own. 101 is also that of a panic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit(pub u8);

/// The number in it.
impl Outcome for Exit {
    fn exit_code(self) -> u8 {
        self.0
    }
}

/// That of the value; 1 for an error, which is written to stderr, as for `main`.
impl<T: Outcome, E: Debug> Outcome for Result<T, E> {
    fn exit_code(self) -> u8 {
        match self {
            Ok(value) => value.exit_code(),
            Err(error) => {
                // Whoever reads may be gone.
                let name = current();
                let name = name.name();
                let _ = writeln!(io::stderr(), "process '{name}': Error: {error:?}");
                1
            }
        }
    }
}

/// For functions that never return, `|()| exit(8)` say.
impl Outcome for Never {
    fn exit_code(self) -> u8 {
        self
    }
}

/// The type `!`, which has no stable name.
type Never = <fn() -> ! as Function>::Output;

/// The only use of this is [`Never`].
pub trait Function {
    /// What it returns.
    type Output;
}

impl<T> Function for fn() -> T {
    type Output = T;
}

/// Calls a child's function. What a panic says is followed by a line with the process's name, since
/// each one's main thread is called `main`.
pub(super) fn run<R: Outcome>(target: impl FnOnce() -> R) -> i32 {
    // `thread::panicking` would not tell: the child may have been started by a destructor, during a panic.
    match contain(|| target().exit_code()) {
        Some(code) => code.into(),
        None => {
            say_whose();
            PANICKED
        }
    }
}

#[cold]
fn say_whose() {
    let _ = writeln!(io::stderr(), "process '{}' panicked", current().name());
}
