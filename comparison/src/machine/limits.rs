//! How many cores may be used: by affinity, and by the limit of a control group.

use std::fs;
use std::path::Path;

/// The cores that the scheduler may put this process on.
#[cfg(target_os = "linux")]
pub fn affinity() -> usize {
    allowed().map_or_else(super::cores, |cores| cores.len())
}

/// Elsewhere: those there are.
#[cfg(not(target_os = "linux"))]
pub fn affinity() -> usize {
    super::cores()
}

/// Their numbers.
#[cfg(target_os = "linux")]
pub(super) fn allowed() -> Option<Vec<usize>> {
    use nix::sched::{CpuSet, sched_getaffinity};
    use nix::unistd::Pid;

    let set = sched_getaffinity(Pid::from_raw(0)).ok()?;
    let cores = (0..CpuSet::count()).filter(|&core| set.is_set(core).unwrap_or(false));
    Some(cores.collect())
}

/// How many cores' worth of time the control group of this process and those above it allow; `None`
/// where there is no limit.
pub fn quota() -> Option<f64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let quotas = groups.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let path = path.trim_start_matches('/');
        match controllers {
            "" => least(Path::new("/sys/fs/cgroup"), path, |group| {
                parse_max(&fs::read_to_string(group.join("cpu.max")).ok()?)
            }),
            of if of.split(',').any(|name| name == "cpu") => {
                least(Path::new("/sys/fs/cgroup/cpu"), path, |group| {
                    let read = |name| fs::read_to_string(group.join(name)).ok();
                    let (quota, period) = (read("cpu.cfs_quota_us")?, read("cpu.cfs_period_us")?);
                    parse_max(&format!("{} {}", quota.trim(), period.trim()))
                })
            }
            _ => None,
        }
    });
    quotas.reduce(f64::min)
}

/// The least limit on the way from a group up to the root.
fn least(root: &Path, path: &str, limit: impl Fn(&Path) -> Option<f64>) -> Option<f64> {
    let group = root.join(path);
    let ways = group.ancestors().take_while(|way| way.starts_with(root));
    ways.filter_map(limit).reduce(f64::min)
}

/// `200000 100000` are two cores; `max 100000` and `-1 100000` are no limit.
fn parse_max(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_a_number_of_cores() {
        assert_eq!(parse_max("150000 100000\n"), Some(1.5));
        assert_eq!(parse_max("max 100000\n"), None);
        assert_eq!(parse_max("-1 100000"), None);
        assert_eq!(parse_max(""), None);
    }

    #[test]
    fn the_least_on_the_way_up_counts() {
        let limit = |group: &Path| match group.to_str() {
            Some("/groups/a/b") => Some(3.0),
            Some("/groups/a") => Some(2.0),
            Some("/groups") => None,
            other => panic!("{other:?} is above the root"),
        };
        assert_eq!(least(Path::new("/groups"), "a/b", limit), Some(2.0));
    }
}
