//! What a figure was measured on, and whether the machine was fit for it.

use std::num::NonZero;
use std::thread::available_parallelism;

use crate::report::{Fitness, Machine, PythonReport};
use crate::stats::digits;

mod date; //  when
mod limits; // how much of it may be used
mod others; // who else computes

pub use date::now;
pub use limits::{affinity, quota};
pub use others::Others;

/// The cores that this process may use; affinity and container limits count.
pub fn cores() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

/// A line that heads every output with figures.
pub fn description() -> String {
    let rustc = env!("RUSTC_VERSION");
    let (system, kernel) = (std::env::consts::OS, kernel());
    format!(
        "{} 核 · cores, {}, {system} {kernel}, {rustc}",
        cores(),
        cpu()
    )
}

/// What to say before any figure when the program was built for debugging.
pub fn debug_warning() -> Option<&'static str> {
    cfg!(debug_assertions).then_some(
        "注意: 未优化的构建，数字不可比较 · built without optimisation: \
         the figures compare with nothing; use `cargo run --release -p comparison`",
    )
}

/// What heads a report.
pub fn report(python: PythonReport) -> Machine {
    let quota = quota().unwrap_or(f64::INFINITY);
    Machine {
        cores: quota.min(affinity() as f64),
        cpu: cpu(),
        os: std::env::consts::OS.to_owned(),
        kernel: kernel(),
        rustc: env!("RUSTC_VERSION").to_owned(),
        optimised: !cfg!(debug_assertions),
        crates: crates().map(str::to_owned).collect(),
        python,
    }
}

/// Looks at the machine before anything is measured.
pub fn fitness() -> Fitness {
    let (affinity, quota, load) = (affinity(), quota(), load());
    let mut text = vec![format!("可用核数（亲和性）· cores by affinity: {affinity}")];
    if let Some(quota) = quota {
        let quota = digits(quota);
        text.push(format!(
            "控制组限额 · limit of the control group: {quota} cores"
        ));
    }
    if let Some(load) = load {
        let load = digits(load);
        text.push(format!(
            "测量前一分钟的平均负载 · load average before: {load}"
        ));
    }
    Fitness {
        affinity,
        quota,
        load,
        text,
    }
}

/// The measured crates with their versions: `tokio 1.54.1`.
pub fn crates() -> impl Iterator<Item = &'static str> {
    env!("MEASURED_CRATES")
        .split(',')
        .filter(|name| !name.is_empty())
}

/// The version of a measured crate, where this build has it.
pub fn crate_version(name: &str) -> Option<&'static str> {
    crates().find_map(|of| of.strip_prefix(name)?.strip_prefix(' '))
}

fn kernel() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    release.trim().to_owned()
}

fn cpu() -> String {
    let architecture = std::env::consts::ARCH;
    cpu_model().unwrap_or_else(|| architecture.to_owned())
}

fn cpu_model() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn load() -> Option<f64> {
    let load = std::fs::read_to_string("/proc/loadavg").ok()?;
    load.split(' ').next()?.parse().ok()
}
