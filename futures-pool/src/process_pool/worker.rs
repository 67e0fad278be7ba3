//! A worker: the process's other life, from [`init`] on.

use std::env;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::prctl::{set_name, set_pdeathsig};
use nix::sys::signal::Signal;
use nix::unistd::{dup2_stdin, getppid};

use super::code::{Function, Text};
use super::credits::Credits;
use super::{descriptor, frame, wire};

static INITIALISED: AtomicBool = AtomicBool::new(false);

/// Whether [`init`] was called.
pub fn is_initialised() -> bool {
    INITIALISED.load(Ordering::Relaxed)
}

/// The first line of `main` in a program with process pools: in a worker it never returns.
///
/// A worker is the same executable started anew, and would go on with `main` as its parent did: this
/// is where it goes another way. It stands for Python's `if __name__ == "__main__":`, which keeps a
/// spawned child from doing so. What stands before this line is done in each worker too.
///
/// In the parent it does nothing but note that it was called. Without it there is no
/// [`ProcessPoolExecutor`](super::ProcessPoolExecutor), so that workers cannot start workers without end.
///
/// ```no_run
/// use futures_pool::process_pool::ProcessPoolExecutor;
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     futures_pool::init();
///     let executor = ProcessPoolExecutor::new(4)?;
///     let future = executor.submit(|n: u64| n * n, 7)?;
///     assert_eq!(future.into_result()?, 49);
///     Ok(())
/// }
/// ```
pub fn init() {
    let mut args = env::args_os().skip(1);
    if args.next().is_none_or(|arg| arg != wire::WORKER) {
        INITIALISED.store(true, Ordering::Relaxed);
        return;
    }
    let parent = args.next().and_then(|arg| arg.to_str()?.parse().ok());
    let code = match parent.map(serve) {
        Some(Ok(())) => 0,
        Some(Err(error)) => complain(&error.to_string()),
        None => complain("its parent's number is missing"),
    };
    process::exit(code)
}

/// Not `eprintln!`, which panics when stderr takes nothing.
fn complain(reason: &str) -> i32 {
    let _ = writeln!(
        io::stderr(),
        "error: this is no worker of a process pool: {reason}"
    );
    2
}

/// Works until the parent has nothing more.
///
/// # Errors
///
/// It cannot begin.
fn serve(parent: i32) -> io::Result<()> {
    // From a process that is gone no signal comes. (0: it is in another namespace, where numbers
    // say nothing.) The end of file on the socket is there in any case.
    set_pdeathsig(Signal::SIGKILL)?;
    if ![parent, 0].contains(&getppid().as_raw()) {
        return Ok(());
    }
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let credits = Credits::from(descriptor::receive(&socket)?);
    // So that nothing a task starts gets the socket, or reads from it.
    dup2_stdin(File::open("/dev/null")?)?;
    INITIALISED.store(true, Ordering::Relaxed); // a task may have a pool of its own
    name_the_thread();
    let text = Text::get()?;
    let hello = [&wire::HELLO[..], &text.identity()].concat();
    (&socket).write_all(&hello)?;
    let mut worker = Worker {
        tasks: BufReader::with_capacity(wire::BATCH, socket),
        batch: Vec::new(),
        credits,
        text,
    };
    // Whatever it is, the parent is gone or does not want to hear from us any more.
    while worker.batch().is_ok() {}
    Ok(())
}

/// As the executable: it is `exe` after `/proc/self/exe`.
fn name_the_thread() {
    let name = env::args_os().next().unwrap_or_default();
    let name = Path::new(&name).file_name().unwrap_or(OsStr::new("worker"));
    let name = CString::new(name.as_bytes());
    let _ = set_name(name.as_deref().unwrap_or_default());
}

struct Worker {
    tasks: BufReader<UnixStream>,
    batch: Vec<u8>,
    credits: Credits,
    text: &'static Text,
}

impl Worker {
    /// Waits for a batch, and runs those of its tasks that are left to it.
    fn batch(&mut self) -> io::Result<()> {
        frame::read(&mut self.tasks, &mut self.batch)?;
        let mut tasks = &*self.batch;
        let mut answer = Vec::new();
        while let Some(task) = frame::take(&mut tasks) {
            if !answer.is_empty() {
                if !self.credits.take() {
                    break; // the rest was taken back
                }
                // A write for each: nobody knows how long the next task takes, or what it does
                // to this process.
                self.write(&answer)?;
                answer.clear();
            }
            frame::append_with(&mut answer, |answer| {
                answer.push(wire::MORE);
                self.run(task, answer)
            })?;
        }
        *answer
            .get_mut(frame::HEADER)
            .ok_or(ErrorKind::InvalidData)? = wire::LAST;
        self.write(&answer)
    }

    fn run(&self, task: &[u8], results: &mut Vec<u8>) -> io::Result<()> {
        let (number, arguments) = task.split_first_chunk().ok_or(ErrorKind::InvalidData)?;
        let function = Function::from_number(*number, self.text);
        function
            .ok_or(ErrorKind::InvalidData)?
            .run(arguments, results);
        Ok(())
    }

    fn write(&self, answer: &[u8]) -> io::Result<()> {
        self.tasks.get_ref().write_all(answer)
    }
}
