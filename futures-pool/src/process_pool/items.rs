//! Items: how arguments become bytes, how a function is called on them, and how its results come back.
//!
//! Arguments and results are *items*: each a frame, of a tag and what the tag says. An
//! argument that cannot be encoded travels as the reason, and comes back as that item's result; so every
//! item of a task has exactly one result, in order.
//!
//! Whatever an argument's or a result's `Serialize` and `Deserialize` do, and whatever the function
//! does, short of ending the process, concerns that item alone.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frame;
use crate::future::Failure;
use crate::future::FutureError;
use crate::future::catch;

/// The value follows.
const VALUE: u8 = 0;
/// The argument could not be encoded or decoded: a text follows.
const ARGUMENT: u8 = 1;
/// The function panicked: a text follows.
const PANICKED: u8 = 2;
/// The function returned an error: its type and a text follow.
const FAILED: u8 = 3;
/// The result could not be encoded: a text follows.
const RESULT: u8 = 4;

/// Appends one argument, or why it cannot be encoded.
pub fn encode<A: Serialize>(argument: &A, out: &mut Vec<u8>) {
    append(out, argument, ARGUMENT);
}

/// Appends one argument. On an error some of it is there.
pub fn encode_one<A: Serialize>(argument: &A, out: &mut Vec<u8>) -> Result<(), String> {
    let value = &(VALUE, argument);
    match catch(|| frame::append_with(out, |out| postcard::to_io(value, out).map(drop))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(message) => Err(format!("panicked: {message}")),
    }
}

/// Calls the function on each argument, and appends the results.
pub fn run<A, R>(
    function: impl Fn(A) -> Result<R, Failure>,
    arguments: &[u8],
    results: &mut Vec<u8>,
) where
    A: DeserializeOwned,
    R: Serialize,
{
    for (tag, bytes) in items(arguments) {
        if tag != VALUE {
            frame::append(results, &[&[tag], bytes]); // why there is no argument
            continue;
        }
        let argument = match decode(bytes) {
            Ok(argument) => argument,
            Err(reason) => {
                say(results, ARGUMENT, &reason);
                continue;
            }
        };
        match catch(|| function(argument)) {
            Ok(Ok(result)) => {
                append(results, &result, RESULT);
                // If its drop panics, that is on stderr, and the result is not less good for it.
                let _ = catch(|| drop(result));
            }
            Ok(Err(failure)) => say(results, FAILED, &(failure.kind, failure.message)),
            Err(message) => say(results, PANICKED, &message),
        }
    }
}

/// The results, in order.
pub fn results<R: DeserializeOwned>(bytes: &[u8]) -> impl Iterator<Item = Result<R, FutureError>> {
    items(bytes).map(|(tag, bytes)| result(tag, bytes))
}

fn result<R: DeserializeOwned>(tag: u8, bytes: &[u8]) -> Result<R, FutureError> {
    let text = || postcard::from_bytes(bytes).unwrap_or_default();
    Err(match tag {
        VALUE => return decode(bytes).map_err(FutureError::Result),
        ARGUMENT => FutureError::Argument(text()),
        PANICKED => FutureError::Panicked { message: text() },
        FAILED => {
            let (kind, message) = postcard::from_bytes(bytes).unwrap_or_default();
            FutureError::Failed(Failure { kind, message })
        }
        _ => FutureError::Result(text()),
    })
}

/// The items of a message: tag, and what follows it.
fn items(mut message: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let item = frame::take(&mut message)?;
        let (tag, value) = item.split_first()?;
        Some((*tag, value))
    })
}

/// Appends a value, or why it cannot be encoded.
fn append<T: Serialize>(out: &mut Vec<u8>, value: &T, tag: u8) {
    let begin = out.len();
    if let Err(reason) = encode_one(value, out) {
        out.truncate(begin);
        say(out, tag, &reason);
    }
}

/// Appends an item of our own, which can always be encoded.
fn say<T: Serialize>(out: &mut Vec<u8>, tag: u8, details: &T) {
    frame::append_with(out, |out| postcard::to_io(&(tag, details), out).map(drop))
        .expect("strings in memory");
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match catch(|| postcard::from_bytes(bytes)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(message) => Err(format!("panicked: {message}")),
    }
}
