//! Signals that a worker leaves to the parent. The table is in [the module's documentation](super).
//!
//! When a worker is started, a handler of the parent's becomes the default, which is to end. So the worker is
//! started with all signals blocked, and gives those that would end it a handler, [`act`], before it unblocks
//! them. It does not ignore them (`SIG_IGN`): what a task starts would inherit that, and a task that wants to
//! ignore one could not be told from this.

use std::mem::{self, MaybeUninit};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{c_int, c_void, siginfo_t};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};

/// The worker's process. One that a task forks has the handler, too, but another number.
static WORKER: AtomicI32 = AtomicI32::new(0);

/// The worker's socket.
static SOCKET: AtomicI32 = AtomicI32::new(-1);

/// In the parent: calls `start`, which starts a worker, with the signals blocked that the worker shall leave
/// to the parent.
pub fn blocked<T>(start: impl FnOnce() -> T) -> T {
    let mut signals = SigSet::all();
    // If Ctrl-Z stops the parent, the workers stop with it.
    if disposition(libc::SIGTSTP, None).is_some_and(|action| action.sa_sigaction == libc::SIG_DFL) {
        signals.remove(Signal::SIGTSTP);
    }
    let before = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK);
    let started = start();
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    started
}

/// In the worker: gives each signal that is blocked, and would end or stop it, the handler. Then blocks none.
pub fn leave_to_the_parent(socket: &'static UnixStream) {
    WORKER.store(std::process::id().cast_signed(), Ordering::Relaxed);
    SOCKET.store(socket.as_raw_fd(), Ordering::Relaxed);
    let blocked = SigSet::thread_get_mask().unwrap_or(SigSet::empty());
    // SAFETY: zeros are valid in it.
    let mut handler: libc::sigaction = unsafe { mem::zeroed() };
    handler.sa_sigaction = act as *const () as usize;
    handler.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    // One after the other: each takes kilobytes of the stack.
    handler.sa_mask = *SigSet::all().as_ref();
    for signal in 1..=libc::SIGRTMAX() {
        let ends_or_stops = match signal {
            libc::SIGCHLD | libc::SIGCONT | libc::SIGURG | libc::SIGWINCH => false,
            // For what the process itself does.
            libc::SIGABRT | libc::SIGBUS | libc::SIGFPE | libc::SIGILL | libc::SIGSEGV => false,
            libc::SIGSYS | libc::SIGTRAP | libc::SIGTTIN | libc::SIGTTOU => false,
            libc::SIGTSTP => blocked.contains(Signal::SIGTSTP),
            _ => true, // with SIGKILL and SIGSTOP, of which the system refuses it
        };
        if !ends_or_stops {
            continue;
        }
        // What is ignored stays ignored, and what has a handler is handled.
        if let Some(before) = disposition(signal, Some(&handler))
            && before.sa_sigaction != libc::SIG_DFL
        {
            disposition(signal, Some(&before));
        }
    }
    let _ = SigSet::empty().thread_set_mask();
}

/// What is done about the signal; and from now on `new`, if it is given. `None` if the system refuses it.
fn disposition(signal: c_int, new: Option<&libc::sigaction>) -> Option<libc::sigaction> {
    let new = new.map_or(ptr::null(), ptr::from_ref);
    let mut before = MaybeUninit::uninit();
    // SAFETY: a new handler is `act`, which does what a handler may, or one that was there before. The
    // place for the one before is there.
    let code = unsafe { libc::sigaction(signal, new, before.as_mut_ptr()) };
    // SAFETY: it has written then.
    (code == 0).then(|| unsafe { before.assume_init() })
}

/// The handler. From another process, or from the terminal, a signal is for the parent. What the worker sends
/// to itself, and what comes from a timer or a limit, has the effect that it has by default; so has a SIGTERM
/// if the parent has no more to say: then the executor has sent it, now or while another one was pending.
extern "C" fn act(signal: c_int, info: *mut siginfo_t, _: *mut c_void) {
    let errno = Errno::last_raw();
    // SAFETY: the kernel tells of the signal there, for such a code the sender.
    let (code, sender) = unsafe { ((*info).si_code, (*info).si_pid()) };
    // SAFETY: it has no conditions.
    let this = unsafe { libc::getpid() };
    let is_for_the_parent = match code {
        libc::SI_USER | libc::SI_TKILL | libc::SI_QUEUE => sender != this,
        libc::SI_KERNEL => {
            [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTSTP].contains(&signal)
        }
        _ => false,
    };
    let is_told_to_end = signal == libc::SIGTERM && no_more_will_come();
    if !is_for_the_parent || is_told_to_end || this != WORKER.load(Ordering::Relaxed) {
        // SAFETY: numbers. It comes when this handler returns.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::kill(this, signal);
        }
    }
    Errno::set_raw(errno);
}

/// Whether the parent has shut its side of the socket down.
fn no_more_will_come() -> bool {
    let mut socket = libc::pollfd {
        fd: SOCKET.load(Ordering::Relaxed),
        events: libc::POLLRDHUP,
        revents: 0,
    };
    // SAFETY: it looks at one place, which is there.
    let changed = unsafe { libc::poll(&mut socket, 1, 0) };
    changed > 0 && socket.revents & (libc::POLLRDHUP | libc::POLLHUP) != 0
}
