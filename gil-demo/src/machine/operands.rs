//! [`Operands`]: the stack of operands. That one is there where it is taken has been verified.

use crate::object::ObjectRef;

/// The first `top` are references of ours.
pub(super) struct Operands {
    values: Vec<ObjectRef>,
    top: usize,
    /// What is where no operand is yet.
    filler: ObjectRef,
}

impl Operands {
    pub(super) fn new(filler: ObjectRef) -> Self {
        Self {
            values: Vec::new(),
            top: 0,
            filler,
        }
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, depth: usize) {
        let len = self.values.len().max(self.top + depth);
        self.values.resize(len, self.filler);
    }

    pub(super) fn all(&self) -> &[ObjectRef] {
        &self.values[..self.top]
    }

    pub(super) fn pop_many(&mut self, count: usize) -> &[ObjectRef] {
        let end = self.top;
        self.top -= count;
        &self.values[self.top..end]
    }

    #[inline]
    pub(super) fn slots(&mut self) -> Slots<'_> {
        Slots {
            top: self.top,
            values: &mut self.values,
            at_the_end: &mut self.top,
        }
    }
}

/// The stack as the machine's loop wants it: with `top` in a register. When the loop ends, also by a
/// panic, it is written back.
pub(super) struct Slots<'o> {
    values: &'o mut [ObjectRef],
    top: usize,
    at_the_end: &'o mut usize,
}

// `inline(always)`: a call would need `top` in memory.
impl Slots<'_> {
    #[inline(always)]
    pub(super) fn push(&mut self, object: ObjectRef) {
        self.values[self.top] = object;
        self.top += 1;
    }

    #[inline(always)]
    pub(super) fn pop(&mut self) -> ObjectRef {
        self.top -= 1;
        self.values[self.top]
    }

    #[inline(always)]
    pub(super) fn top(&self) -> ObjectRef {
        self.values[self.top - 1]
    }

    #[inline(always)]
    pub(super) fn top_two(&self) -> (ObjectRef, ObjectRef) {
        (self.values[self.top - 2], self.values[self.top - 1])
    }

    #[inline(always)]
    pub(super) fn top_many(&self, count: usize) -> &[ObjectRef] {
        &self.values[self.top - count..self.top]
    }

    /// Puts the result in the place of so many operands.
    #[inline(always)]
    pub(super) fn replace(&mut self, count: usize, result: ObjectRef) {
        self.top -= count;
        self.push(result);
    }
}

impl Drop for Slots<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        *self.at_the_end = self.top;
    }
}
