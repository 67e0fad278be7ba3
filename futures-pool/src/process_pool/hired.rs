//! [`Hired`]: a worker, as its thread sees it.

use std::collections::VecDeque;
use std::env;
use std::io::{self, BufReader, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{self, Child, Command, ExitStatus};
use std::sync::Arc;

use nix::poll::PollTimeout;
use nix::sys::signal::Signal;

use super::channel::{Channel, Reader};
use super::code::{IDENTITY, Text};
use super::credits::Credits;
use super::desk::Desk;
use super::shared::Shared;
use super::task::Task;
use super::{descriptor, frame, items, signals, wire};
use crate::future::Broken;

/// How long a worker has to end once it has seen that nothing more will come, in milliseconds.
const PATIENCE: u16 = 5000;

/// A worker process. Dropped, it ends.
pub struct Hired {
    child: Child,
    channel: Arc<Channel>,
    reader: BufReader<Reader>,
    credits: Arc<Credits>,
    desk: Arc<Desk>,
    /// How it ended.
    status: Option<ExitStatus>,
    buffer: Vec<u8>,
}

/// Why there is no worker.
pub enum NotStarted {
    /// It did not come so far as to say hello, for this reason. Another one may.
    Failed(String),
    /// The initialiser failed: the pool is broken.
    Broken(Broken),
}

impl Hired {
    /// Starts one, and waits until it is there. To be called in the thread that will wait for its end:
    /// the worker ends with that thread.
    ///
    /// # Errors
    ///
    /// [`NotStarted`].
    pub fn start(desk: &Arc<Desk>, initializer: Option<&[u8]>) -> Result<Self, NotStarted> {
        let failed = |error: io::Error| NotStarted::Failed(error.to_string());
        let mut hired = Self::spawn(desk).map_err(failed)?;
        hired.greet().map_err(NotStarted::Failed)?;
        if let Some(task) = initializer {
            hired.initialize(task).map_err(NotStarted::Broken)?;
        }
        Ok(hired)
    }

    fn spawn(desk: &Arc<Desk>) -> io::Result<Self> {
        let (ours, theirs) = descriptor::sockets()?;
        let credits = Credits::new()?;
        let this = descriptor::pidfd(process::id())?;
        descriptor::send(&ours, [credits.as_fd(), this.as_fd()])?;
        // Not by its path, where another file may be by now.
        let mut command = Command::new("/proc/self/exe");
        if let Some(name) = env::args_os().next() {
            command.arg0(name);
        }
        command.arg(wire::WORKER).stdin(OwnedFd::from(theirs));
        let mut child = signals::blocked(|| command.spawn())?;
        let pidfd = match descriptor::pidfd(child.id()) {
            Ok(pidfd) => pidfd,
            Err(error) => {
                child.kill().and_then(|()| child.wait())?;
                return Err(error);
            }
        };
        let channel = Arc::new(Channel::new(ours, pidfd));
        desk.set_worker(Some(Arc::clone(&channel)));
        let reader = Reader(Arc::clone(&channel));
        Ok(Self {
            child,
            channel,
            reader: BufReader::with_capacity(wire::BATCH, reader),
            credits: Arc::new(credits),
            desk: Arc::clone(desk),
            status: None,
            buffer: Vec::new(),
        })
    }

    /// Waits until it has said that it is the same program. Or else why it is none.
    fn greet(&mut self) -> Result<(), String> {
        let mut hello = [0; wire::HELLO.len()];
        let mut identity = [0; IDENTITY];
        let mut heard = self.reader.read_exact(&mut hello);
        if heard.is_ok() && hello == wire::HELLO {
            heard = self.reader.read_exact(&mut identity);
        }
        let text = Text::get().map_err(|error| error.to_string())?;
        if heard.is_ok() && identity == text.identity() {
            return Ok(());
        }
        if heard.is_ok() {
            self.channel.signal(Signal::SIGKILL);
            return Err("it does not execute the same file".to_owned());
        }
        let (_, status) = self.died();
        Err(format!(
            "it ended ({status}) before it took a task, see its standard error; \
             does `futures_pool::init()` stand first in `main`?"
        ))
    }

    fn initialize(&mut self, task: &[u8]) -> Result<(), Broken> {
        let _ = self.channel.send(task); // what is read decides
        let mut answer = Vec::new();
        if frame::read(&mut self.reader, &mut answer).is_err() {
            let (pid, status) = self.died();
            return Err(Broken::WorkerDied { pid, status });
        }
        let results = answer.get(1..).unwrap_or_default();
        match items::results::<()>(results).next() {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(Broken::Initializer(error.to_string())),
            None => Err(Broken::Initializer("no word of it came".to_owned())),
        }
    }

    /// Sends the tasks, and waits for their answers. How many it gave; `None` if it has ended: what has
    /// no answer is still at the desk.
    pub fn run(&mut self, mut tasks: VecDeque<Task>, shared: &Shared) -> Option<usize> {
        let mut one = Vec::new();
        let bytes = if tasks.len() == 1 {
            one = std::mem::take(&mut tasks[0].bytes);
            &one
        } else {
            wire::join(tasks.iter().map(|task| &*task.bytes), &mut self.buffer);
            &self.buffer
        };
        let behind = tasks.len() - 1;
        self.desk.set_sent(tasks, &self.credits);
        shared.wake_idle(behind);
        // It may end in the middle. What is read decides.
        let _ = self.channel.send(bytes);
        drop(one);
        let mut answer = std::mem::take(&mut self.buffer);
        let mut answers = 0;
        loop {
            frame::read(&mut self.reader, &mut answer).ok()?;
            let (&kind, results) = answer.split_first()?;
            self.desk.next_answered()?.finish(results);
            answers += 1;
            if kind == wire::LAST {
                break;
            }
        }
        self.buffer = answer;
        Some(answers)
    }

    /// Becomes readable when it ends.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.channel.pidfd()
    }

    /// Waits for its end; it is ending. Its process id and how it ended.
    pub fn died(&mut self) -> (u32, ExitStatus) {
        (self.child.id(), self.end())
    }

    /// Tells it that there is nothing more, and waits for its end.
    fn end(&mut self) -> ExitStatus {
        if let Some(status) = self.status {
            return status;
        }
        self.channel.close();
        if !self.channel.has_ended(PollTimeout::from(PATIENCE)) {
            self.channel.signal(Signal::SIGKILL);
        }
        // An error: somebody else has waited for it (`waitpid(-1)`, or SIGCHLD is ignored). It is gone.
        let status = self
            .child
            .wait()
            .unwrap_or_else(|_| ExitStatus::from_raw(0));
        self.desk.set_worker(None);
        self.status = Some(status);
        status
    }
}

impl Drop for Hired {
    fn drop(&mut self) {
        self.end();
    }
}
