//! Many connections at once against a server of each model: ours, tokio's bare one and CPython's, with one
//! client program for all of them.
//!
//! Server and client are processes of their own. All connections are opened and held; then each asks and is
//! answered so many times, one request after the other. What the server used meanwhile is read
//! from `/proc`, for all its threads and processes: it does not measure itself, so that all are measured alike.
//! With thousands of connections the client limits the fastest servers, so what compares is the server's
//! CPU time for a request and not the rate.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::panic;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::child;
use crate::cores;
use crate::python::Python;

mod client; //  opens, asks, counts
mod family; //  what a server's processes use: CPU time, memory
mod servers; // a server of each model

pub(crate) use client::ask_in_this_process;
pub(crate) use servers::serve_in_this_process;

/// Bytes of a request, and of its answer.
const MESSAGE: usize = 16;

/// For how long a server and its client may take.
const DEADLINE: Duration = Duration::from_secs(120);

/// How much is asked for, and where.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many connections are held at the same time.
    pub connections: usize,
    /// How many requests each of them makes, one after the other.
    pub requests: usize,
    /// The server's core and the client's; `None` leaves that to the system.
    pub cores: Option<(usize, usize)>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Served {
    /// Requests that were answered rightly.
    pub answered: u64,
    /// From the first request to the last answer, in seconds.
    pub seconds: f64,
    /// The CPU time of the server for one request, in seconds.
    pub cpu: f64,
    /// What a connection that is held adds to the memory of the server, in bytes.
    pub memory: f64,
}

/// What the client reports.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    answered: u64,
    seconds: f64,
}

/// Starts a server and a client, and measures.
///
/// # Errors
///
/// What went wrong: one of the two ended early, was not done in time, or answers are missing.
pub fn measure(server: &str, python: Option<&Python>, load: Load) -> Result<Served, String> {
    // What a thread starts is where the thread is: so each of the two is started by one of its own.
    thread::scope(|scope| {
        let measured = scope.spawn(|| with_both(server, python, load));
        measured
            .join()
            .unwrap_or_else(|it| panic::resume_unwind(it))
    })
}

fn with_both(server: &str, python: Option<&Python>, load: Load) -> Result<Served, String> {
    stay(load.cores.map(|(server, _)| server))?;
    let text = |error: io::Error| error.to_string();
    let command = match python {
        None => child::server(server).map_err(text)?,
        Some(python) => {
            let mut command = python.command(include_str!("../../scripts/python/network.py"));
            command.arg(server);
            command
        }
    };
    let (control, theirs) = UnixStream::pair().map_err(text)?;
    let talk = || with_server(&control, load);
    let (ended, served) =
        child::converse(command, OwnedFd::from(theirs), DEADLINE, talk).map_err(text)?;
    // How the server ended tells more than that it does not answer.
    ended.output(DEADLINE)?;
    served
}

/// The server says who and where it is, and goes on until `control` is closed.
fn with_server(control: &UnixStream, load: Load) -> Result<Served, String> {
    let served = hello(control).and_then(|(pid, port)| with_client(pid, port, load));
    // Fails only if it is closed already, which is what is wanted.
    let _ = control.shutdown(Shutdown::Both);
    served
}

fn hello(control: &UnixStream) -> Result<(u32, u16), String> {
    let line = line(&mut BufReader::new(control))?;
    let mut words = line.split_whitespace();
    let pid = words.next().and_then(|word| word.parse().ok());
    let port = words.next().and_then(|word| word.parse().ok());
    pid.zip(port)
        .ok_or_else(|| format!("the server says '{line}'"))
}

/// In the thread that talks with the server.
fn with_client(server: u32, port: u16, load: Load) -> Result<Served, String> {
    stay(load.cores.map(|(_, client)| client))?;
    let text = |error: io::Error| error.to_string();
    let client = child::client(port, load.connections, load.requests).map_err(text)?;
    let (control, theirs) = UnixStream::pair().map_err(text)?;
    let talk = || {
        let measured = watch(&control, server, load);
        let _ = control.shutdown(Shutdown::Both);
        measured
    };
    let (ended, measured) =
        child::converse(client, OwnedFd::from(theirs), DEADLINE, talk).map_err(text)?;
    ended
        .output(DEADLINE)
        .map_err(|why| format!("client: {why}"))?;
    measured
}

fn stay(core: Option<usize>) -> Result<(), String> {
    let pinned = core.map_or(Ok(()), cores::pin);
    pinned.map_err(|error| error.to_string())
}

/// The client says when all connections are there, is told to go, and says when all is answered.
fn watch(control: &UnixStream, server: u32, load: Load) -> Result<Served, String> {
    let mut lines = BufReader::new(control);
    let empty = family::used(server)?;
    let go = |mut control: &UnixStream| control.write_all(b"go\n").map_err(|e| e.to_string());

    go(control)?;
    line(&mut lines)?; // connected
    let before = family::used(server)?;
    go(control)?;
    let report = line(&mut lines)?;
    let after = family::used(server)?;

    let report: Report = serde_json::from_str(&report).map_err(|error| error.to_string())?;
    let expected = (load.connections * load.requests) as u64;
    if report.answered != expected {
        return Err(format!("{} of {expected} were answered", report.answered));
    }
    Ok(Served {
        answered: report.answered,
        seconds: report.seconds,
        cpu: (after.cpu - before.cpu) / expected as f64,
        memory: (before.memory - empty.memory) / load.connections as f64,
    })
}

fn line(lines: &mut impl BufRead) -> Result<String, String> {
    let mut line = String::new();
    match lines.take(1000).read_line(&mut line) {
        Ok(0) => Err("it ended early".to_owned()),
        Ok(_) => Ok(line.trim_end().to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Raises the limit of descriptors to what the system allows this process.
///
/// # Errors
///
/// When that is not enough for so many connections.
fn allow(connections: usize) -> anyhow::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let needed = connections as u64 + 64;
    anyhow::ensure!(
        needed <= most,
        "{connections} connections need {needed} descriptors, this system allows {most} (ulimit -Hn)"
    );
    Ok(())
}
