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
//! have equally many, and none runs past the end. So the machine need not look.
//!
//! To copy: this file. Needs: std only.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;

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
    pub(crate) instructions: Vec<Instruction>,
    /// The line of each instruction.
    pub(crate) lines: Vec<usize>,
    /// The most operands there are at once.
    pub(crate) max_depth: usize,
}

/// What `LOAD_CONST` loads. Not an object yet: it becomes one in each heap that it is loaded into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Constant {
    None,
    Bool(bool),
    Int(i64),
}

/// Operands are resolved: indices of a constant, a local, an instruction, a function.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instruction {
    LoadConst(usize),
    LoadFast(usize),
    StoreFast(usize),
    CompareLess,
    BinaryAdd,
    BinaryMultiply,
    PopJumpIfFalse(usize),
    JumpForward(usize),
    JumpBackward(usize),
    BuildList(usize),
    GetRefCount,
    Call(usize),
    PopTop,
    ReturnValue,
}

impl Program {
    /// Reads and verifies a program. Blank lines, and from a `#` to the end of the line, are comments.
    ///
    /// # Errors
    ///
    /// [`ProgramError`]: one of the problems there are, and its line.
    pub fn parse(text: &str) -> Result<Self, ProgramError> {
        let sources = split(text)?;
        let mut program = Self {
            functions: Vec::new(),
            constants: Vec::new(),
        };
        for source in &sources {
            let function = program.assemble(source, &sources)?;
            program.functions.push(function);
        }
        for (index, source) in sources.iter().enumerate() {
            program.functions[index].max_depth = program.verify(index, source.line)?;
        }
        Ok(program)
    }

    fn assemble(&mut self, source: &Source, sources: &[Source]) -> Result<Function, ProgramError> {
        let mut locals = source.parameters.clone();
        for (_, words) in &source.body {
            if let ["STORE_FAST", local] = words[..]
                && !locals.contains(&local)
            {
                locals.push(local);
            }
        }
        let mut function = Function {
            name: source.name.to_owned(),
            parameters: source.parameters.len(),
            locals: locals.iter().map(|&local| local.to_owned()).collect(),
            instructions: Vec::new(),
            lines: Vec::new(),
            max_depth: 0,
        };
        for (at, (line, words)) in source.body.iter().enumerate() {
            let local = |name: &str| {
                let found = locals.iter().position(|&local| local == name);
                found.ok_or_else(|| Problem::UnknownLocal(name.to_owned()))
            };
            let label = |name: &str, back: bool| match source.labels.get(name) {
                Some(&target) if (target <= at) == back => Ok(target),
                Some(_) => Err(Problem::WrongDirection(name.to_owned())),
                None => Err(Problem::UnknownLabel(name.to_owned())),
            };
            let decoded = match (words[0], &words[1..]) {
                ("LOAD_CONST", &[value]) => self.constant(value).map(Instruction::LoadConst),
                ("LOAD_FAST", &[name]) => local(name).map(Instruction::LoadFast),
                ("STORE_FAST", &[name]) => local(name).map(Instruction::StoreFast),
                ("COMPARE_LESS", []) => Ok(Instruction::CompareLess),
                ("BINARY_ADD", []) => Ok(Instruction::BinaryAdd),
                ("BINARY_MULTIPLY", []) => Ok(Instruction::BinaryMultiply),
                ("POP_JUMP_IF_FALSE", &[l]) => label(l, false).map(Instruction::PopJumpIfFalse),
                ("JUMP_FORWARD", &[l]) => label(l, false).map(Instruction::JumpForward),
                ("JUMP_BACKWARD", &[l]) => label(l, true).map(Instruction::JumpBackward),
                ("BUILD_LIST", &[n]) => number(n).map(Instruction::BuildList),
                ("GET_REF_COUNT", []) => Ok(Instruction::GetRefCount),
                ("CALL", &[name, n]) => call(sources, name, n).map(Instruction::Call),
                ("POP_TOP", []) => Ok(Instruction::PopTop),
                ("RETURN_VALUE", []) => Ok(Instruction::ReturnValue),
                _ => Err(Problem::UnknownInstruction(words.join(" "))),
            };
            let instruction = decoded.map_err(|problem| problem.at(*line))?;
            function.instructions.push(instruction);
            function.lines.push(*line);
        }
        Ok(function)
    }

    /// The index of a constant; equal ones are one, as in CPython's `co_consts`.
    fn constant(&mut self, text: &str) -> Result<usize, Problem> {
        let constant = match text {
            "None" => Constant::None,
            "True" => Constant::Bool(true),
            "False" => Constant::Bool(false),
            _ => Constant::Int(text.parse().map_err(|_| Problem::BadOperand(text.into()))?),
        };
        let known = self.constants.iter().position(|&c| c == constant);
        Ok(known.unwrap_or_else(|| {
            self.constants.push(constant);
            self.constants.len() - 1
        }))
    }

