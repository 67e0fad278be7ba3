//! [`spawn`], [`Builder`], [`Run`], [`JoinHandle`]: starting threads and getting back what they
//! return. Python's `threading.Thread` over [`std::thread`].
//!
//! | Python | here |
//! |---|---|
//! | `Thread(target=f, name="N", daemon=True).start()` | `Builder::new().name("N").daemon(true).spawn(f)` |
//! | a subclass with its own `run` | a type that implements [`Run`] |
//! | `t.join()` | [`JoinHandle::join`], which also gives the value, or the panic |
//! | `t.join(timeout)`, a join from many threads | [`Thread::wait_timeout`], [`Thread::wait`] |
//!
//! Starting twice or joining before the start does not compile: `spawn` takes the builder and is
//! what makes the handle. Nor can a thread become a daemon later: only the builder has `daemon`.
//!
//! To copy: this file and `registry.rs`. Needs: std only.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread as native;

use crate::registry::{Thread, current, enter};

/// A thread to be started: its name, whether it is a daemon, its stack.
///
/// ```
/// use threading::thread::Builder;
///
/// let handle = Builder::new().name("adder").spawn(|| 1 + 2)?;
/// assert_eq!(handle.thread().name(), "adder");
/// assert_eq!(handle.join()?, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing runs before `spawn`"]
pub struct Builder {
    name: Option<String>,
    daemon: Option<bool>,
    stack_size: Option<usize>,
}

impl Builder {
    /// A thread with a numbered name (`Thread-1`, …) that is a daemon if its creator is one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the thread. Names need not differ.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether [`ExitGuard`](crate::registry::ExitGuard) leaves the thread behind at exit.
    pub fn daemon(mut self, daemon: bool) -> Self {
        self.daemon = Some(daemon);
        self
    }

    /// The size of the stack in bytes. A small one is rounded up to what the platform needs.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Starts the thread. Python's `start()`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the name contains NUL or the stack is more than half the address space;
    /// otherwise what the system says when it has no thread to give. No trace of the thread is left
    /// then, and `f` is dropped.
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let name = self.name.unwrap_or_else(numbered_name);
        if name.contains('\0') {
            return Err(invalid("a thread's name cannot contain NUL"));
        }
        let mut builder = native::Builder::new().name(name.clone());
        if let Some(bytes) = self.stack_size {
            if bytes > isize::MAX as usize {
                return Err(invalid("a thread's stack cannot be that large"));
            }
            builder = builder.stack_size(bytes);
        }
        let daemon = self.daemon.unwrap_or_else(|| current().is_daemon());
        let thread = Thread::initial(name, daemon);
        let native = builder.spawn({
            let thread = thread.clone();
            move || {
                enter(thread);
                f()
            }
        })?;
        thread.begin();
        Ok(JoinHandle { native, thread })
    }
}

/// Starts a thread with a numbered name. Python's `Thread(target=f).start()`.
///
/// # Errors
///
/// As [`Builder::spawn`].
pub fn spawn<F, T>(f: F) -> io::Result<JoinHandle<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f)
}

/// What Python does by inheriting from `Thread` and overriding `run`.
///
/// ```
/// use threading::thread::Run;
///
/// struct Square(u32);
///
/// impl Run for Square {
///     type Output = u32;
///
///     fn run(self) -> u32 {
///         self.0 * self.0
///     }
/// }
///
/// assert_eq!(Square(3).start()?.join()?, 9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Run: Sized + Send + 'static {
    /// What `run` returns.
    type Output: Send + 'static;

    /// What the thread does.
    fn run(self) -> Self::Output;

    /// How the thread is started: its name and so on.
    fn builder(&self) -> Builder {
        Builder::new()
    }

    /// Starts a thread that calls [`run`](Run::run).
    ///
    /// # Errors
    ///
    /// As [`Builder::spawn`].
    fn start(self) -> io::Result<JoinHandle<Self::Output>> {
        self.builder().spawn(move || self.run())
    }
}

/// A started thread and the value it will return. Dropping it joins nothing: the thread runs on, and
/// drops its result itself. If it has returned already, the drop of the handle drops the result.
#[derive(Debug)]
pub struct JoinHandle<T> {
    native: native::JoinHandle<T>,
    thread: Thread,
}

impl<T> JoinHandle<T> {
    /// The thread, to ask and to wait for.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }

    /// Waits until the thread is gone, destructors of its thread-locals included, and gives what it
    /// returned. Python's `join()`.
    ///
    /// # Errors
    ///
    /// [`JoinError`] if it panicked, or if a thread joins itself (Python: `RuntimeError`).
    pub fn join(self) -> Result<T, JoinError> {
        let error = |panic| JoinError {
            name: self.thread.name().to_owned(),
            panic,
        };
        if self.thread == current() {
            return Err(error(None));
        }
        let result = self.native.join();
        result.map_err(|payload| error(Some(Mutex::new(payload))))
    }
}

/// Why a join gave no value: the thread panicked, or it tried to join itself.
pub struct JoinError {
    name: String,
    /// `None`: it tried to join itself. The mutex is only there to make the payload `Sync`.
    panic: Option<Mutex<Box<dyn Any + Send>>>,
}

impl JoinError {
    /// Whether the thread panicked.
    pub fn is_panic(&self) -> bool {
        self.panic.is_some()
    }

    /// What the thread panicked with, to inspect or for `std::panic::resume_unwind`.
    pub fn into_panic(self) -> Option<Box<dyn Any + Send>> {
        let payload = self.panic?.into_inner();
        Some(payload.unwrap_or_else(PoisonError::into_inner))
    }

    /// The panic's message, if it is text.
    pub fn message(&self) -> Option<String> {
        let payload = self
            .panic
            .as_ref()?
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.panic, self.message()) {
            (None, _) => write!(f, "thread '{}' cannot join itself", self.name),
            (_, Some(text)) => write!(f, "thread '{}' panicked: {text}", self.name),
            (_, None) => write!(f, "thread '{}' panicked", self.name),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl Error for JoinError {}

fn numbered_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("Thread-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
