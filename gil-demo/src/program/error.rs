//! What can be wrong with a program: [`ProgramError`], [`Problem`].

use std::error::Error;
use std::fmt;

/// What is wrong with a program, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramError {
    /// The line of the text, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a line of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A `def` line that is not `def NAME(a, b):`.
    BadDefinition,
    /// An instruction or a label before the first `def`.
    OutsideFunction,
    /// The name of a function, a parameter or a label for the second time.
    Duplicate(String),
    /// No instruction has this name and as many operands.
    UnknownInstruction(String),
    /// Not the constant, or the number, that the instruction takes.
    BadOperand(String),
    /// A label that the function does not have.
    UnknownLabel(String),
    /// A name that is no parameter and never stored.
    UnknownLocal(String),
    /// A function that the program does not have.
    UnknownFunction(String),
    /// A call with more or fewer arguments than the function has parameters.
    ArgumentCount {
        /// How many parameters it has.
        expected: usize,
        /// How many arguments the call gives.
        given: usize,
    },
    /// `JUMP_BACKWARD` to a label further on, or another jump to one further back: it would go round
    /// without ever looking whether somebody has asked for the lock.
    WrongDirection(String),
    /// The instruction takes more operands than there are.
    StackUnderflow,
    /// The instruction is reached with so many operands on one path, and so many on another.
    DepthMismatch(usize, usize),
    /// So many operands below the value that is returned.
    LeftOver(usize),
    /// The function goes on after this line, and there is nothing.
    FallsOffTheEnd,
}

impl Problem {
    pub(super) fn at(self, line: usize) -> ProgramError {
        ProgramError {
            line,
            problem: self,
        }
    }
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadDefinition => f.write_str("a function begins with `def NAME(a, b):`"),
            Self::OutsideFunction => f.write_str("this belongs into a function: begin with `def`"),
            Self::Duplicate(name) => write!(f, "`{name}` is there already"),
            Self::UnknownInstruction(text) => {
                write!(f, "`{text}` is no instruction with its operands")
            }
            Self::BadOperand(text) => write!(f, "`{text}` is not what this instruction takes"),
            Self::UnknownLabel(name) => write!(f, "the function has no label `{name}`"),
            Self::UnknownLocal(name) => {
                write!(f, "`{name}` is no parameter, and nothing is stored in it")
            }
            Self::UnknownFunction(name) => write!(f, "there is no function `{name}`"),
            Self::ArgumentCount { expected, given } => {
                write!(
                    f,
                    "the function takes {expected} arguments, and gets {given}"
                )
            }
            Self::WrongDirection(name) => {
                write!(f, "to go back, and only then, is JUMP_BACKWARD: `{name}`")
            }
            Self::StackUnderflow => f.write_str("it takes more operands than there are"),
            Self::DepthMismatch(one, other) => {
                write!(f, "{one} operands on one path to here, {other} on another")
            }
            Self::LeftOver(n) => write!(f, "{n} operands are left below what is returned"),
            Self::FallsOffTheEnd => f.write_str("the function goes on here without an instruction"),
        }
    }
}

impl Error for ProgramError {}
