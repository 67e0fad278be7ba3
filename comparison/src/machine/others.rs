//! [`Others`]: how much of the machine others have used meanwhile.

/// A look at the clock of every core that may be used, and at what this program has used itself.
pub struct Others {
    /// Seconds that the cores have been busy, with whatever.
    #[cfg(target_os = "linux")]
    busy: f64,
    /// Seconds of CPU time of this process and the children that it has waited for.
    #[cfg(target_os = "linux")]
    ours: f64,
    #[cfg(target_os = "linux")]
    at: std::time::Instant,
}

#[cfg(target_os = "linux")]
impl Others {
    /// Now. `None` where the system does not tell.
    pub fn look() -> Option<Self> {
        Some(Self {
            busy: busy(&std::fs::read_to_string("/proc/stat").ok()?)?,
            ours: crate::models::cpu_seconds()?,
            at: std::time::Instant::now(),
        })
    }

    /// The cores that others have kept busy since then. Children that still run count as others: end
    /// them first.
    pub fn since(self) -> Option<f64> {
        let now = Self::look()?;
        let seconds = (now.at - self.at).as_secs_f64();
        Some(((now.busy - self.busy) - (now.ours - self.ours)).max(0.0) / seconds)
    }
}

#[cfg(not(target_os = "linux"))]
impl Others {
    /// Other systems do not tell.
    pub fn look() -> Option<Self> {
        None
    }

    /// Not reached.
    pub fn since(self) -> Option<f64> {
        None
    }
}

/// The seconds that the cores allowed have been busy, of the text of `/proc/stat`.
#[cfg(target_os = "linux")]
fn busy(stat: &str) -> Option<f64> {
    use nix::unistd::{SysconfVar, sysconf};

    let ticks = sysconf(SysconfVar::CLK_TCK).ok()??;
    let allowed = super::limits::allowed()?;
    let mut sum = 0;
    for line in stat.lines() {
        let mut words = line.split_ascii_whitespace();
        let core = words
            .next()
            .and_then(|word| word.strip_prefix("cpu")?.parse().ok());
        if core.is_some_and(|core: usize| allowed.contains(&core)) {
            let times: Vec<u64> = words.filter_map(|word| word.parse().ok()).collect();
            // user, nice, system, idle, waiting for a disk, interrupts of two kinds, stolen by a host.
            let [user, nice, system, _, _, hard, soft, stolen, ..] = times[..] else {
                return None;
            };
            sum += user + nice + system + hard + soft + stolen;
        }
    }
    Some(sum as f64 / ticks as f64)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn idle_time_is_not_busy() {
        let core = crate::machine::limits::allowed().expect("some")[0];
        let stat =
            format!("cpu 9 9 9 9 9 9 9 9 0 0\ncpu{core} 100 0 100 5000 300 0 0 0 0 0\nintr 1");
        let ticks = busy(&stat).expect("it can be read");
        let more = busy(&stat.replace(" 100 5000", " 300 9000")).expect("it can be read");
        assert!((more / ticks - 2.0).abs() < 1e-9, "{ticks} {more}");
    }
}
