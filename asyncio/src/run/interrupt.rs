//! [`Listener`]: Ctrl-C, that is SIGINT, for the runs that listen for it.
//!
//! | SIGINT, when a run begins | the run |
//! |---|---|
//! | ends the process, the default | listens, by the handler below, which stays |
//! | has the handler below, of another run | listens as well |
//! | is ignored, or has a handler of the program's own | leaves it alone, as Python's does |
//!
//! The first Ctrl-C cancels the runs there are; a second one ends the process if they have not ended by then. Where
//! there is no run, the first is for nobody, and the second ends the process; the next run begins anew.
//!
//! A handler that the program installs later takes SIGINT over, also if it calls the one that was there before, as
//! tokio's does: the runs hear of no further Ctrl-C, and leave that handler in place.

#![allow(unsafe_code)] // std has no signals

use std::io::{self, ErrorKind, Read};
use std::mem;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::ptr;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use libc::{SA_RESTART, SIG_DFL, SIGINT, c_int, sigaction, sighandler_t};
use tokio::io::Interest;
use tokio::net;

/// How many Ctrl-C have come while runs listened.
static CAME: AtomicUsize = AtomicUsize::new(0);

/// How many of them have been answered: every run that they were meant for has ended.
static ANSWERED: AtomicUsize = AtomicUsize::new(0);

/// The runs that listen: for each, how many had come before it.
static LISTENING: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// A byte that is written into the second wakes every run that waits for the first. No run reads it, since others wait
/// for it too.
static BELL: OnceLock<(UnixStream, UnixStream)> = OnceLock::new();

/// A run that listens, until this is dropped.
pub(super) struct Listener {
    before: usize,
    bell: net::UnixStream,
}

impl Listener {
    /// For a run whose runtime this is called on. `None` if Ctrl-C is not for runs.
    pub(super) fn new() -> io::Result<Option<Self>> {
        let mut listening = listening();
        let (bell, _) = bell()?;
        let is_first = listening.is_empty();
        if installed() != handler() && !(is_first && installed() == SIG_DFL) {
            return Ok(None);
        }
        if is_first {
            let _rung = (&*bell).read(&mut [0; 64]); // for runs that are over, or for none
        }
        let bell = net::UnixStream::from_std(bell.try_clone()?)?;
        let before = CAME.load(SeqCst);
        answer(&listening);
        install(handler());
        listening.push(before);
        Ok(Some(Self { before, bell }))
    }

    /// Ready when Ctrl-C has come.
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        // The waker first, then the count: a Ctrl-C that comes in between wakes.
        while let Poll::Ready(Ok(())) = self.bell.poll_read_ready(context) {
            // Tells tokio to wait for the next byte, and leaves this one where it is.
            let unread = || Err::<(), _>(ErrorKind::WouldBlock.into());
            let _ = self.bell.try_io(Interest::READABLE, unread);
        }
        match CAME.load(SeqCst) == self.before {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listening = listening();
        let place = listening.iter().position(|&before| before == self.before);
        listening.swap_remove(place.expect("a run that listens is among them"));
        answer(&listening);
    }
}

/// Counts all that came as answered, if none of the runs is one that they were meant for.
fn answer(listening: &[usize]) {
    let came = CAME.load(SeqCst);
    if listening.iter().all(|&before| before == came) {
        ANSWERED.store(came, SeqCst);
    }
}

/// The handler. It does only what POSIX allows in one, and changes no `errno`, since none of the calls fails.
extern "C" fn interrupted(_signal: c_int) {
    if installed() != handler() {
        return; // another handler has taken over, and calls this one
    }
    if CAME.fetch_add(1, SeqCst) != ANSWERED.load(SeqCst) {
        // SAFETY: `_exit` may be called in a handler. It runs no code of the program's.
        unsafe { libc::_exit(130) }
    }
    if let Some((_, ringer)) = BELL.get() {
        // SAFETY: the descriptor is open for ever, and one byte can be read from there.
        unsafe { libc::write(ringer.as_raw_fd(), [0_u8].as_ptr().cast(), 1) };
    }
}

/// Opens more descriptors than a runtime needs, and closes them: where the system does not have them, tokio's builder
/// panics, if some crate has switched on its feature `signal`.
pub(super) fn try_descriptors() -> io::Result<()> {
    let (bell, _) = bell()?;
    let spare: io::Result<Vec<_>> = (0..8).map(|_| bell.try_clone()).collect();
    spare.map(drop)
}

fn handler() -> sighandler_t {
    interrupted as *const () as sighandler_t
}

/// What SIGINT does now.
fn installed() -> sighandler_t {
    // SAFETY: all zeros is such a struct. The call only writes to it, and fails for no signal that there is.
    unsafe {
        let mut action: sigaction = mem::zeroed();
        sigaction(SIGINT, ptr::null(), &mut action);
        action.sa_sigaction
    }
}

fn install(handler: sighandler_t) {
    // SAFETY: all zeros is such a struct, with an empty mask. `handler` is the default, or a function that takes a signal
    // and does what is allowed in a handler.
    unsafe {
        let mut action: sigaction = mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = SA_RESTART; // blocking calls of the program's go on
        sigaction(SIGINT, &action, ptr::null_mut());
    }
}

fn bell() -> io::Result<&'static (UnixStream, UnixStream)> {
    if let Some(bell) = BELL.get() {
        return Ok(bell);
    }
    let pair = UnixStream::pair()?;
    pair.0.set_nonblocking(true)?;
    pair.1.set_nonblocking(true)?;
    Ok(BELL.get_or_init(|| pair))
}

/// The runs that listen. While it is locked, no other run changes what SIGINT does.
fn listening() -> MutexGuard<'static, Vec<usize>> {
    LISTENING.lock().unwrap_or_else(PoisonError::into_inner)
}
