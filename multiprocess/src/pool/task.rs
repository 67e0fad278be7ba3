//! How arguments become bytes, how a function is called on them, and how its results come back.
//!
//! Whatever an argument's or a result's `Serialize` and `Deserialize` do, and whatever the function
//! does, short of ending the process, concerns that item alone.

use std::any::Any;
use std::cell::RefCell;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::thread::{self, JoinHandle};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::TaskError;
use super::wire;
use crate::frame;

thread_local! {
    /// Where the last panic was. Only kept in a worker.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// For a worker: from now on it is known where a panic was. What was done at a panic still is.
pub fn remember_panics() {
    if thread::panicking() {
        // A destructor has built the pool during a panic, and a thread that panics may not change what is
        // done at one. A new thread does not panic. Without one, places are not known.
        let _ = thread::Builder::new().spawn(set_hook).map(JoinHandle::join);
    } else {
        set_hook();
    }
}

fn set_hook() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        PLACE.set(place.unwrap_or_default());
        before(panic);
    }));
}

/// Appends one argument.
pub fn encode<A: Serialize>(argument: &A, out: &mut Vec<u8>) {
    append(out, &(wire::VALUE, argument), wire::ARGUMENT);
}

/// Calls the function on each argument, and appends the results.
pub fn run<A, R>(function: &impl Fn(A) -> R, arguments: &[u8], results: &mut Vec<u8>)
where
    A: DeserializeOwned,
    R: Serialize,
{
    for (tag, bytes) in wire::items(arguments) {
        if tag != wire::VALUE {
            frame::append_parts(results, &[&[tag], bytes]); // why there is no argument
            continue;
        }
        let argument = match decode(bytes) {
            Ok(argument) => argument,
            Err(reason) => {
                say(results, wire::ARGUMENT, &reason);
                continue;
            }
        };
        match attempt(|| function(argument)) {
            Ok(result) => {
                append(results, &(wire::VALUE, &result), wire::RESULT);
                if let Err(panicked) = attempt(|| drop(result)) {
                    // It has been sent for; the panic is on stderr.
                    drop(panicked);
                }
            }
            Err(message) => say(results, wire::PANIC, &(message, PLACE.take())),
        }
    }
}

/// For a worker that does not know the function: says so for each argument.
pub fn refuse(arguments: &[u8], results: &mut Vec<u8>) {
    for _ in wire::items(arguments) {
        frame::append_parts(results, &[&[wire::FUNCTION]]);
    }
}

/// The result of one item.
pub fn result<R: DeserializeOwned>(tag: u8, bytes: &[u8]) -> Result<R, TaskError> {
    let text = || postcard::from_bytes(bytes).unwrap_or_default();
    Err(match tag {
        wire::VALUE => return decode(bytes).map_err(TaskError::Result),
        wire::ARGUMENT => TaskError::Argument(text()),
        wire::PANIC => {
            let (message, place) = postcard::from_bytes(bytes).unwrap_or_default();
            TaskError::Panicked { message, place }
        }
        wire::FUNCTION => TaskError::UnknownFunction,
        _ => TaskError::Result(text()),
    })
}

/// Appends an item, or why it cannot be encoded.
fn append<T: Serialize>(out: &mut Vec<u8>, item: &T, tag: u8) {
    let begin = out.len();
    let reason = match attempt(|| frame::append(out, item)) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(message) => format!("panicked: {message}"),
    };
    out.truncate(begin); // a panic leaves what was appended before
    say(out, tag, &reason);
}

/// Appends an item of our own, which can always be encoded.
fn say<T: Serialize>(out: &mut Vec<u8>, tag: u8, details: &T) {
    frame::append(out, &(tag, details)).expect("strings in memory");
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match attempt(|| postcard::from_bytes(bytes)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(message) => Err(format!("panicked: {message}")),
    }
}

/// Calls it, or returns what it panicked with.
fn attempt<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(call)).map_err(|payload| {
        let message = text(&*payload);
        // It may panic when it is dropped, and so may what that throws, which is leaked.
        let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
        dropped.unwrap_or_else(mem::forget);
        message
    })
}

fn text(payload: &(dyn Any + Send)) -> String {
    match payload.downcast_ref::<&str>() {
        Some(text) => (*text).to_owned(),
        None => match payload.downcast_ref::<String>() {
            Some(text) => text.clone(),
            None => "a value that is no text".to_owned(),
        },
    }
}

/// A function of several arguments, called with a tuple of them: what Python's `*args` does. For
/// functions of none to four arguments; nobody else needs to implement it.
pub trait Star<Args>: Copy + Send + 'static {
    /// What the function returns.
    type Output;

    /// Calls it.
    fn call(&self, args: Args) -> Self::Output;
}

macro_rules! star {
    ($($name:ident)*) => {
        impl<Function, Output, $($name),*> Star<($($name,)*)> for Function
        where
            Function: Fn($($name),*) -> Output + Copy + Send + 'static,
        {
            type Output = Output;

            #[allow(non_snake_case)] // the names of the types are the names of the arguments
            fn call(&self, ($($name,)*): ($($name,)*)) -> Output {
                self($($name),*)
            }
        }
    };
}

star!();
star!(A);
star!(A B);
star!(A B C);
star!(A B C D);
