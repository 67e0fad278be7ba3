//! [`run`]: the loop that executes a [`Program`]. CPython's `Python/ceval.c`.
//!
//! It does by hand what CPython's C does by hand: who copies a reference counts up, who drops one
//! counts down. A turn of `while count < n: count += 1` is nine instructions, and about as many
//! changes to plain counts; each of them is why the lock is there.
//!
//! The same code runs under the lock and without it. Under the lock the heap, and with it the very
//! same constants, is shared, and the lock is handed over where it has been asked for: at a backward
//! jump or a call, as in CPython. Without it each thread needs a heap of its own.
//!
//! Where Rust differs: during a hand-over nothing can be borrowed from the heap, the compiler sees to
//! it. An int has 64 bits, and what does not fit is an error.
//!
//! To copy: this file, `gil.rs`, `object.rs`, `program.rs`. Needs: std only.

use std::error::Error;
use std::fmt;
use std::mem;

use crate::gil::GilGuard;
use crate::object::Heap;
use crate::object::ObjectRef;
use crate::program::Constant;
use crate::program::Function;
use crate::program::Instruction;
use crate::program::Program;

/// How deep calls may be nested. CPython's default for `sys.setrecursionlimit()`.
pub const RECURSION_LIMIT: usize = 1000;

/// How the machine gets at the heap.
pub trait Lock {
    /// The heap. Nobody else has it meanwhile.
    fn heap(&mut self) -> &mut Heap;

    /// Called at each backward jump and each call: the occasion to let others have the heap.
    fn check(&mut self);
}

/// The heap is shared, and handed over on request.
impl Lock for GilGuard<'_, Heap> {
    #[inline]
    fn heap(&mut self) -> &mut Heap {
        self
    }

    #[inline]
    fn check(&mut self) {
        GilGuard::check(self);
    }
}

/// The heap is not shared: there is nobody to let have it.
impl Lock for Heap {
    #[inline]
    fn heap(&mut self) -> &mut Heap {
        self
    }

    #[inline]
    fn check(&mut self) {}
}

/// A program whose constants are objects of a heap. CPython's code objects with their `co_consts`.
///
/// Made once for a heap and run by any number of threads, which then all count the same constants.
///
/// ```
/// use gil_demo::gil::Gil;
/// use gil_demo::machine::{Code, run};
/// use gil_demo::object::Heap;
/// use gil_demo::program::{CPU_TASK, Program};
///
/// let program = Program::parse(CPU_TASK)?;
/// let mut heap = Heap::new();
/// let code = Code::load(&program, &mut heap);
/// assert_eq!(run(&code, "cpu_task", &[10], &mut heap), Ok(10)); // without a lock
///
/// let gil = Gil::new(heap);
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| {
///             let mut guard = gil.acquire().expect("not held");
///             assert_eq!(run(&code, "cpu_task", &[1000], &mut guard), Ok(1000));
///         });
///     }
/// });
/// code.unload(&mut gil.into_inner());
/// # Ok::<(), gil_demo::program::ProgramError>(())
/// ```
#[derive(Debug)]
#[must_use = "its constants stay in the heap until it is unloaded"]
pub struct Code<'p> {
    program: &'p Program,
    /// In the order of the program's constants. One reference to each is ours.
    constants: Vec<ObjectRef>,
    /// An object of the heap, to recognise it by. One reference is ours.
    heap: ObjectRef,
}

impl<'p> Code<'p> {
    /// Makes the program's constants in the heap.
    pub fn load(program: &'p Program, heap: &mut Heap) -> Self {
        let make = |constant: &Constant| match *constant {
            Constant::None => heap.none(),
            Constant::Bool(value) => heap.bool(value),
            Constant::Int(value) => heap.int(value),
        };
        Self {
            program,
            constants: program.constants.iter().map(make).collect(),
            heap: heap.none(),
        }
    }

    /// The program's constants, in the order in which they first appear in it.
    pub fn constants(&self) -> &[ObjectRef] {
        &self.constants
    }

    /// Gives up the constants.
    ///
    /// # Panics
    ///
    /// If they were made in another heap.
    pub fn unload(self, heap: &mut Heap) {
        heap.decref(self.heap);
        self.constants
            .iter()
            .for_each(|&object| heap.decref(object));
    }
}

