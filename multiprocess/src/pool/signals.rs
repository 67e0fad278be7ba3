//! Which signals end which of the pool's processes: see the table in the docs of [`pool`](super).

use std::ffi::{CStr, c_int};
use std::io::Write;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, getpid, read};

use crate::pidfd::proc_has_our_numbers;

/// In a worker, its own number, and that of the pool's parent. 0 if `/proc` does not show it.
static WORKER: AtomicI32 = AtomicI32::new(0);
static PARENT: AtomicI32 = AtomicI32::new(0);

/// For the broker: no signal but SIGKILL and SIGSTOP reaches it. Returns what was blocked in the parent.
pub fn block_all() -> SigSet {
    let mut before = SigSet::empty();
    let _ = sigprocmask(
        SigmaskHow::SIG_SETMASK,
        Some(&SigSet::all()),
        Some(&mut before),
    );
    // With SIGCHLD ignored the system reaps the workers, and nobody learns how they ended.
    set(libc::SIGCHLD, libc::SIG_DFL);
    before
}

/// For a worker, a fork of the broker: from now on it does with a signal what the pool's parent does with
/// it, and it blocks what the parent blocked when it built the pool.
pub fn follow(parent: Pid, blocked_by_parent: &SigSet) {
    WORKER.store(getpid().as_raw(), Relaxed);
    if proc_has_our_numbers() {
        PARENT.store(parent.as_raw(), Relaxed);
    }
    for signal in 1..=libc::SIGRTMAX() {
        if is_ignored(signal) {
            continue;
        }
        match signal {
            // They come from within the process, or cannot be handled. std has handlers for two.
            libc::SIGILL
            | libc::SIGTRAP
            | libc::SIGABRT
            | libc::SIGBUS
            | libc::SIGFPE
            | libc::SIGSEGV
            | libc::SIGSYS
            | libc::SIGPIPE
            | libc::SIGXCPU
            | libc::SIGXFSZ
            | libc::SIGKILL
            | libc::SIGSTOP => {}
            // They end nothing by default. A handler of the parent's is not for a worker.
            libc::SIGCHLD
            | libc::SIGCONT
            | libc::SIGTSTP
            | libc::SIGTTIN
            | libc::SIGTTOU
            | libc::SIGURG
            | libc::SIGWINCH => set(signal, libc::SIG_DFL),
            _ => set(signal, do_as_the_parent as *const () as libc::sighandler_t),
        }
    }
    let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(blocked_by_parent), None);
}

fn is_ignored(signal: c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: nothing is changed, and the place is good for an action. One that is told of is whole.
    unsafe {
        libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

/// Fails for the signals that the C library keeps for itself.
fn set(signal: c_int, handler: libc::sighandler_t) {
    // SAFETY: zeroes are an action. The handler is one of the system's, or calls only what may be called in
    // a handler: see there.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART; // tasks do not notice what does not end them
        libc::sigaction(signal, &action, ptr::null_mut());
    }
}

/// The handler. What the parent ignores or handles does not end a worker, whoever it was sent to; what
/// ends the parent ends the worker. It allocates nothing, takes no lock, and leaves `errno` as it was.
extern "C" fn do_as_the_parent(signal: c_int) {
    let errno = Errno::last();
    // A child that a task started has this handler too, and is not a worker.
    let is_worker = getpid().as_raw() == WORKER.load(Relaxed);
    if !(is_worker && parent_stays(signal)) {
        set(signal, libc::SIG_DFL);
        // SAFETY: it takes a number. The signal is blocked until the handler returns, and comes then.
        unsafe { libc::raise(signal) };
    }
    errno.set();
}

/// Whether the parent ignores or handles the signal. As well if that cannot be found out, but the parent is
/// there.
fn parent_stays(signal: c_int) -> bool {
    let parent = PARENT.load(Relaxed);
    if parent == 0 {
        return true;
    }
    let mut path = [0; 32];
    let _ = write!(&mut path[..31], "/proc/{parent}/status");
    let path = CStr::from_bytes_until_nul(&path).expect("the last byte is 0");
    let file = match open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()) {
        Ok(file) => file,
        Err(errno) => return errno != Errno::ENOENT,
    };
    let mut text = [0; 4096];
    let mut len = 0;
    while let Ok(more @ 1..) = read(&file, &mut text[len..]) {
        len += more;
    }
    let bit = 1 << (signal - 1);
    match (mask(&text, b"\nSigIgn:\t"), mask(&text, b"\nSigCgt:\t")) {
        (Some(ignored), Some(handled)) => (ignored | handled) & bit != 0,
        _ => true,
    }
}

/// The signals in one line of the file: 16 hexadecimal digits. proc(5)
fn mask(text: &[u8], name: &[u8]) -> Option<u64> {
    let at = text.windows(name.len()).position(|window| window == name)? + name.len();
    let digits = str::from_utf8(text.get(at..at + 16)?).ok()?;
    u64::from_str_radix(digits, 16).ok()
}