    /// Follows every path with the number of operands alone; the most there are at once.
    fn verify(&self, function: usize, first_line: usize) -> Result<usize, ProgramError> {
        use Instruction::*;

        let function = &self.functions[function];
        let mut max_depth = 0;
        let mut depths = vec![None; function.instructions.len()];
        let mut pending = vec![(0, 0, first_line)]; // where to, how deep, from which line
        while let Some((at, depth, from)) = pending.pop() {
            let Some(known) = depths.get_mut(at) else {
                return Err(Problem::FallsOffTheEnd.at(from));
            };
            let line = function.lines[at];
            match known.replace(depth) {
                Some(before) if before == depth => continue,
                Some(before) => return Err(Problem::DepthMismatch(before, depth).at(line)),
                None => {}
            }
            let (takes, leaves) = match function.instructions[at] {
                LoadConst(_) | LoadFast(_) => (0, 1),
                StoreFast(_) | PopJumpIfFalse(_) | PopTop | ReturnValue => (1, 0),
                CompareLess | BinaryAdd | BinaryMultiply => (2, 1),
                JumpForward(_) | JumpBackward(_) => (0, 0),
                BuildList(items) => (items, 1),
                GetRefCount => (1, 1),
                Call(callee) => (self.functions[callee].parameters, 1),
            };
            let rest = depth.checked_sub(takes);
            let depth = rest.ok_or_else(|| Problem::StackUnderflow.at(line))? + leaves;
            max_depth = max_depth.max(depth);
            match function.instructions[at] {
                ReturnValue if depth > 0 => return Err(Problem::LeftOver(depth).at(line)),
                ReturnValue => {}
                JumpForward(target) | JumpBackward(target) => pending.push((target, depth, line)),
                PopJumpIfFalse(target) => {
                    pending.extend([(target, depth, line), (at + 1, depth, line)]);
                }
                _ => pending.push((at + 1, depth, line)),
            }
        }
        Ok(max_depth)
    }
}

/// A function in the text, not yet looked into.
struct Source<'t> {
    name: &'t str,
    line: usize,
    parameters: Vec<&'t str>,
    labels: HashMap<&'t str, usize>,
    body: Vec<(usize, Vec<&'t str>)>,
}

fn split(text: &str) -> Result<Vec<Source<'_>>, ProgramError> {
    let mut sources: Vec<Source> = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let code = text.split('#').next().unwrap_or_default().trim();
        let twice = |name: &str| Problem::Duplicate(name.to_owned()).at(line);
        if code.is_empty() {
            continue;
        }
        if let Some(head) = code.strip_prefix("def ") {
            let source = definition(head, line)?;
            if sources.iter().any(|s| s.name == source.name) {
                return Err(twice(source.name));
            }
            sources.push(source);
            continue;
        }
        let Some(source) = sources.last_mut() else {
            return Err(Problem::OutsideFunction.at(line));
        };
        if let Some(label) = code.strip_suffix(':') {
            if source.labels.insert(label, source.body.len()).is_some() {
                return Err(twice(label));
            }
        } else {
            source.body.push((line, code.split_whitespace().collect()));
        }
    }
    Ok(sources)
}

/// Reads `NAME(a, b):`.
fn definition(head: &str, line: usize) -> Result<Source<'_>, ProgramError> {
    let parts = head
        .strip_suffix("):")
        .and_then(|head| head.split_once('('));
    let (name, list) = parts.ok_or_else(|| Problem::BadDefinition.at(line))?;
    let mut parameters = Vec::new();
    for parameter in list.split(',').map(str::trim) {
        if parameters.contains(&parameter) {
            return Err(Problem::Duplicate(parameter.to_owned()).at(line));
        }
        parameters.push(parameter);
    }
    if parameters == [""] {
        parameters.clear();
    }
    let word =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !word(name) || !parameters.iter().all(|p| word(p)) {
        return Err(Problem::BadDefinition.at(line));
    }
    Ok(Source {
        name,
        line,
        parameters,
        labels: HashMap::new(),
        body: Vec::new(),
    })
}

fn number(text: &str) -> Result<usize, Problem> {
    text.parse()
        .map_err(|_| Problem::BadOperand(text.to_owned()))
}

/// The index of the function that `CALL name given` calls.
fn call(sources: &[Source], name: &str, given: &str) -> Result<usize, Problem> {
    let found = sources.iter().position(|source| source.name == name);
    let index = found.ok_or_else(|| Problem::UnknownFunction(name.to_owned()))?;
    let (expected, given) = (sources[index].parameters.len(), number(given)?);
    if given == expected {
        Ok(index)
    } else {
        Err(Problem::ArgumentCount { expected, given })
    }
}

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
    fn at(self, line: usize) -> ProgramError {
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