/// Calls a function of the program, and waits for its result, an int (or a bool, which is one).
///
/// Whatever the end, the references that the run had are given up, also when `lock` panics.
///
/// # Errors
///
/// [`RunError`].
///
/// # Panics
///
/// If somebody who was let have the heap has replaced it by another.
pub fn run<L: Lock>(
    code: &Code<'_>,
    function: &str,
    arguments: &[i64],
    lock: &mut L,
) -> Result<i64, RunError> {
    let heap = lock.heap();
    heap.get(code.heap).map_err(|_| RunError::HeapMismatch)?;
    let mut functions = code.program.functions.iter();
    let Some(function) = functions.find(|f| f.name == function) else {
        return Err(RunError::UnknownFunction(function.to_owned()));
    };
    if arguments.len() != function.parameters {
        return Err(RunError::ArgumentCount {
            expected: function.parameters,
            given: arguments.len(),
        });
    }
    let mut machine = Machine {
        code,
        lock,
        values: Vec::new(),
        callers: Vec::new(),
    };
    let mut frame = machine.enter(function);
    let heap = machine.lock.heap();
    for (local, &argument) in machine.values.iter_mut().zip(arguments) {
        *local = Some(heap.int(argument));
    }
    machine.execute(&mut frame)
}

struct Machine<'a, L: Lock> {
    code: &'a Code<'a>,
    lock: &'a mut L,
    /// Of each frame the locals, then room for the operands. What is there is a reference of ours.
    /// CPython's `localsplus`.
    values: Vec<Option<ObjectRef>>,
    callers: Vec<Frame<'a>>,
}

/// A function that is being executed. CPython's `_PyInterpreterFrame`.
struct Frame<'a> {
    function: &'a Function,
    /// The next instruction.
    next: usize,
    /// Where its values begin.
    base: usize,
    /// Where its next operand goes, counted from `base`.
    top: usize,
}

/// Why the loop was left.
enum Event<'a> {
    Call(&'a Function),
    Return(ObjectRef),
}

impl<'a, L: Lock> Machine<'a, L> {
    fn execute(&mut self, frame: &mut Frame<'a>) -> Result<i64, RunError> {
        loop {
            match self.eval(frame) {
                Ok(Event::Call(_)) if self.callers.len() + 1 == RECURSION_LIMIT => {
                    return Err(frame.raised(Exception::Recursion));
                }
                Ok(Event::Call(function)) => {
                    let callee = self.enter(function);
                    frame.top -= function.parameters;
                    let (caller, locals) = self.values.split_at_mut(callee.base);
                    let arguments = &mut caller[frame.base + frame.top..][..function.parameters];
                    locals[..function.parameters].swap_with_slice(arguments);
                    self.callers.push(mem::replace(frame, callee));
                    self.lock.check();
                }
                Ok(Event::Return(value)) => {
                    let heap = self.lock.heap();
                    let locals = self.values.drain(frame.base..).flatten();
                    locals.for_each(|object| heap.decref(object));
                    let Some(caller) = self.callers.pop() else {
                        let (result, name) =
                            (heap.value(value).as_int(), heap.value(value).type_name());
                        heap.decref(value);
                        return result.ok_or(RunError::NotAnInt(name));
                    };
                    *frame = caller;
                    self.values[frame.base + frame.top] = Some(value);
                    frame.top += 1;
                }
                Err(exception) => return Err(frame.raised(exception)),
            }
        }
    }

