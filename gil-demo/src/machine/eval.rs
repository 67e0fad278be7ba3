//! [`Machine::eval`]: the loop itself.

use std::mem;

use crate::object::ObjectRef;
use crate::object::Value;
use crate::program::Instruction;

use super::fetch::Fetch;
use super::{Frame, Lock, Machine};

/// Why the loop was left. It knows the simple case of each instruction, as an instruction that CPython
/// has specialised, and calls nothing but the lock: around a call it would have to put its registers
/// aside.
pub(super) enum Event {
    Call(u32),
    Return(ObjectRef),
    /// The operands are not two ints, or their result does not fit, or the heap is full.
    Operator(Operator),
    BuildList(usize),
    GetRefCount,
    /// The condition is no bool. If it is false, the next instruction is this one.
    Condition(u32),
    /// What was to be loaded is not an object of the heap.
    NotLoaded(ObjectRef),
    /// The local is not bound.
    Unbound(u32),
    /// A reference is left to be dropped, and is the last one.
    Drop(ObjectRef),
    DropTwo(ObjectRef, ObjectRef),
}

#[derive(Clone, Copy)]
pub(super) enum Operator {
    Less,
    Add,
    Multiply,
}

impl Operator {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::Add => "+",
            Self::Multiply => "*",
        }
    }
}

impl<'a, L: Lock> Machine<'a, L> {
    /// Executes the frame up to an [`Event`]. CPython's `_PyEval_EvalFrameDefault`.
    #[inline(never)]
    pub(super) fn eval(&mut self, frame: &mut Frame<'a>) -> Event {
        let constants = &*self.code.constants;
        let mut values = self.stack.frame(frame.base);
        let mut code = Fetch::new(frame.function, frame.next);
        let lock = &mut *self.lock;
        let mut objects = lock.heap().objects();
        let event = loop {
            // SAFETY: a frame begins with its function's first instruction and goes on with the one
            // that comes next, or that a jump here or in `execute` names. It ends with its return.
            let instruction = unsafe { code.next() };
            match instruction {
                Instruction::LoadConst(index) => {
                    let object = constants[index as usize];
                    if !objects.incref(object) {
                        break Event::NotLoaded(object);
                    }
                    values.push(object);
                }
                Instruction::LoadFast(index) => {
                    let object = *values.local(index);
                    if !objects.incref(object) {
                        break match object {
                            ObjectRef::NULL => Event::Unbound(index),
                            _ => Event::NotLoaded(object),
                        };
                    }
                    values.push(object);
                }
                Instruction::StoreFast(index) => {
                    let object = values.pop();
                    let old = mem::replace(values.local(index), object);
                    if old != ObjectRef::NULL && !objects.decref_last(old) {
                        break Event::Drop(old);
                    }
                }
                Instruction::CompareLess => {
                    let (a, b) = values.top_two();
                    let less = objects.ints(a, b).map(|(x, y)| x < y);
                    let Some(result) = less.and_then(|less| objects.bool(less)) else {
                        break Event::Operator(Operator::Less);
                    };
                    values.replace(2, result);
                    if !objects.decref(a) {
                        break Event::DropTwo(a, b);
                    }
                    if !objects.decref(b) {
                        break Event::Drop(b);
                    }
                }
                Instruction::BinaryAdd => {
                    let (a, b) = values.top_two();
                    let sum = objects.ints(a, b).and_then(|(x, y)| x.checked_add(y));
                    let Some(result) = sum.and_then(|sum| objects.make(Value::Int(sum))) else {
                        break Event::Operator(Operator::Add);
                    };
                    values.replace(2, result);
                    if !objects.decref(a) {
                        break Event::DropTwo(a, b);
                    }
                    if !objects.decref(b) {
                        break Event::Drop(b);
                    }
                }
                Instruction::BinaryMultiply => {
                    let (a, b) = values.top_two();
                    let product = objects.ints(a, b).and_then(|(x, y)| x.checked_mul(y));
                    let Some(result) = product.and_then(|it| objects.make(Value::Int(it))) else {
                        break Event::Operator(Operator::Multiply);
                    };
                    values.replace(2, result);
                    if !objects.decref(a) {
                        break Event::DropTwo(a, b);
                    }
                    if !objects.decref(b) {
                        break Event::Drop(b);
                    }
                }
                Instruction::PopJumpIfFalse(target) => {
                    let condition = values.top();
                    if objects.is_false(condition) {
                        code.jump(target);
                    } else if !objects.is_true(condition) {
                        break Event::Condition(target);
                    }
                    values.pop();
                    if !objects.decref(condition) {
                        break Event::Drop(condition);
                    }
                }
                Instruction::JumpForward(target) => code.jump(target),
                Instruction::JumpBackward(target) => {
                    code.jump(target);
                    // Whatever was borrowed from the heap ends here: another thread may have it.
                    lock.check();
                    objects = lock.heap().objects();
                }
                Instruction::PopTop => {
                    let object = values.pop();
                    if !objects.decref_last(object) {
                        break Event::Drop(object);
                    }
                }
                Instruction::BuildList(len) => break Event::BuildList(len as usize),
                Instruction::GetRefCount => break Event::GetRefCount,
                Instruction::Call(index) => break Event::Call(index),
                Instruction::ReturnValue => break Event::Return(values.pop()),
            }
        };
        frame.next = code.place();
        event
    }
}
