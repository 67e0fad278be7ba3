//! [`Members`]: the processes that have a handle of a queue, and what they may do with it. It tells
//! whether anybody is left who could put, or get.
//!
//! A process can be killed before it says that it leaves; so who waits looks whether the others are
//! alive. A number that the system gave to another process since is told by when that one began.

use std::fs;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::pidfd;
use crate::robust_mutex::{RobustGuard, RobustMutex};

/// So many processes can have a handle.
pub const MOST: usize = 1024;

/// What a process may do: bits of an entry. Beside each of them, shifted by [`HAD`], is whether it could
/// ever do so.
pub const PUT: u32 = 1;
/// See [`PUT`].
pub const GET: u32 = 2;

/// A process that has left does not come back when its parent, being late, enters it.
const HAD: u32 = 2;

/// For how long a process waits for the lock when it leaves, or has started a child. The owner may be
/// stopped.
const PATIENCE: Duration = Duration::from_secs(1);

/// The table. All zero is an empty one, once its lock is made.
#[repr(C)]
pub struct Members {
    pub lock: RobustMutex,
    /// How often somebody left.
    departures: AtomicU32,
    /// The entries after so many were never used.
    used: AtomicU32,
    entries: [Entry; MOST],
}

/// Changed by the owner of the lock only, and each change is done with the store to `who`.
#[repr(C)]
struct Entry {
    /// The process and its bits; 0 for nobody.
    who: AtomicU64,
    /// When the process began, in ticks since the system did; 0 if it could not be learned.
    began: AtomicU64,
}

/// The table is full.
#[derive(Clone, Copy, Debug)]
pub struct TooMany;

impl Members {
    /// Enters a process that says so itself. It waits for the lock as long as it takes: who is not
    /// entered is not counted.
    pub fn enter(&self, pid: Pid, roles: u32) -> Result<(), TooMany> {
        let guard = self.lock.lock().expect(NOT_TWICE);
        self.change(&guard, pid, |bits| bits | roles | roles << HAD)
    }

    /// Enters a child, which may have entered itself already, and may even have left. If that is not
    /// possible soon the child does it itself.
    pub fn enter_child(&self, pid: Pid, roles: u32) {
        let until = Instant::now() + PATIENCE;
        if let Some(guard) = self.lock.lock_until(until).expect(NOT_TWICE) {
            // Without room for it, it finds out itself.
            let _ = self.change(&guard, pid, |bits| {
                let new = roles & !(bits >> HAD);
                bits | new | new << HAD
            });
        }
    }

    /// A process can no longer do what `roles` says.
    pub fn leave(&self, pid: Pid, roles: u32) {
        // This is called in a drop. Without it the others learn only from our death that we have left.
        let until = Instant::now() + PATIENCE;
        let guard = self.lock.lock_until(until).expect(NOT_TWICE);
        if let Some(guard) = &guard
            && let Some(entry) = self.find(guard, pid)
        {
            entry.set(pid, entry.bits() & !roles);
        }
        self.departures.fetch_add(1, Ordering::Release);
    }

    /// Changes with each process that says it leaves.
    pub fn departures(&self) -> u32 {
        self.departures.load(Ordering::Acquire)
    }

    /// Whether another process than `me` can do what `role` says. Removes the dead it finds. `None` if
    /// the lock could not be had until `deadline`.
    pub fn has_other(&self, me: Pid, role: u32, deadline: Instant) -> Option<bool> {
        let guard = self.lock.lock_until(deadline).expect(NOT_TWICE)?;
        let mut others = self.entries(&guard).iter().filter(|entry| {
            entry.bits() & role != 0 && entry.pid() != me && !entry.remove_if_dead()
        });
        Some(others.next().is_some())
    }

    fn change(
        &self,
        guard: &RobustGuard<'_>,
        pid: Pid,
        bits: impl FnOnce(u32) -> u32,
    ) -> Result<(), TooMany> {
        if let Some(entry) = self.find(guard, pid) {
            entry.set(pid, bits(entry.bits()));
            return Ok(());
        }
        let entry = self.free(guard).ok_or(TooMany)?;
        entry.began.store(began(pid), Ordering::Relaxed);
        entry.set(pid, bits(0));
        Ok(())
    }

    /// The entry of a process. One of an earlier process with this number is removed.
    fn find(&self, guard: &RobustGuard<'_>, pid: Pid) -> Option<&Entry> {
        let mut entries = self.entries(guard).iter();
        let entry = entries.find(|entry| entry.pid() == pid && entry.bits() != 0)?;
        (!entry.is_of_an_earlier()).then_some(entry)
    }

    /// An entry of nobody.
    fn free(&self, guard: &RobustGuard<'_>) -> Option<&Entry> {
        let used = self.entries(guard);
        let free = used.iter().find(|entry| entry.bits() == 0);
        free.or_else(|| {
            let entry = self.entries.get(used.len())?;
            self.used.store(used.len() as u32 + 1, Ordering::Relaxed);
            Some(entry)
        })
        .or_else(|| used.iter().find(|entry| entry.remove_if_dead()))
    }

    fn entries(&self, _lock: &RobustGuard<'_>) -> &[Entry] {
        &self.entries[..self.used.load(Ordering::Relaxed) as usize]
    }
}

impl Entry {
    fn pid(&self) -> Pid {
        Pid::from_raw((self.who.load(Ordering::Acquire) >> 32) as i32)
    }

    fn bits(&self) -> u32 {
        self.who.load(Ordering::Acquire) as u32
    }

    fn set(&self, pid: Pid, bits: u32) {
        let pid = u64::from(pid.as_raw().cast_unsigned());
        // Release: what the process has put is there for who sees that it left.
        self.who
            .store(pid << 32 | u64::from(bits), Ordering::Release);
    }

    /// Whether the process is dead, or a zombie; then the entry is nobody's.
    fn remove_if_dead(&self) -> bool {
        let dead = is_dead(self.pid()) || self.is_of_an_earlier();
        if dead {
            self.who.store(0, Ordering::Relaxed);
        }
        dead
    }

    /// Whether the process that has the number now is another one; then the entry is nobody's.
    fn is_of_an_earlier(&self) -> bool {
        let (noted, now) = (self.began.load(Ordering::Relaxed), began(self.pid()));
        let earlier = noted != 0 && now != 0 && noted != now;
        if earlier {
            self.who.store(0, Ordering::Relaxed);
        }
        earlier
    }
}

/// Whether there is no such process, or it is a zombie.
fn is_dead(pid: Pid) -> bool {
    match pidfd::open(pid) {
        Ok(process) => {
            let mut ended = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
            poll(&mut ended, PollTimeout::ZERO).is_ok_and(|count| count > 0)
        }
        // No descriptor left, or a sandbox: then a zombie counts as alive.
        Err(_) => kill(pid, None) == Err(Errno::ESRCH),
    }
}

/// When the process began; 0 if that is not told. proc_pid_stat(5), field 22
fn began(pid: Pid) -> u64 {
    if !pidfd::proc_has_our_numbers() {
        return 0;
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses, the second field, may contain anything.
    let rest = stat.rsplit(") ").next().unwrap_or_default();
    let field = rest.split(' ').nth(22 - 3);
    field.and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

/// No code of the user's runs while the lock is held.
const NOT_TWICE: &str = "a thread looks at the members once at a time";
