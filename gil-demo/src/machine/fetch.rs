//! [`Fetch`]: from where the next instruction is taken.

use std::slice::Iter;

use crate::program::Function;
use crate::program::Instruction;

/// A place in a function. CPython's `next_instr`.
pub(super) struct Fetch<'a> {
    instructions: &'a [Instruction],
    rest: Iter<'a, Instruction>,
}

// `inline(always)`: a call would need it in memory.
impl<'a> Fetch<'a> {
    pub(super) fn new(function: &'a Function, next: usize) -> Self {
        let instructions = function.instructions();
        Self {
            instructions,
            rest: instructions[next..].iter(),
        }
    }

    /// Takes the next instruction, without looking whether there is one. Between two instructions
    /// there then is no branch but the `match` itself, and the compiler ends each arm with a jump to
    /// the next one, as C does with computed gotos.
    ///
    /// # Safety
    ///
    /// There must be one: the function is executed from its beginning, each instruction that was
    /// taken before did what it says to the place (a jump, if it jumps), and none was a return.
    #[inline(always)]
    pub(super) unsafe fn next(&mut self) -> Instruction {
        debug_assert!(!self.rest.as_slice().is_empty());
        // SAFETY: a `Function` that has left the module `program`, outside of which its instructions can
        // be neither set nor changed, is verified: `verify` has followed every path from the beginning,
        // and none leaves the instructions before a return. The caller is on one of these paths.
        unsafe { *self.rest.next().unwrap_unchecked() }
    }

    #[inline(always)]
    pub(super) fn jump(&mut self, target: u32) {
        self.rest = self.instructions[target as usize..].iter();
    }

    /// The index of the next instruction.
    pub(super) fn place(&self) -> usize {
        self.instructions.len() - self.rest.len()
    }
}
