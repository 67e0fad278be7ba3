//! GD-06, of every chapter: on one core each section ends, and keeps its contract.
#![cfg(target_os = "linux")]

use std::process::Command;
use std::time::Duration;

use comparison::child;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// Longer than any section may take, and some of them one after the other.
const CEILING: Duration = Duration::from_secs(300);

/// Leaves this thread, and what it starts from now on, the first of its cores.
fn stay_on_one_core() {
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this).expect("the system tells");
    let mut cores = (0..CpuSet::count()).filter(|core| allowed.is_set(*core) == Ok(true));
    let mut one = CpuSet::new();
    one.set(cores.next().expect("it runs on one"))
        .expect("it is one of the set's");
    sched_setaffinity(this, &one).expect("it is one of ours");
}

fn comparison(args: &[&str]) -> child::Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
    command.args(args);
    let ended = child::run(command, "", CEILING).expect("it can be started");
    assert!(ended.status.success(), "{ended:?}");
    ended
}

#[test]
fn every_section_keeps_its_contract() {
    stay_on_one_core();
    let version = ["table", "--quick", "--no-python", "--only", "version"];
    let ended = comparison(&version);
    let one = "cores by affinity: 1\n";
    assert!(ended.stdout.contains(one), "{}", ended.stdout);
    comparison(&["chapters"]);
}
