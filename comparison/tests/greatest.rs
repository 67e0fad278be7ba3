//! The ramp of units alive at once, under limits of the system's that are low.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use comparison::child;
use comparison::measures::{Measure, Sample};
use comparison::python::Python;

const DEADLINE: Duration = Duration::from_secs(240);

/// More than any limit below, and a time that does not end first.
const SIZES: [&str; 3] = ["1000", "4096", "200000"];

/// Runs what takes the measurement in a shell that lowers a limit first; the sample, or why there is none.
fn under(limit: &str, user: Option<u32>, measurement: &[String]) -> Result<Sample, String> {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limit} && exec \"$@\""), "sh"]);
    command.args(measurement);
    if let Some(user) = user {
        command.uid(user).current_dir("/");
    }
    let ended = child::run(command, "", DEADLINE).map_err(|error| error.to_string())?;
    assert!(!ended.left_processes, "processes are left: {ended:?}");
    let output = ended.output(DEADLINE)?;
    serde_json::from_str(&output).map_err(|error| format!("{error}: {output}"))
}

fn ours(model: &str) -> Vec<String> {
    let words = [
        env!("CARGO_BIN_EXE_comparison"),
        "__measure",
        "greatest",
        model,
    ];
    words.into_iter().chain(SIZES).map(str::to_owned).collect()
}

/// None where there is no `python3`: then only ours is tested.
fn pythons(model: &str) -> Option<Vec<String>> {
    Python::find("python3").ok()?;
    let (path, _) = Measure::Greatest.program();
    let script = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    let words = ["python3", &script, model].into_iter().chain(SIZES);
    Some(words.map(str::to_owned).collect())
}

/// The figure, and the limit that is said to have ended it.
fn ended_by(sample: &Sample) -> (f64, &str) {
    (
        sample.value,
        sample.stopped_by.as_deref().unwrap_or_default(),
    )
}

#[test]
fn few_descriptors_end_a_ramp_of_processes() {
    for measurement in [Some(ours("processes")), pythons("processes")]
        .into_iter()
        .flatten()
    {
        let sample = under("ulimit -n 64", None, &measurement).expect("a figure");
        let (units, why) = ended_by(&sample);
        assert!((1.0..=64.0).contains(&units), "{sample:?}");
        assert_eq!(why, "RLIMIT_NOFILE = 64");
    }
}

/// `sh` has one of these, by its kind.
const FEW_PROCESSES: &str = "{ ulimit -u 40 2>/dev/null || ulimit -p 40; }";

/// Root may have any number of processes, so then it is nobody who is not allowed more.
#[test]
fn few_processes_end_a_ramp_of_threads_and_of_processes() {
    const NOBODY: u32 = 65534;
    let status = fs::read_to_string("/proc/self/status").expect("this system has /proc");
    let is_root = status.lines().any(|line| line.starts_with("Uid:\t0\t"));
    let user = is_root.then_some(NOBODY);
    for model in ["threads", "processes"] {
        for measurement in [Some(ours(model)), pythons(model)].into_iter().flatten() {
            // The last word that is a file: the program.
            let mut words = measurement.iter().rev();
            let file = words.find(|word| fs::exists(word).is_ok_and(|there| there));
            if let (Some(user), Some(file)) = (user, file) {
                let read = Command::new("head").args(["-c1", file]).uid(user).output();
                if !read.is_ok_and(|read| read.status.success()) {
                    eprintln!("skipped: {file} is not for every user");
                    continue;
                }
            }
            let sample = under(FEW_PROCESSES, user, &measurement).expect("a figure");
            let (units, why) = ended_by(&sample);
            assert!(units <= 40.0, "{sample:?}");
            assert_eq!(why, "RLIMIT_NPROC = 40", "{model}");
        }
    }
}

#[test]
fn a_budget_ends_every_ramp() {
    for model in ["threads", "processes", "tasks"] {
        let mut measurement = ours(model);
        measurement[4] = "20".to_owned();
        let sample = under("true", None, &measurement).expect("a figure");
        assert_eq!(
            ended_by(&sample),
            (20.0, "预算: 20 个 · budget: 20 units"),
            "{model}"
        );
    }
}
