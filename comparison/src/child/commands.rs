//! Command lines that start this executable again, and the hidden words in them.

use std::env;
use std::io;
use std::process::Command;

use crate::measures::{Measure, Sizes};
#[cfg(target_os = "linux")]
use crate::python::Python;

pub(super) const SECTION: &str = "__section";
pub(super) const MEASURE: &str = "__measure";
#[cfg(target_os = "linux")]
pub(super) const MEASURE_SERVER: &str = "__measure-server";
pub(super) const BLOCK: &str = "__block";
pub(super) const TIMELINE: &str = "__timeline";
pub(super) const CONVOY: &str = "__convoy";
#[cfg(target_os = "linux")]
pub(super) const WEIGHT: &str = "__weight";
#[cfg(target_os = "linux")]
pub(super) const SERVER: &str = "__server";
#[cfg(target_os = "linux")]
pub(super) const CLIENT: &str = "__client";

/// A command that makes this executable run a section.
///
/// # Errors
///
/// When the system does not say where this executable is.
pub fn section(chapter: &str, section: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([SECTION, chapter, section]);
    Ok(command)
}

/// A command that makes this executable take a measurement of a model.
///
/// # Errors
///
/// As [`section`].
pub fn measurement(measure: Measure, model: &str, sizes: &Sizes) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([MEASURE, measure.name(), model]);
    command.args(sizes.0.iter().map(u64::to_string));
    Ok(command)
}

/// What takes the same measurement by hand.
pub fn measurement_by_hand(measure: Measure, model: &str, sizes: &Sizes) -> String {
    let words = sizes.0.iter().map(|size| format!(" {size}"));
    let (measure, words) = (measure.name(), words.collect::<String>());
    format!("target/release/comparison {MEASURE} {measure} {model}{words} </dev/null")
}

/// A command that makes this executable measure a server of that Python's, of a model.
///
/// # Errors
///
/// As [`section`].
#[cfg(target_os = "linux")]
pub fn server_measurement(python: &Python, model: &str, sizes: &Sizes) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([MEASURE_SERVER, python.executable(), model]);
    command.args(sizes.0.iter().map(u64::to_string));
    Ok(command)
}

/// What takes the same measurement by hand.
#[cfg(target_os = "linux")]
pub fn server_measurement_by_hand(python: &Python, model: &str, sizes: &Sizes) -> String {
    let words: String = sizes.0.iter().map(|size| format!(" {size}")).collect();
    let python = python.path();
    format!("target/release/comparison {MEASURE_SERVER} {python} {model}{words} </dev/null")
}

/// A command that makes this executable measure a block against its rivals.
///
/// # Errors
///
/// As [`section`].
pub fn block(row: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([BLOCK, row]);
    Ok(command)
}

/// A command that makes this executable record who ran when under a model.
///
/// # Errors
///
/// As [`section`].
pub fn timeline(model: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([TIMELINE, model]);
    Ok(command)
}

/// A command that makes this executable answer the bytes on its standard input under a lock with this
/// switch interval (in microseconds), while a thread on another core computes under the same lock.
///
/// # Errors
///
/// As [`section`].
pub fn convoy(interval: u64, burn: usize, answer: usize) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(CONVOY);
    command.args([interval.to_string(), burn.to_string(), answer.to_string()]);
    Ok(command)
}

/// A command that makes this executable weigh something of which there are very many.
///
/// # Errors
///
/// As [`section`].
#[cfg(target_os = "linux")]
pub fn weight(thing: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([WEIGHT, thing]);
    Ok(command)
}

/// A command that makes this executable a server of this model. Its standard input is to be a socket.
///
/// # Errors
///
/// As [`section`].
#[cfg(target_os = "linux")]
pub fn server(model: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([SERVER, model]);
    Ok(command)
}

/// A command that makes this executable a client with so many connections, which make so many requests
/// each. Its standard input is to be a socket.
///
/// # Errors
///
/// As [`section`].
#[cfg(target_os = "linux")]
pub fn client(port: u16, connections: usize, requests: usize) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(CLIENT).arg(port.to_string());
    command.args([connections.to_string(), requests.to_string()]);
    Ok(command)
}
