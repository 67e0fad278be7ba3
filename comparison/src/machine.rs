//! What a figure was measured on, and whether the machine was fit for it.

use std::num::NonZero;
use std::thread::available_parallelism;

/// The cores that this process may use; affinity and container limits count.
pub fn cores() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

/// A line that heads every output with figures.
pub fn description() -> String {
    let system = std::env::consts::OS;
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let architecture = std::env::consts::ARCH;
    let model = cpu_model().unwrap_or_else(|| architecture.to_owned());
    let rustc = env!("RUSTC_VERSION");
    let release = release.trim();
    format!(
        "{} 核 · cores, {model}, {system} {release}, {rustc}",
        cores()
    )
}

/// What to say before any figure when the program was built for debugging.
pub fn debug_warning() -> Option<&'static str> {
    cfg!(debug_assertions).then_some(
        "注意: 未优化的构建，数字不可比较 · built without optimisation: \
         the figures compare with nothing; use `cargo run --release -p comparison`",
    )
}

fn cpu_model() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
