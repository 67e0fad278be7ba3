//! Whether the instructions of a function fit together.

use super::{Instruction, Problem, Program, ProgramError};

impl Program {
    /// Follows every path with the number of operands alone; the most there are at once.
    pub(super) fn verify(&self, function: usize, first_line: usize) -> Result<usize, ProgramError> {
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
                BuildList(items) => (items as usize, 1),
                GetRefCount => (1, 1),
                Call(callee) => (self.functions[callee as usize].parameters, 1),
            };
            let rest = depth.checked_sub(takes);
            let depth = rest.ok_or_else(|| Problem::StackUnderflow.at(line))? + leaves;
            max_depth = max_depth.max(depth);
            match function.instructions[at] {
                ReturnValue if depth > 0 => return Err(Problem::LeftOver(depth).at(line)),
                ReturnValue => {}
                JumpForward(target) | JumpBackward(target) => {
                    pending.push((target as usize, depth, line))
                }
                PopJumpIfFalse(target) => {
                    pending.extend([(target as usize, depth, line), (at + 1, depth, line)]);
                }
                _ => pending.push((at + 1, depth, line)),
            }
        }
        Ok(max_depth)
    }
}
