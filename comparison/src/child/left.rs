//! What a section may not leave behind in its process: threads, children, shared memory, descriptors.
//!
//! The system takes back all but a name in `/dev/shm` when the process ends, so here it would do no harm;
//! in a program that runs on, it would stay.

use std::collections::BTreeSet;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::contract::Contract;

/// For how long what goes may still be seen: a thread that was joined is on the kernel's list for a
/// moment.
const GRACE: Duration = Duration::from_secs(5);

/// What there was before a section ran.
pub(super) struct Before {
    shared_memory: BTreeSet<String>,
    descriptors: BTreeSet<String>,
}

impl Before {
    /// Looks now.
    pub(super) fn look() -> Self {
        Self {
            shared_memory: shared_memory(),
            descriptors: descriptors(),
        }
    }

    /// What to say, after the section, if other things are left of it than its contract says. Nothing
    /// elsewhere than on Linux, where there is no portable way to look.
    pub(super) fn fault(&self, contract: &Contract) -> Option<String> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let stated = contract.threads_left;
        let threads = settled(threads_beside_main, |&threads| threads == stated);
        if threads != stated {
            return Some(format!(
                "{threads} threads still run, the contract says {stated}"
            ));
        }
        if has_children() {
            return Some("a child process was not waited for".to_owned());
        }
        let new = settled(
            || &shared_memory() - &self.shared_memory,
            BTreeSet::is_empty,
        );
        if !new.is_empty() {
            return Some(format!("shared memory has a name still: {}", list(new)));
        }
        let stated = contract.descriptors_left;
        let new = settled(
            || &descriptors() - &self.descriptors,
            |new| new.len() == stated,
        );
        if new.len() != stated {
            let left = new.len();
            let which = match new.is_empty() {
                true => String::new(),
                false => format!(" ({})", list(new)),
            };
            return Some(format!(
                "{left} descriptors are left open{which}, the contract says {stated}"
            ));
        }
        None
    }
}

fn list(what: BTreeSet<String>) -> String {
    Vec::from_iter(what).join(", ")
}

/// The first look that is as it should be, or the last one when the time is up.
fn settled<T>(look: impl Fn() -> T, as_it_should_be: impl Fn(&T) -> bool) -> T {
    let ceiling = Instant::now() + GRACE;
    loop {
        let seen = look();
        if as_it_should_be(&seen) || Instant::now() > ceiling {
            return seen;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn threads_beside_main() -> usize {
    let tasks = fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    tasks.saturating_sub(1)
}

/// Whether a child of this process runs, or has ended and was not waited for.
#[cfg(target_os = "linux")]
fn has_children() -> bool {
    use nix::errno::Errno;
    use nix::sys::wait::{Id, WaitPidFlag, waitid};

    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    waitid(Id::All, look) != Err(Errno::ECHILD)
}

#[cfg(not(target_os = "linux"))]
fn has_children() -> bool {
    false
}

/// The numbers of the open descriptors, each with what it leads to.
fn descriptors() -> BTreeSet<String> {
    let folder = fs::read_dir("/proc/self/fd").into_iter().flatten();
    let paths: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
    // The folder is closed by now, and its own descriptor leads nowhere.
    let shown = paths.iter().filter_map(|path| {
        let (number, target) = (path.file_name()?, fs::read_link(path).ok()?);
        Some(format!("{} → {}", number.display(), target.display()))
    });
    shown.collect()
}

/// The names in `/dev/shm` of what this process has mapped or open. Names of which it has neither are not
/// counted, new ones neither: any process of the machine may have made them, and nothing tells which.
fn shared_memory() -> BTreeSet<String> {
    let Ok(folder) = fs::canonicalize("/dev/shm") else {
        return BTreeSet::new();
    };
    let folder = format!("{}/", folder.display());
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let lines = maps.lines().map(str::to_owned).chain(descriptors());
    let names = lines.filter_map(|line| Some(line[line.find(&folder)?..].to_owned()));
    names.filter(|name| !name.ends_with(" (deleted)")).collect()
}
