//! [`Stack`]: the locals and operands of all frames. CPython's `localsplus`.

use crate::object::ObjectRef;

/// The first `top` are references of ours, or null where a local is not bound. The arguments of a
/// call are its first locals where they are, above them are its other locals, then its operands.
pub(super) struct Stack {
    values: Vec<ObjectRef>,
    top: usize,
}

impl Stack {
    /// With room for as many values.
    pub(super) fn new(room: usize) -> Self {
        Self {
            values: vec![ObjectRef::NULL; room],
            top: 0,
        }
    }

    /// Begins a frame; where.
    pub(super) fn enter(&mut self, parameters: usize, locals: usize, max_depth: usize) -> usize {
        let base = self.top - parameters;
        let needed = base + locals + max_depth;
        let len = self.values.len().max(needed);
        self.values.resize(len, ObjectRef::NULL);
        self.values[self.top..base + locals].fill(ObjectRef::NULL);
        self.top = base + locals;
        base
    }

    /// Ends the frame that begins there; the references that it still has.
    pub(super) fn leave(&mut self, base: usize) -> impl Iterator<Item = ObjectRef> {
        let values = &self.values[base..self.top];
        self.top = base;
        values.iter().copied().filter(|&v| v != ObjectRef::NULL)
    }

    /// The frame that begins there and ends at the top.
    #[inline]
    pub(super) fn frame(&mut self, base: usize) -> Values<'_> {
        Values {
            top: self.top - base,
            base,
            values: &mut self.values[base..],
            stack_top: &mut self.top,
        }
    }

    pub(super) fn push(&mut self, object: ObjectRef) {
        self.frame(0).push(object);
    }
}

/// One frame's values for the machine's loop, which keeps `top` in a register: it is written back in
/// the end, also when a panic unwinds. That an operand is there where one is taken is verified.
pub(super) struct Values<'s> {
    values: &'s mut [ObjectRef],
    top: usize,
    base: usize,
    stack_top: &'s mut usize,
}

// `inline(always)`: a call would need `top` in memory.
impl Values<'_> {
    #[inline(always)]
    pub(super) fn local(&mut self, index: u32) -> &mut ObjectRef {
        &mut self.values[index as usize]
    }

    #[inline(always)]
    pub(super) fn push(&mut self, object: ObjectRef) {
        self.values[self.top] = object;
        self.top += 1;
    }

    #[inline(always)]
    pub(super) fn pop(&mut self) -> ObjectRef {
        let object = self.values[self.top - 1];
        self.top -= 1;
        object
    }

    #[inline(always)]
    pub(super) fn top(&self) -> ObjectRef {
        self.values[self.top - 1]
    }

    #[inline(always)]
    pub(super) fn top_two(&self) -> (ObjectRef, ObjectRef) {
        let [.., a, b] = self.values[..self.top] else {
            unreachable!("the program is verified");
        };
        (a, b)
    }

    #[inline(always)]
    pub(super) fn top_many(&self, count: usize) -> &[ObjectRef] {
        &self.values[self.top - count..self.top]
    }

    /// Puts the result in the place of so many operands.
    #[inline(always)]
    pub(super) fn replace(&mut self, count: usize, result: ObjectRef) {
        let index = self.top - count;
        self.values[index] = result;
        self.top = index + 1;
    }
}

impl Drop for Values<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        *self.stack_top = self.base + self.top;
    }
}
