//! GD-06, of every chapter: on one core each section ends, and keeps its contract.
#![cfg(target_os = "linux")]

use std::process::Command;
use std::time::Duration;

use comparison::{child, cores};

/// Longer than any section may take, and some of them one after the other.
const CEILING: Duration = Duration::from_secs(300);

fn comparison(args: &[&str]) -> child::Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
    command.args(args);
    let ended = child::run(command, "", CEILING).expect("it can be started");
    assert!(ended.status.success(), "{ended:?}");
    ended
}

#[test]
fn every_section_keeps_its_contract() {
    let allowed = cores::allowed().expect("the system tells");
    cores::pin(allowed[0]).expect("it is one of ours");
    let version = ["table", "--quick", "--no-python", "--only", "version"];
    let ended = comparison(&version);
    let one = "cores by affinity: 1\n";
    assert!(ended.stdout.contains(one), "{}", ended.stdout);
    comparison(&["chapters"]);
}
