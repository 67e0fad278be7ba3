//! [`Program`]: functions in bytecode, read from text and verified. What CPython's `dis` prints.
//!
//! ```text
//! def NAME(a, b):        # a function and its parameters
//! L1:                    # a label
//!     LOAD_CONST 0       # an int, True, False or None
//! ```
//!
//! | instruction | takes | leaves | |
//! |---|---|---|---|
//! | `LOAD_CONST n`, `LOAD_FAST x` | | value | a constant, a local |
//! | `STORE_FAST x` | value | | a name that is stored or a parameter is a local |
//! | `COMPARE_LESS`, `BINARY_ADD`, `BINARY_MULTIPLY` | a, b | value | `a < b`, `a + b`, `a * b` |
//! | `POP_JUMP_IF_FALSE l`, `JUMP_FORWARD l`, `JUMP_BACKWARD l` | condition; – | | only the last goes back |
//! | `BUILD_LIST n` | n values | list | |
//! | `GET_REF_COUNT` | value | int | `sys.getrefcount(value)` |
//! | `CALL f n` | n values | value | `f` is the name of a function |
//! | `POP_TOP` | value | | |
//! | `RETURN_VALUE` | value | | the last one on the stack |
//!
//! Where Rust differs: CPython trusts its own compiler and may crash on any other bytecode. What is
//! read here is verified: on every path no instruction finds too few operands, two paths that meet
//! have equally many, and none runs past the end. So the machine need not look, and for the end of the
//! instructions it does not.
//!
//! To copy: this file and the folder `program`. Needs: std only.

mod error; // what can be wrong
mod parse; // from text to instructions
mod verify; // whether they fit together

pub use error::{Problem, ProgramError};

/// The chapter's task: counts to `n`, one at a time.
pub const CPU_TASK: &str = "
def cpu_task(n):
    LOAD_CONST 0                # count = 0
    STORE_FAST count
L1:
    LOAD_FAST count             # while count < n:
    LOAD_FAST n
    COMPARE_LESS
    POP_JUMP_IF_FALSE L2
    LOAD_FAST count             #     count += 1
    LOAD_CONST 1
    BINARY_ADD
    STORE_FAST count
    JUMP_BACKWARD L1
L2:
    LOAD_FAST count             # return count
    RETURN_VALUE
";

/// The chapter's first example: how many references there are to a list that one name stands for.
pub const REF_COUNT: &str = "
def ref_count():
    BUILD_LIST 0                # a = []
    STORE_FAST a
    LOAD_FAST a                 # return sys.getrefcount(a)
    GET_REF_COUNT
    RETURN_VALUE
";

/// Functions whose instructions are known to fit together.
///
/// ```
/// use gil_demo::program::{CPU_TASK, Problem, Program};
///
/// assert!(Program::parse(CPU_TASK).is_ok());
/// let error = Program::parse("def f():\n    POP_TOP").unwrap_err();
/// assert_eq!((error.line, error.problem), (2, Problem::StackUnderflow));
/// ```
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) functions: Vec<Function>,
    pub(crate) constants: Vec<Constant>,
}

#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) parameters: usize,
    /// The parameters first.
    pub(crate) locals: Vec<String>,
    /// Nothing outside of this module can set or change them, so they are verified: the machine relies
    /// on it.
    instructions: Vec<Instruction>,
    /// The line of each instruction.
    pub(crate) lines: Vec<usize>,
    /// The most operands there are at once.
    pub(crate) max_depth: usize,
}

/// What `LOAD_CONST` loads. Not an object yet: it becomes one in each heap that it is loaded into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Constant {
    None,
    Bool(bool),
    Int(i64),
}

/// Operands are resolved: indices of a constant, a local, an instruction, a function.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instruction {
    LoadConst(u32),
    LoadFast(u32),
    StoreFast(u32),
    CompareLess,
    BinaryAdd,
    BinaryMultiply,
    PopJumpIfFalse(u32),
    JumpForward(u32),
    JumpBackward(u32),
    BuildList(u32),
    GetRefCount,
    Call(u32),
    PopTop,
    ReturnValue,
}

impl Function {
    pub(crate) fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }
}

impl Program {
    /// Reads and verifies a program. Blank lines, and from a `#` to the end of the line, are comments.
    ///
    /// # Errors
    ///
    /// [`ProgramError`]: one of the problems there are, and its line.
    pub fn parse(text: &str) -> Result<Self, ProgramError> {
        let sources = parse::split(text)?;
        let mut constants = parse::Numbered::new(); // equal ones are one, as in CPython's `co_consts`
        let assemble = |source| Self::assemble(source, &sources, &mut constants);
        let functions = sources.functions.iter().map(assemble);
        let mut program = Self {
            functions: functions.collect::<Result<_, _>>()?,
            constants: constants.items,
        };
        for (index, source) in sources.functions.iter().enumerate() {
            program.functions[index].max_depth = program.verify(index, source.line)?;
        }
        Ok(program)
    }
}
