//! What a process and all that it has started use, from `/proc`.

use std::collections::HashMap;
use std::fs;

/// What they have used until now, and hold.
pub(super) struct Used {
    /// CPU time of all threads that are alive, in seconds.
    pub(super) cpu: f64,
    /// Proportional set size, in bytes.
    pub(super) memory: f64,
}

/// # Errors
///
/// When this system does not tell.
pub(super) fn used(root: u32) -> Result<Used, String> {
    let mut used = Used {
        cpu: 0.0,
        memory: 0.0,
    };
    for pid in family(root)? {
        // A process that has ended in between uses nothing any more.
        let tasks = fs::read_dir(format!("/proc/{pid}/task"));
        for task in tasks.into_iter().flatten().flatten() {
            let schedstat = fs::read_to_string(task.path().join("schedstat"));
            used.cpu += schedstat.ok().as_deref().and_then(on_cpu).unwrap_or(0.0);
        }
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"));
        used.memory += rollup.ok().as_deref().and_then(pss).unwrap_or(0.0);
    }
    if used.cpu == 0.0 || used.memory == 0.0 {
        return Err("this system does not tell what the server uses".to_owned());
    }
    Ok(used)
}

/// The process, its children, theirs, and so on: those that are alive.
fn family(root: u32) -> Result<Vec<u32>, String> {
    let mut others = Vec::new();
    for entry in fs::read_dir("/proc").map_err(|error| error.to_string())? {
        let name = entry.map_err(|error| error.to_string())?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
        if let Some(parent) = stat.ok().as_deref().and_then(parent_of) {
            others.push((pid, parent));
        }
    }
    Ok(descendants(root, &others))
}

/// `root`, and of the pairs of a process and its parent, those that descend from it.
fn descendants(root: u32, pairs: &[(u32, u32)]) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for &(pid, parent) in pairs {
        children.entry(parent).or_default().push(pid);
    }
    let (mut found, mut next) = (vec![root], 0);
    while let Some(&pid) = found.get(next) {
        found.extend(children.remove(&pid).unwrap_or_default());
        next += 1;
    }
    found
}

/// Of a `stat`: `PID (NAME) STATE PARENT GROUP …`, where the name may hold anything.
fn parent_of(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(1)?.parse().ok()
}

/// Of a `schedstat`: nanoseconds on a CPU, then two other figures.
fn on_cpu(schedstat: &str) -> Option<f64> {
    let nanoseconds: f64 = schedstat.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

fn pss(rollup: &str) -> Option<f64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent_of("17 (a) b) S 1 42 42 0 -1"), Some(1));
        assert_eq!(parent_of("17 (short)"), None);
    }

    #[test]
    fn a_family_is_all_that_descend() {
        let pairs = [(9, 5), (2, 1), (5, 2), (3, 1), (7, 3), (6, 2)];
        assert_eq!(descendants(2, &pairs), [2, 5, 6, 9]);
        assert_eq!(descendants(7, &pairs), [7]);
    }

    #[test]
    fn figures_are_read_in_their_units() {
        assert_eq!(on_cpu("2500000000 17 3"), Some(2.5));
        assert_eq!(pss("Rss:   99 kB\nPss:     3 kB\n"), Some(3072.0));
        assert_eq!(pss("Pss_Anon:  3 kB\n"), None);
    }

    #[test]
    fn this_process_uses_something() {
        let used = used(std::process::id()).expect("it is told");
        assert!(used.cpu > 0.0 && used.memory > 0.0);
    }
}
