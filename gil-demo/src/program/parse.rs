//! From text to instructions.

use std::collections::HashMap;
use std::hash::Hash;

use super::{Constant, Function, Instruction, Problem, Program, ProgramError};

/// Items in the order in which they first came, each once, and found by a hash: to search the list for
/// each item would take the square of their number.
pub(super) struct Numbered<T> {
    pub(super) items: Vec<T>,
    indices: HashMap<T, usize>,
}

impl<T: Copy + Eq + Hash> Numbered<T> {
    pub(super) fn new() -> Self {
        Self {
            items: Vec::new(),
            indices: HashMap::new(),
        }
    }

    fn find(&self, item: T) -> Option<usize> {
        self.indices.get(&item).copied()
    }

    /// The item's index; it is appended if it is new.
    fn number(&mut self, item: T) -> usize {
        *self.indices.entry(item).or_insert_with(|| {
            self.items.push(item);
            self.items.len() - 1
        })
    }

    /// Appends the item, if it is new: whether it is.
    fn add(&mut self, item: T) -> bool {
        let len = self.items.len();
        self.number(item) == len
    }
}

impl Program {
    pub(super) fn assemble(
        source: &Source,
        sources: &Sources,
        constants: &mut Numbered<Constant>,
    ) -> Result<Function, ProgramError> {
        let mut locals = Numbered::new();
        for &parameter in &source.parameters {
            locals.add(parameter);
        }
        for (_, words) in &source.body {
            if let ["STORE_FAST", local] = words[..] {
                locals.add(local);
            }
        }
        let mut function = Function {
            name: source.name.to_owned(),
            parameters: source.parameters.len(),
            locals: locals.items.iter().map(|&local| local.to_owned()).collect(),
            instructions: Vec::new(),
            lines: Vec::new(),
            max_depth: 0,
        };
        for (at, (line, words)) in source.body.iter().enumerate() {
            let local = |name: &str| {
                let found = locals.find(name).map(operand);
                found.ok_or_else(|| Problem::UnknownLocal(name.to_owned()))
            };
            let label = |name: &str, back: bool| match source.labels.get(name) {
                Some(&target) if (target <= at) == back => Ok(operand(target)),
                Some(_) => Err(Problem::WrongDirection(name.to_owned())),
                None => Err(Problem::UnknownLabel(name.to_owned())),
            };
            let decoded = match (words[0], &words[1..]) {
                ("LOAD_CONST", &[value]) => constant(value)
                    .map(|value| Instruction::LoadConst(operand(constants.number(value)))),
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
}

fn constant(text: &str) -> Result<Constant, Problem> {
    Ok(match text {
        "None" => Constant::None,
        "True" => Constant::Bool(true),
        "False" => Constant::Bool(false),
        _ => Constant::Int(text.parse().map_err(|_| Problem::BadOperand(text.into()))?),
    })
}

/// The functions in the text.
pub(super) struct Sources<'t> {
    names: Numbered<&'t str>,
    pub(super) functions: Vec<Source<'t>>,
}

/// A function in the text, not yet looked into.
pub(super) struct Source<'t> {
    name: &'t str,
    pub(super) line: usize,
    parameters: Vec<&'t str>,
    labels: HashMap<&'t str, usize>,
    body: Vec<(usize, Vec<&'t str>)>,
}

pub(super) fn split(text: &str) -> Result<Sources<'_>, ProgramError> {
    let mut sources = Sources {
        names: Numbered::new(),
        functions: Vec::new(),
    };
    for (line, text) in (1..).zip(text.lines()) {
        let code = text.split('#').next().unwrap_or_default().trim();
        let twice = |name: &str| Problem::Duplicate(name.to_owned()).at(line);
        if code.is_empty() {
            continue;
        }
        if let Some(head) = code.strip_prefix("def ") {
            let source = definition(head, line)?;
            if !sources.names.add(source.name) {
                return Err(twice(source.name));
            }
            sources.functions.push(source);
            continue;
        }
        let Some(source) = sources.functions.last_mut() else {
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
    let mut parameters = Numbered::new();
    for parameter in list.split(',').map(str::trim) {
        if !parameters.add(parameter) {
            return Err(Problem::Duplicate(parameter.to_owned()).at(line));
        }
    }
    let mut parameters = parameters.items;
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
fn call(sources: &Sources, name: &str, given: &str) -> Result<u32, Problem> {
    let found = sources.names.find(name);
    let index = found.ok_or_else(|| Problem::UnknownFunction(name.to_owned()))?;
    let expected = sources.functions[index].parameters.len();
    let given = number(given)?;
    if given == expected {
        Ok(operand(index))
    } else {
        Err(Problem::ArgumentCount { expected, given })
    }
}
