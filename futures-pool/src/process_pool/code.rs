//! [`Function`]: how a function travels to a worker and is a function again there.
//!
//! All unsafe code of that kind is here. A function is sent as a number: how far its code is from that
//! of [`anchor`]. Where both are in memory is another matter in each process (address space layout
//! randomisation), how far apart they are is not, as long as both are in the file that both processes
//! execute. It stands on four facts:
//!
//! 1. Parent and worker execute the same file: the worker is started from `/proc/self/exe`, which is
//!    the very file and not one that has its name by now, and says [which](Text::identity) before any
//!    function is sent.
//! 2. Only functions whose code is in that file are sent; others, of a library, are refused here.
//! 3. A number comes from [`Function::number`] only, over a socket pair that nobody else has. A user who starts
//!    the program as a worker by hand can send any number, and gains nothing: a program that has more rights
//!    than its user is [no worker](super::worker::too_privileged).
//! 4. A function's value has no bytes, so that there is nothing else to send. What the types cannot rule
//!    out: a closure that captured a value without bytes which *proves* something, that a library was
//!    initialised, say. In the workers it proves what holds there: what was done before
//!    [`init`](super::init), or by the initialiser.

use std::fmt;
use std::fs;
use std::io;
use std::mem;
use std::ops::Range;
use std::os::linux::fs::MetadataExt;
use std::ptr::NonNull;
use std::sync::OnceLock;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::items;
use crate::future::Failure;

/// Takes a task's items, and appends their results.
type Call = fn(&[u8], &mut Vec<u8>);

/// Code that runs one certain function on a task's items.
#[derive(Clone, Copy)]
pub struct Function(Call);

impl Function {
    /// Of a plain function or a closure that captures nothing. Anything else does not compile.
    pub fn of<F, A, R>(_: F) -> Self
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: DeserializeOwned,
        R: Serialize,
    {
        const { assert!(size_of::<F>() == 0, "{}", NOTHING_CAPTURED) }
        Self(call::<F, A, R>)
    }

    /// As [`of`](Self::of), of one that may return an error.
    pub fn try_of<F, A, R, E>(_: F) -> Self
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: DeserializeOwned,
        R: Serialize,
        E: fmt::Display,
    {
        const { assert!(size_of::<F>() == 0, "{}", NOTHING_CAPTURED) }
        Self(try_call::<F, A, R, E>)
    }

    /// What is sent. `None` if its code is not in the file that is executed.
    pub fn number(self, text: &Text) -> Option<[u8; 8]> {
        let address = self.0 as usize as u64;
        let here = text.range.contains(&address);
        here.then(|| address.wrapping_sub(text.anchor).to_le_bytes())
    }

    /// Of a number that the parent sent. `None` if there is no code.
    pub fn from_number(number: [u8; 8], text: &Text) -> Option<Self> {
        let address = text.anchor.wrapping_add(u64::from_le_bytes(number));
        if !text.range.contains(&address) {
            return None;
        }
        // SAFETY: in the parent, the number led from its anchor to a `Call` (fact 3) in the file that
        // it executes (fact 2). This process executes the same file (fact 1), so that it leads from
        // its anchor to the same code.
        Some(Self(unsafe {
            mem::transmute::<usize, Call>(address as usize)
        }))
    }

    /// Runs it on a task's items, and appends their results.
    pub fn run(self, arguments: &[u8], results: &mut Vec<u8>) {
        (self.0)(arguments, results);
    }
}

const NOTHING_CAPTURED: &str = "a process pool's function is a plain `fn`, by its name, or a closure \
     that captures nothing: give it what it needs as an argument";

/// Private: only `Function::of`, which was given an `F`, can name it.
fn call<F, A, R>(arguments: &[u8], results: &mut Vec<u8>)
where
    F: Fn(A) -> R + Copy + Send + 'static,
    A: DeserializeOwned,
    R: Serialize,
{
    let function: F = conjure();
    items::run(|argument| Ok(function(argument)), arguments, results);
}

/// Private: only `Function::try_of`, which was given an `F`, can name it.
fn try_call<F, A, R, E>(arguments: &[u8], results: &mut Vec<u8>)
where
    F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
    A: DeserializeOwned,
    R: Serialize,
    E: fmt::Display,
{
    let function: F = conjure();
    let function = |argument| function(argument).map_err(|error| Failure::new(&error));
    items::run(function, arguments, results);
}

