//! [`is_single_threaded`]: whether this process has one thread only, so that a fork is sound.
//!
//! A fork copies the memory of all threads and the thread that called it, no other. A lock that
//! another one held, the allocator's say, is then held for ever in the child.
//!
//! To copy: this file. Needs: nix (`sched`).

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};

/// For how long a thread that was joined may still be seen: the kernel ends it after the join.
const STALE: Duration = Duration::from_millis(20);

/// Whether the calling thread is the only one of this process. Never `true` by mistake; a thread that
/// has just been joined is waited for, up to 20 ms.
///
/// # Errors
///
/// What the system says if it tells neither way.
pub fn is_single_threaded() -> io::Result<bool> {
    if ask()? {
        return Ok(true);
    }
    let begin = Instant::now();
    while begin.elapsed() < STALE {
        thread::sleep(Duration::from_micros(200));
        if ask()? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn ask() -> io::Result<bool> {
    // It would do nothing to a process with one thread, and refuses one with more. unshare(2)
    match unshare(CloneFlags::CLONE_THREAD) {
        Ok(()) => Ok(true),
        Err(Errno::EINVAL) => Ok(false),
        // A sandbox forbids the call. A folder has a link for itself, one for its name, and one for
        // each folder in it. Fewer links: a file system that does not count them.
        Err(_) => Ok(fs::metadata("/proc/self/task")?.nlink() == 3),
    }
}
