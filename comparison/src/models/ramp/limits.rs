//! Which limit of the system's is behind a refusal. `EAGAIN` alone may be any of five.

use std::fs;
use std::io;
use std::path::PathBuf;

/// Process numbers that nobody has, under all of the machine's limits; `None` where it does not tell.
pub(super) fn free_places() -> Option<u64> {
    let most = number("/proc/sys/kernel/pid_max")?.min(number("/proc/sys/kernel/threads-max")?);
    Some(most.saturating_sub(tasks_of_all()?))
}

/// What to say of a refusal: the limit that was reached, as far as the system tells.
pub(super) fn behind(error: &io::Error) -> String {
    let name = match error.raw_os_error() {
        Some(EMFILE) => descriptors().map(|most| format!("RLIMIT_NOFILE = {most}")),
        Some(EAGAIN | ENOMEM) => of_processes(),
        _ => None,
    };
    name.unwrap_or_else(|| error.to_string())
}

// The same on every Linux, and only there the files below exist.
const EAGAIN: i32 = 11;
const ENOMEM: i32 = 12;
const EMFILE: i32 = 24;

/// Whether there is no descriptor left, so that nothing can be read in `/proc` either.
pub(super) fn is_of_descriptors(error: &io::Error) -> bool {
    error.raw_os_error() == Some(EMFILE)
}

/// A limit counts as reached when fewer than so many are left: others come and go meanwhile.
const NEARLY: u64 = 8;

fn of_processes() -> Option<String> {
    let reached = |used: Option<u64>, most: u64| used.is_some_and(|used| used + NEARLY >= most);
    if let Some((used, most)) = control_group()
        && reached(Some(used), most)
    {
        return Some(format!("pids.max = {most}"));
    }
    if let Some(most) = limit("Max processes")
        && reached(tasks_of_this_user(), most)
    {
        return Some(format!("RLIMIT_NPROC = {most}"));
    }
    if let Some(most) = number("/proc/sys/vm/max_map_count")
        && reached(mappings(), most)
    {
        return Some(format!("vm.max_map_count = {most}"));
    }
    let most = number("/proc/sys/kernel/threads-max")?;
    if reached(tasks_of_all(), most) {
        return Some(format!("kernel.threads-max = {most}"));
    }
    let most = number("/proc/sys/kernel/pid_max")?;
    reached(tasks_of_all(), most).then(|| format!("kernel.pid_max = {most}"))
}

fn number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The soft limit of descriptors. Asked for, not read from a file: there is no descriptor left to read it with.
#[cfg(unix)]
fn descriptors() -> Option<u64> {
    use nix::sys::resource::{Resource, getrlimit};

    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    Some(soft)
}

#[cfg(not(unix))]
fn descriptors() -> Option<u64> {
    None
}

/// The soft limit of this name, if there is one.
fn limit(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok() // `unlimited` is no number
}

fn mappings() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/maps").ok()?;
    Some(text.lines().count() as u64)
}

/// All threads of all processes: `0.00 0.01 0.05 2/594 4711` has 594.
fn tasks_of_all() -> Option<u64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace()
        .nth(3)?
        .split_once('/')?
        .1
        .parse()
        .ok()
}

/// All threads of all processes of this user, as far as they can be seen.
fn tasks_of_this_user() -> Option<u64> {
    let user = user(&fs::read_to_string("/proc/self/status").ok()?)?;
    let mut tasks = 0;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Ok(status) = fs::read_to_string(entry.path().join("status")) else {
            continue; // no process, or gone
        };
        if self::user(&status) == Some(user) {
            tasks += field(&status, "Threads:").unwrap_or(1);
        }
    }
    Some(tasks)
}

/// The real user, whose processes are counted.
fn user(status: &str) -> Option<u64> {
    field(status, "Uid:")
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The tasks of the control group that this process is in, and how many it may have: of all groups on the
/// way up, the one with the least room.
fn control_group() -> Option<(u64, u64)> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        let root = match controllers {
            "" => "/sys/fs/cgroup",
            of if of.split(',').any(|name| name == "pids") => "/sys/fs/cgroup/pids",
            _ => continue,
        };
        let group = PathBuf::from(root).join(path.trim_start_matches('/'));
        for group in group
            .ancestors()
            .take_while(|group| group.starts_with(root))
        {
            let read = |name| number(group.join(name).to_str()?);
            found.extend(read("pids.current").zip(read("pids.max")));
        }
    }
    found
        .into_iter()
        .min_by_key(|(used, most)| most.saturating_sub(*used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_its_fields() {
        let status = "Name:\tx\nUid:\t65534\t0\t0\t0\nThreads:\t7\n";
        assert_eq!(
            (user(status), field(status, "Threads:")),
            (Some(65534), Some(7))
        );
        assert_eq!(field(status, "Pid:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_system_tells() {
        assert!(tasks_of_all().expect("a load") > 0);
        assert!(tasks_of_this_user().expect("a user") > 0);
        assert!(mappings().expect("a map") > 0);
        assert!(free_places().is_some());
    }

    #[test]
    fn what_is_no_limit_is_told_as_it_is() {
        let error = io::Error::other("something else");
        assert_eq!(behind(&error), "something else");
    }
}
