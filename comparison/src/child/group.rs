//! [`Group`]: a child and all that it starts, which end together.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A child and its process group. The mutex keeps a kill from meeting a process that was reaped.
pub(super) struct Group {
    child: Mutex<Child>,
    /// Whether the group is its own.
    led: bool,
}

/// Set where this process is itself a child that measures. What it starts stays in its group then, so that who
/// ends that group ends all.
pub(super) static NESTED: AtomicBool = AtomicBool::new(false);

/// For how long what a child has started may outlive it: the system ends it a moment later.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// The groups that are alive, for [`kill_all`].
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

impl Group {
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        let led = !NESTED.load(Relaxed);
        #[cfg(unix)]
        if led {
            std::os::unix::process::CommandExt::process_group(command, 0);
        }
        // Under the lock, so that `kill_all` cannot come between the start and the entry.
        let mut groups = groups();
        let child = command.spawn()?;
        if led {
            groups.push(child.id());
        }
        Ok(Self {
            child: Mutex::new(child),
            led,
        })
    }

    pub(super) fn with<T>(&mut self, take: impl FnOnce(&mut Child) -> T) -> T {
        take(self.child.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn kill(&self) {
        let mut child = self.child();
        if matches!(child.try_wait(), Ok(None)) {
            if self.led {
                kill_group(child.id());
            }
            // Where there are no groups, at least the child. Fails only if it has just ended.
            let _ = child.kill();
        }
    }

    /// After the child has been reaped: whether all that it started is gone too. What is not, by the end
    /// of [`GRACE`], is killed.
    pub(super) fn is_gone(&self) -> bool {
        if !self.led {
            return true; // whoever leads the group looks
        }
        let group = self.child().id();
        let ceiling = Instant::now() + GRACE;
        while group_lives(group) {
            if Instant::now() > ceiling {
                kill_group(group);
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        true
    }

    pub(super) fn reap(&self) -> io::Result<ExitStatus> {
        loop {
            let mut groups = groups();
            let mut child = self.child();
            if let Some(status) = child.try_wait()? {
                groups.retain(|&id| id != child.id());
                return Ok(status);
            }
            drop((child, groups)); // the watchdog needs them
            thread::sleep(Duration::from_millis(1)); // its outputs are closed: it is about to end
        }
    }
}

/// Kills every child that is alive and all that it started: for a program that is interrupted.
pub fn kill_all() {
    for &group in groups().iter() {
        kill_group(group);
    }
}

fn groups() -> MutexGuard<'static, Vec<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn kill_group(group: u32) {
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;

    if let Ok(group) = i32::try_from(group) {
        // It has ended when there is no such group; nothing is left to kill then.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
}

/// Its number is not given to anybody else while a process is in it.
#[cfg(unix)]
fn group_lives(group: u32) -> bool {
    use nix::sys::signal::killpg;
    use nix::unistd::Pid;

    i32::try_from(group).is_ok_and(|group| killpg(Pid::from_raw(group), None).is_ok())
}

#[cfg(not(unix))]
fn kill_group(_group: u32) {}

#[cfg(not(unix))]
fn group_lives(_group: u32) -> bool {
    false
}
