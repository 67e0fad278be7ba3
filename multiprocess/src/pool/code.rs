//! [`Function`]: how the address of a function travels to a worker and is a function again there.
//!
//! All unsafe code of that kind is here. It stands on three facts:
//!
//! 1. The parent, the broker and the workers are forks of one process: what was mapped as code when
//!    the pool was built is at the same address in all of them. [`Code`] remembers what was, so that a
//!    function of a library loaded later is refused by the worker.
//! 2. An address comes from [`Function::of`] only, over a socket pair that nobody else has.
//! 3. A function's value has no bytes, so that there is nothing else to send. What the types cannot rule
//!    out: a closure that captured a value without bytes which *proves* something, that a library was
//!    initialised, say. Proof made after the pool was built does not hold in the workers.

use std::fs;
use std::io;
use std::mem;
use std::ops::Range;
use std::ptr::NonNull;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::task;

/// Takes a task's items, and appends their results.
type Call = fn(&[u8], &mut Vec<u8>);

/// The address of code that runs one certain function on a task's items.
#[derive(Clone, Copy)]
pub struct Function(u64);

impl Function {
    /// Of a plain function or a closure that captures nothing. Anything else does not compile.
    pub fn of<F, A, R>(_: F) -> Self
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: DeserializeOwned,
        R: Serialize,
    {
        const {
            assert!(
                size_of::<F>() == 0,
                "a pool's function is a plain `fn`, by its name, or a closure that captures nothing: \
                 give it what it needs as an argument"
            );
        }
        let call: Call = call::<F, A, R>;
        Self(call as usize as u64)
    }

    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }
}

/// Private: only `Function::of`, which was given an `F`, can name it.
fn call<F, A, R>(arguments: &[u8], results: &mut Vec<u8>)
where
    F: Fn(A) -> R + Copy + Send + 'static,
    A: DeserializeOwned,
    R: Serialize,
{
    // SAFETY: it has no bytes to read, and a value of this type was there in the parent, of which
    // this is a copy (`F: Copy`), in a process that is a copy of the parent. `Send`: it is not tied to
    // the thread it was in.
    let function: F = unsafe { NonNull::dangling().read() };
    task::run(&function, arguments, results);
}

/// Where there was code when the pool was built.
#[derive(Debug)]
pub struct Code(Vec<Range<u64>>);

impl Code {
    /// Where there is code now.
    pub fn mapped() -> io::Result<Self> {
        let maps = fs::read_to_string("/proc/self/maps")?;
        Ok(Self(maps.lines().filter_map(executable).collect()))
    }

    /// Runs the function on the items. `false` if there was no code at the address.
    pub fn run(&self, function: [u8; 8], arguments: &[u8], results: &mut Vec<u8>) -> bool {
        let address = u64::from_le_bytes(function);
        if !self.0.iter().any(|range| range.contains(&address)) {
            return false;
        }
        // SAFETY: the address is a `Call`'s in the parent (fact 2), and there was code then where it
        // is now, so it is the same code here (fact 1). Nobody may unload a library whose functions
        // are in use; here that is until the pool is gone.
        let call: Call = unsafe { mem::transmute::<usize, Call>(address as usize) };
        call(arguments, results);
        true
    }
}

/// `55d0c0a00000-55d0c0a21000 r-xp …`
fn executable(line: &str) -> Option<Range<u64>> {
    let mut fields = line.split_ascii_whitespace();
    let (begin, end) = fields.next()?.split_once('-')?;
    let hex = |digits| u64::from_str_radix(digits, 16).ok();
    fields
        .next()?
        .contains('x')
        .then_some(hex(begin)?..hex(end)?)
}

#[cfg(test)]
mod tests {
    use super::{Code, Function};

    #[test]
    fn only_what_was_code_is_called() {
        let code = Code::mapped().unwrap();
        let function = Function::of(|n: u8| n + 1).to_bytes();
        assert!(code.run(function, &[], &mut Vec::new()));
        let data = Box::new(0_u64);
        let address = (&raw const *data as u64).to_le_bytes();
        assert!(!code.run(address, &[], &mut Vec::new()));
    }
}