/// Only for `F` of which a value was there in the parent when it made a [`Function`].
fn conjure<F: Copy + Send + 'static>() -> F {
    const { assert!(size_of::<F>() == 0) }
    // SAFETY: it has no bytes to read, and a value of this type was there in the parent, of which
    // this is a copy (`F: Copy`). `Send`: it is not tied to the thread it was in. To the process it
    // could only be tied as fact 4 says.
    unsafe { NonNull::dangling().read() }
}

/// How many bytes an identity has.
pub const IDENTITY: usize = 32;

/// The code of the file that this process executes.
pub struct Text {
    range: Range<u64>,
    anchor: u64,
    file: [u64; 2],
}

/// What functions are counted from.
fn anchor() {}

impl Text {
    /// Of this process; looked up once.
    ///
    /// # Errors
    ///
    /// There is no `/proc`, or this code is not in the file that is executed but in a library.
    pub fn get() -> io::Result<&'static Self> {
        static TEXT: OnceLock<Text> = OnceLock::new();
        match TEXT.get() {
            Some(text) => Ok(text),
            None => {
                let text = Self::look_up()?;
                Ok(TEXT.get_or_init(|| text))
            }
        }
    }

    fn look_up() -> io::Result<Self> {
        let anchor = anchor as fn() as usize as u64;
        let maps = fs::read("/proc/self/maps")?;
        let maps = String::from_utf8_lossy(&maps);
        let mut mapped = maps.lines().filter_map(executable);
        let (range, path) = mapped
            .find(|(range, _)| range.contains(&anchor))
            .ok_or_else(|| io::Error::other("the code is nowhere"))?;
        if path.as_bytes() != executed()?.as_bytes() {
            let message = format!("the code is in {path}, which is not what was started");
            return Err(io::Error::other(message));
        }
        let file = fs::metadata("/proc/self/exe")?;
        Ok(Self {
            range,
            anchor,
            file: [file.st_dev(), file.st_ino()],
        })
    }

    /// The same in two processes only if they execute the same file.
    pub fn identity(&self) -> [u8; IDENTITY] {
        let Range { start, end } = self.range;
        let mut identity = [0; IDENTITY];
        let words = [&self.file[..], &[end - start, self.anchor - start]].concat();
        for (place, word) in identity.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        identity
    }
}

/// The file that this process executes, as `/proc/self/maps` writes it.
fn executed() -> io::Result<String> {
    let path = fs::read_link("/proc/self/exe")?;
    Ok(path.to_string_lossy().replace('\n', "\\012"))
}

/// `55d0c0a00000-55d0c0a21000 r-xp 00005000 fe:01 1234    /a path`
fn executable(line: &str) -> Option<(Range<u64>, &str)> {
    let (range, rest) = line.split_once(' ')?;
    let (begin, end) = range.split_once('-')?;
    let hex = |digits| u64::from_str_radix(digits, 16).ok();
    let mut fields = rest.splitn(5, ' ');
    let is_code = fields.next()?.contains('x');
    let path = fields.nth(3)?.trim_start();
    is_code.then_some((hex(begin)?..hex(end)?, path))
}

#[cfg(test)]
mod tests {
    use super::{Function, Text};

    #[test]
    fn a_function_comes_back_from_its_number() {
        let text = Text::get().unwrap();
        let number = Function::of(|n: u8| n + 1).number(text).unwrap();
        let function = Function::from_number(number, text).unwrap();
        function.run(&[], &mut Vec::new());
    }

    #[test]
    fn what_is_not_in_the_executable_is_refused() {
        let text = Text::get().unwrap();
        let elsewhere = Text {
            range: 0..1,
            anchor: 0,
            file: [0; 2],
        };
        assert!(Function::of(|n: u8| n + 1).number(&elsewhere).is_none());
        assert!(Function::from_number(u64::MAX.to_le_bytes(), &elsewhere).is_none());
        assert!(Function::from_number((1_u64 << 40).to_le_bytes(), text).is_none());
    }

    #[test]
    fn another_file_has_another_identity() {
        let text = Text::get().unwrap();
        let newer = Text {
            range: text.range.clone(),
            file: text.file.map(|word| word + 1),
            ..*text
        };
        assert_ne!(text.identity(), newer.identity());
    }
}
