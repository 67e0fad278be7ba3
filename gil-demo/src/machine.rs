//! [`run`]: the loop that executes a [`Program`](crate::program::Program). CPython's `Python/ceval.c`.
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
//! To copy: this file, `gil.rs`, `object.rs`, `program.rs`, and the folders `machine`, `object`,
//! `program`. Needs: std only.

use std::mem;

use crate::gil::GilGuard;
use crate::object::Heap;
use crate::program::Function;

mod code; // a program in a heap
mod error; // why a run has no result
mod eval; // the loop
mod fetch; // from where it takes the next instruction
mod stack; // locals and operands

pub use code::Code;
pub use error::{Exception, RunError};
use eval::{Event, Operator};
use stack::Stack;

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
        stack: Stack::new(arguments.len()),
        callers: Vec::new(),
    };
    for &argument in arguments {
        let object = machine.lock.heap().int(argument);
        machine.stack.push(object);
    }
    let frame = machine.enter(function);
    machine.execute(frame)
}

struct Machine<'a, L: Lock> {
    code: &'a Code<'a>,
    lock: &'a mut L,
    stack: Stack,
    callers: Vec<Frame<'a>>,
}

/// A function that is being executed. CPython's `_PyInterpreterFrame`.
struct Frame<'a> {
    function: &'a Function,
    /// The next instruction.
    next: usize,
    /// Where its values begin.
    base: usize,
}

impl<'a, L: Lock> Machine<'a, L> {
    fn execute(&mut self, mut frame: Frame<'a>) -> Result<i64, RunError> {
        loop {
            match self.eval(&mut frame) {
                Event::Operator(operator) => self
                    .operate(operator)
                    .map_err(|exception| frame.raised(exception))?,
                Event::BuildList(len) => {
                    let mut values = self.stack.frame(0);
                    let list = self.lock.heap().list(values.top_many(len));
                    values.replace(len, list);
                }
                Event::GetRefCount => {
                    let (heap, mut values) = (self.lock.heap(), self.stack.frame(0));
                    let object = values.top();
                    let count = heap.ref_count(object);
                    values.replace(1, heap.int(count.into()));
                    heap.decref(object);
                }
                Event::Condition(target) => {
                    let heap = self.lock.heap();
                    let condition = self.stack.frame(0).pop();
                    if !heap.value(condition).truth() {
                        frame.next = target as usize;
                    }
                    heap.decref(condition);
                }
                Event::Drop(object) => self.lock.heap().decref(object),
                Event::DropTwo(a, b) => {
                    let heap = self.lock.heap();
                    heap.decref(a);
                    heap.decref(b);
                }
                Event::NotLoaded(object) => {
                    self.lock.heap().incref(object); // panics, and says why
                    unreachable!("the loop has tried it");
                }
                Event::Call(_) if self.callers.len() + 1 == RECURSION_LIMIT => {
                    return Err(frame.raised(Exception::Recursion));
                }
                Event::Call(index) => {
                    let function = &self.code.program.functions[index as usize];
                    let callee = self.enter(function);
                    self.callers.push(mem::replace(&mut frame, callee));
                    self.lock.check();
                }
                Event::Return(value) => {
                    let heap = self.lock.heap();
                    let locals = self.stack.leave(frame.base);
                    locals.for_each(|object| heap.decref(object));
                    let Some(caller) = self.callers.pop() else {
                        let (result, name) =
                            (heap.value(value).as_int(), heap.value(value).type_name());
                        heap.decref(value);
                        return result.ok_or(RunError::NotAnInt(name));
                    };
                    frame = caller;
                    self.stack.push(value);
                }
                Event::Unbound(local) => {
                    let name = frame.function.locals[local as usize].clone();
                    return Err(frame.raised(Exception::UnboundLocal(name)));
                }
            }
        }
    }

    /// What an operator does with two operands of any type.
    fn operate(&mut self, operator: Operator) -> Result<(), Exception> {
        let heap = self.lock.heap();
        let mut values = self.stack.frame(0);
        let (a, b) = values.top_two();
        let (Some(x), Some(y)) = (heap.value(a).as_int(), heap.value(b).as_int()) else {
            let names = [a, b].map(|object| heap.value(object).type_name());
            return Err(Exception::Type(operator.sign(), names[0], names[1]));
        };
        let result = match operator {
            Operator::Less => Some(heap.bool(x < y)),
            Operator::Add => x.checked_add(y).map(|sum| heap.int(sum)),
            Operator::Multiply => x.checked_mul(y).map(|product| heap.int(product)),
        };
        values.replace(2, result.ok_or(Exception::Overflow)?);
        heap.decref(a);
        heap.decref(b);
        Ok(())
    }

    /// A frame whose arguments are on top of the stack.
    fn enter(&mut self, function: &'a Function) -> Frame<'a> {
        let (parameters, locals) = (function.parameters, function.locals.len());
        let base = self.stack.enter(parameters, locals, function.max_depth);
        Frame {
            function,
            next: 0,
            base,
        }
    }
}

/// Gives up what a run still has, whether it returned, failed or panicked.
impl<L: Lock> Drop for Machine<'_, L> {
    fn drop(&mut self) {
        let heap = self.lock.heap();
        for object in self.stack.leave(0) {
            // In another heap there is nothing of ours; and others may have counted down what is.
            let _ = heap.try_decref(object);
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
