//! [`Machine::eval`]: the loop itself.

use std::mem;

use crate::object::ObjectRef;
use crate::object::Value;
use crate::program::Function;
use crate::program::Instruction;

use super::{Frame, Lock, Machine};

/// Why the loop was left.
pub(super) enum Event<'a> {
    Call(&'a Function),
    Return(ObjectRef),
    /// The operands are not two ints, or their result does not fit, or the heap is full: the loop
    /// knows the simple case alone, as an instruction that CPython has specialised.
    Operator(Operator),
    /// The heap is full. The instruction has done nothing yet.
    Full,
    /// No instruction is left. An event and not a panic: its unwinding costs the loop registers.
    End,
    /// The local is not bound.
    Unbound(u32),
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
    /// Executes the frame up to a call or its return. CPython's `_PyEval_EvalFrameDefault`.
    #[inline(never)]
    pub(super) fn eval(&mut self, frame: &mut Frame<'a>) -> Event<'a> {
        let function = frame.function;
        let instructions = &*function.instructions;
        let constants = &*self.code.constants;
        let mut values = self.stack.frame(frame.base);
        let mut code = instructions[frame.next..].iter();
        let lock = &mut *self.lock;
        let mut objects = lock.heap().objects();
        let event = loop {
            let Some(&instruction) = code.next() else {
                break Event::End;
            };
            match instruction {
                Instruction::LoadConst(index) => {
                    let object = constants[index as usize];
                    objects.incref(object);
                    values.push(object);
                }
                Instruction::LoadFast(index) => {
                    let object = *values.local(index);
                    if object == ObjectRef::NULL {
                        break Event::Unbound(index);
                    }
                    objects.incref(object);
                    values.push(object);
                }
                Instruction::StoreFast(index) => {
                    let object = values.pop();
                    let old = mem::replace(values.local(index), object);
                    if old != ObjectRef::NULL {
                        objects.decref_last(old);
                    }
                }
                Instruction::CompareLess => {
                    let (a, b) = values.top_two();
                    let Some((x, y)) = objects.ints(a, b) else {
                        break Event::Operator(Operator::Less);
                    };
                    let result = objects.bool(x < y);
                    objects.decref(a);
                    objects.decref(b);
                    values.replace(2, result);
                }
                Instruction::BinaryAdd => {
                    let (a, b) = values.top_two();
                    let sum = objects.ints(a, b).and_then(|(x, y)| x.checked_add(y));
                    let Some(result) = sum.and_then(|sum| objects.make(Value::Int(sum))) else {
                        break Event::Operator(Operator::Add);
                    };
                    objects.decref(a);
                    objects.decref(b);
                    values.replace(2, result);
                }
                Instruction::BinaryMultiply => {
                    let (a, b) = values.top_two();
                    let product = objects.ints(a, b).and_then(|(x, y)| x.checked_mul(y));
                    let Some(result) = product.and_then(|it| objects.make(Value::Int(it))) else {
                        break Event::Operator(Operator::Multiply);
                    };
                    objects.decref(a);
                    objects.decref(b);
                    values.replace(2, result);
                }
                Instruction::PopJumpIfFalse(target) => {
                    let condition = values.pop();
                    if !objects.truth(condition) {
                        code = instructions[target as usize..].iter();
                    }
                    objects.decref(condition);
                }
                Instruction::JumpForward(target) => code = instructions[target as usize..].iter(),
                Instruction::JumpBackward(target) => {
                    code = instructions[target as usize..].iter();
                    // Whatever was borrowed from the heap ends here: another thread may have it.
                    lock.check();
                    objects = lock.heap().objects();
                }
                Instruction::BuildList(len) => {
                    let items = values.top_many(len as usize).into();
                    let Some(list) = objects.make(Value::List(items)) else {
                        break Event::Full;
                    };
                    values.replace(len as usize, list);
                }
                Instruction::GetRefCount => {
                    let object = values.top();
                    let count = objects.ref_count(object).into();
                    let Some(count) = objects.make(Value::Int(count)) else {
                        break Event::Full;
                    };
                    objects.decref(object);
                    values.replace(1, count);
                }
                Instruction::Call(index) => {
                    let callee = &self.code.program.functions[index as usize];
                    break Event::Call(callee);
                }
                Instruction::PopTop => objects.decref(values.pop()),
                Instruction::ReturnValue => break Event::Return(values.pop()),
            }
        };
        frame.next = instructions.len() - code.len();
        event
    }
}
