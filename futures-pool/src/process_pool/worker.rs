//! A worker: the process's other life, from [`init`] on.

use std::env;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::{set_name, set_pdeathsig};
use nix::sys::signal::{SigSet, Signal, raise};
use nix::unistd::dup2_stdin;

use super::code::{Function, Text};
use super::credits::Credits;
use super::{descriptor, frame, signals, wire};

static INITIALISED: AtomicBool = AtomicBool::new(false);

/// Whether [`init`] was called.
pub fn is_initialised() -> bool {
    INITIALISED.load(Ordering::Relaxed)
}

/// The first line of `main` in a program with process pools: in a worker it never returns.
///
/// A worker is the same executable started anew, and would go on with `main` as its parent did: this
/// is where it goes another way. It stands for Python's `if __name__ == "__main__":`, which keeps a
/// spawned child from doing so. What stands before this line is done in each worker too, with all signals
/// blocked.
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
    let code = match serve() {
        Ok(()) => 0,
        Err(error) => complain(&error.to_string()),
    };
    process::exit(code)
}

/// Why this process is no worker, if it has rights that whoever started it has not: what comes over a worker's
/// socket names the code that it runs.
pub fn too_privileged() -> Option<&'static str> {
    // SAFETY: it takes a number.
    let secure = unsafe { libc::getauxval(libc::AT_SECURE) };
    let why = "a program with rights of its own (set-user-ID, file capabilities) has no workers: \
               whoever starts it as one could have it run any code";
    (secure != 0).then_some(why)
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
fn serve() -> io::Result<()> {
    if let Some(why) = too_privileged() {
        return Err(io::Error::other(why));
    }
    set_pdeathsig(Signal::SIGKILL)?;
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // For as long as this process lives.
    let socket: &'static UnixStream = Box::leak(Box::new(socket));
    let [credits, parent] = descriptor::receive(socket)?;
    // So that nothing a task starts gets the socket, or reads from it.
    dup2_stdin(File::open("/dev/null")?)?;
    end_with(parent, socket)?;
    signals::leave_to_the_parent(socket);
    INITIALISED.store(true, Ordering::Relaxed); // a task may have a pool of its own
    name_the_thread();
    let text = Text::get()?;
    let hello = [&wire::HELLO[..], &text.identity()].concat();
    let mut writer = socket;
    writer.write_all(&hello)?;
    let mut worker = Worker {
        tasks: BufReader::with_capacity(wire::BATCH, socket),
        batch: Vec::new(),
        credits: Credits::from(credits),
        text,
    };
    // Whatever it is, the parent is gone or does not want to hear from us any more.
    while worker.batch().is_ok() {}
    Ok(())
}

/// Has a thread end this process when the parent does, or when it shuts down both directions of the socket.
///
/// The signal that the parent's death sends is not enough: no more comes after a task has changed the
/// process's user, and a parent that has done so may not send it any. (What it does reach is a worker that
/// is stopped.) Nor is the socket alone: a process that the parent has forked keeps it open.
fn end_with(parent: OwnedFd, socket: &'static UnixStream) -> io::Result<()> {
    let watch = move || {
        let _ = SigSet::all().thread_block(); // they are for the thread with the tasks
        let parent = PollFd::new(parent.as_fd(), PollFlags::POLLIN);
        let socket = PollFd::new(socket.as_fd(), PollFlags::empty()); // that is: POLLHUP
        while poll(&mut [parent.clone(), socket.clone()], PollTimeout::NONE) == Err(Errno::EINTR) {}
        let _ = raise(Signal::SIGKILL);
    };
    let thread = thread::Builder::new().name("end with parent".to_owned());
    thread.stack_size(64 * 1024).spawn(watch)?;
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
    tasks: BufReader<&'static UnixStream>,
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
        let mut socket = *self.tasks.get_ref();
        socket.write_all(answer)
    }
}