    /// A frame with nothing in it yet.
    fn enter(&mut self, function: &'a Function) -> Frame<'a> {
        let base = self.values.len();
        let top = function.locals.len();
        self.values.resize(base + top + function.max_depth, None);
        Frame {
            function,
            next: 0,
            base,
            top,
        }
    }

    /// Executes the frame up to a call or its return. CPython's `_PyEval_EvalFrameDefault`.
    #[inline(never)]
    fn eval(&mut self, frame: &mut Frame<'a>) -> Result<Event<'a>, Exception> {
        let function = frame.function;
        let instructions = &*function.instructions;
        let constants = &*self.code.constants;
        let mut values = Values {
            values: &mut self.values[frame.base..],
            top: frame.top,
        };
        let mut next = frame.next;
        let mut heap = self.lock.heap();
        let event = loop {
            let instruction = instructions[next];
            next += 1;
            match instruction {
                Instruction::LoadConst(index) => {
                    heap.incref(constants[index]);
                    values.push(constants[index]);
                }
                Instruction::LoadFast(index) => {
                    let Some(object) = values.values[index] else {
                        let name = function.locals[index].clone();
                        break Err(Exception::UnboundLocal(name));
                    };
                    heap.incref(object);
                    values.push(object);
                }
                Instruction::StoreFast(index) => {
                    let object = values.pop();
                    if let Some(old) = values.values[index].replace(object) {
                        heap.decref(old);
                    }
                }
                Instruction::CompareLess => {
                    let Some((a, b)) = values.ints(heap) else {
                        break Err(type_error("<", values.top_two(), heap));
                    };
                    let result = heap.bool(a < b);
                    values.replace_two(result, heap);
                }
                Instruction::BinaryAdd => {
                    let Some((a, b)) = values.ints(heap) else {
                        break Err(type_error("+", values.top_two(), heap));
                    };
                    let Some(sum) = a.checked_add(b) else {
                        break Err(Exception::Overflow);
                    };
                    let result = heap.int(sum);
                    values.replace_two(result, heap);
                }
                Instruction::BinaryMultiply => {
                    let Some((a, b)) = values.ints(heap) else {
                        break Err(type_error("*", values.top_two(), heap));
                    };
                    let Some(product) = a.checked_mul(b) else {
                        break Err(Exception::Overflow);
                    };
                    let result = heap.int(product);
                    values.replace_two(result, heap);
                }
                Instruction::PopJumpIfFalse(target) => {
                    let condition = values.pop();
                    if !heap.value(condition).truth() {
                        next = target;
                    }
                    heap.decref(condition);
                }
                Instruction::JumpForward(target) => next = target,
                Instruction::JumpBackward(target) => {
                    next = target;
                    // Whatever was borrowed from the heap ends here: another thread may have it.
                    self.lock.check();
                    heap = self.lock.heap();
                }
                Instruction::BuildList(len) => {
                    let list = heap.list(values.pop_many(len));
                    values.push(list);
                }
                Instruction::GetRefCount => {
                    let object = values.pop();
                    let count = heap.int(heap.ref_count(object).into());
                    heap.decref(object);
                    values.push(count);
                }
                Instruction::Call(index) => {
                    break Ok(Event::Call(&self.code.program.functions[index]));
                }
                Instruction::PopTop => heap.decref(values.pop()),
                Instruction::ReturnValue => break Ok(Event::Return(values.pop())),
            }
        };
        (frame.next, frame.top) = (next, values.top);
        event
    }
}

/// Gives up what a run still has, whether it returned, failed or panicked.
impl<L: Lock> Drop for Machine<'_, L> {
    fn drop(&mut self) {
        let heap = self.lock.heap();
        // In another heap there is nothing of ours, and a panic while one unwinds would abort.
        if heap.get(self.code.heap).is_ok() {
            let values = self.values.drain(..).flatten();
            values.for_each(|object| heap.decref(object));
        }
    }
}

impl Frame<'_> {
    fn raised(&self, exception: Exception) -> RunError {
        RunError::Raised {
            line: self.function.lines[self.next - 1],
            exception,
        }
    }
}

/// A frame's locals and operands. That an operand is there where one is taken has been verified.
struct Values<'v> {
    values: &'v mut [Option<ObjectRef>],
    top: usize,
}

// `inline(always)`: a call would keep `top` in memory.
impl Values<'_> {
    #[inline(always)]
    fn push(&mut self, object: ObjectRef) {
        self.values[self.top] = Some(object);
        self.top += 1;
    }

    #[inline(always)]
    fn pop(&mut self) -> ObjectRef {
        self.top -= 1;
        let Some(object) = self.values[self.top].take() else {
            unreachable!("the program is verified");
        };
        object
    }

    #[inline(always)]
    fn pop_many(&mut self, len: usize) -> Vec<ObjectRef> {
        let end = self.top;
        self.top -= len;
        let items = self.values[self.top..end].iter_mut();
        items.filter_map(Option::take).collect()
    }

    #[inline(always)]
    fn top_two(&self) -> (ObjectRef, ObjectRef) {
        let [Some(a), Some(b)] = self.values[self.top - 2..self.top] else {
            unreachable!("the program is verified");
        };
        (a, b)
    }

    /// The two ints on top. They stay there, so that an error loses no reference.
    #[inline(always)]
    fn ints(&self, heap: &Heap) -> Option<(i64, i64)> {
        let (a, b) = self.top_two();
        Some((heap.value(a).as_int()?, heap.value(b).as_int()?))
    }

    /// Gives up the two operands on top, and puts the result in their place.
    #[inline(always)]
    fn replace_two(&mut self, result: ObjectRef, heap: &mut Heap) {
        heap.decref(self.pop());
        heap.decref(self.pop());
        self.push(result);
    }
}

#[cold]
fn type_error(operator: &'static str, (a, b): (ObjectRef, ObjectRef), heap: &Heap) -> Exception {
    Exception::Type(
        operator,
        heap.value(a).type_name(),
        heap.value(b).type_name(),
    )
}

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
    /// Calls are nested deeper than [`RECURSION_LIMIT`]. Python's `RecursionError`.
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
