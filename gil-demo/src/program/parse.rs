//! From text to instructions.

use std::collections::HashMap;

use super::{Constant, Function, Instruction, Problem, Program, ProgramError};

impl Program {
    pub(super) fn assemble(
        &mut self,
        source: &Source,
        sources: &[Source],
    ) -> Result<Function, ProgramError> {
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
                let found = locals.iter().position(|&local| local == name).map(operand);
                found.ok_or_else(|| Problem::UnknownLocal(name.to_owned()))
            };
            let label = |name: &str, back: bool| match source.labels.get(name) {
                Some(&target) if (target <= at) == back => Ok(operand(target)),
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
                ("BUILD_LIST", &[n]) => number(n).map(operand).map(Instruction::BuildList),
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
    fn constant(&mut self, text: &str) -> Result<u32, Problem> {
        let constant = match text {
            "None" => Constant::None,
            "True" => Constant::Bool(true),
            "False" => Constant::Bool(false),
            _ => Constant::Int(text.parse().map_err(|_| Problem::BadOperand(text.into()))?),
        };
        let known = self.constants.iter().position(|&c| c == constant);
        Ok(operand(known.unwrap_or_else(|| {
            self.constants.push(constant);
            self.constants.len() - 1
        })))
    }
}

/// A function in the text, not yet looked into.
pub(super) struct Source<'t> {
    name: &'t str,
    pub(super) line: usize,
    parameters: Vec<&'t str>,
    labels: HashMap<&'t str, usize>,
    body: Vec<(usize, Vec<&'t str>)>,
}

pub(super) fn split(text: &str) -> Result<Vec<Source<'_>>, ProgramError> {
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

/// What is too large for an operand is larger than any index, and than any stack is deep.
fn operand(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The index of the function that `CALL name given` calls.
fn call(sources: &[Source], name: &str, given: &str) -> Result<u32, Problem> {
    let found = sources.iter().position(|source| source.name == name);
    let index = found.ok_or_else(|| Problem::UnknownFunction(name.to_owned()))?;
    let (expected, given) = (sources[index].parameters.len(), number(given)?);
    if given == expected {
        Ok(operand(index))
    } else {
        Err(Problem::ArgumentCount { expected, given })
    }
}
