//! Why a run has no result: [`RunError`], [`Exception`].

use std::error::Error;
use std::fmt;

/// Why a run has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// The code was loaded into another heap.
    HeapMismatch,
    /// The program has no function of this name.
    UnknownFunction(String),
    /// More or fewer arguments than the function has parameters.
    ArgumentCount {
        /// How many parameters it has.
        expected: usize,
        /// How many arguments there were.
        given: usize,
    },
    /// An instruction failed.
    Raised {
        /// The line of the program's text.
        line: usize,
        /// What was raised.
        exception: Exception,
    },
    /// The result is of this type.
    NotAnInt(&'static str),
}

/// What an instruction can raise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exception {
    /// The local is not bound yet. Python's `UnboundLocalError`.
    UnboundLocal(String),
    /// The operator is not for operands of these types. Python's `TypeError`.
    Type(&'static str, &'static str, &'static str),
    /// The result has more than 64 bits. In Python it has as many as it needs.
    Overflow,
    /// Calls are nested deeper than [`RECURSION_LIMIT`](super::RECURSION_LIMIT). Python's `RecursionError`.
    Recursion,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeapMismatch => f.write_str("the code was not loaded into this heap"),
            Self::UnknownFunction(name) => write!(f, "the program has no function `{name}`"),
            Self::ArgumentCount { expected, given } => {
                write!(
                    f,
                    "the function takes {expected} arguments, and got {given}"
                )
            }
            Self::Raised { line, exception } => write!(f, "line {line}: {exception}"),
            Self::NotAnInt(name) => write!(f, "the result is no int: it is a '{name}'"),
        }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnboundLocal(name) => {
                write!(f, "local variable '{name}' is not bound to a value")
            }
            Self::Type(operator, a, b) => {
                write!(f, "'{operator}' not supported for '{a}' and '{b}'")
            }
            Self::Overflow => f.write_str("the result does not fit into 64 bits"),
            Self::Recursion => f.write_str("maximum recursion depth exceeded"),
        }
    }
}

impl Error for RunError {}

impl Error for Exception {}
