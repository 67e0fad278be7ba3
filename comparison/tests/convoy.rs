//! The process that answers requests under its lock while it computes: the hidden word `__convoy`.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use comparison::child;
use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;

/// Several times what a busy machine takes.
const DEADLINE: Duration = Duration::from_secs(60);

fn convoy(interval: &str, burn: &str, answer: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comparison"));
    command.args(["__convoy", interval, burn, answer]);
    command
}

/// The first core that there is, and the last: on a small machine they are the same, and it does as well.
fn cores() -> (String, String) {
    let set = sched_getaffinity(Pid::from_raw(0)).expect("it is this thread");
    let mut cores = (0..CpuSet::count()).filter(|core| set.is_set(*core) == Ok(true));
    let first = cores.next().expect("it runs somewhere");
    (
        first.to_string(),
        cores.next_back().unwrap_or(first).to_string(),
    )
}

#[test]
fn every_request_is_answered_until_there_are_no_more() {
    let (burn, answer) = cores();
    let (mut client, server) = UnixStream::pair().expect("there are sockets");
    let talk = || {
        let mut answers = Vec::new();
        for request in 0..20 {
            let mut answer = [0];
            client.write_all(&[request]).expect("it listens");
            client.read_exact(&mut answer).expect("it answers");
            answers.extend(answer);
        }
        drop(client); // the end of the requests
        answers
    };
    let (ended, answers) = child::converse(
        convoy("500", &burn, &answer),
        OwnedFd::from(server),
        DEADLINE,
        talk,
    )
    .expect("it can be started");
    assert_eq!(answers, (0..20).collect::<Vec<u8>>());
    // It has ended, though its other thread never does, and says what it did.
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(ended.stdout, "{\"answered\":20,\"interval\":500}\n");
    assert_eq!(ended.stderr, "");
}

#[test]
fn one_that_is_not_done_in_time_is_killed_and_the_client_sees_the_end() {
    let (burn, answer) = cores();
    let (mut client, server) = UnixStream::pair().expect("there are sockets");
    // Asks for nothing, so the other side waits for ever.
    let talk = || client.read(&mut [0]).expect("an end is no error");
    let deadline = Duration::from_secs(1);
    let (ended, read) = child::converse(
        convoy("500", &burn, &answer),
        OwnedFd::from(server),
        deadline,
        talk,
    )
    .expect("it can be started");
    assert!(ended.timed_out && read == 0, "{ended:?}");
    assert!(
        ended
            .output(deadline)
            .is_err_and(|reason| reason == "not done after 1s")
    );
}

#[test]
fn what_cannot_be_is_refused() {
    for (interval, burn, code) in [("soon", "0", 2), ("500", "-1", 2), ("500", "999999", 1)] {
        let ended =
            child::run(convoy(interval, burn, "0"), "", DEADLINE).expect("it can be started");
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
        assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
}
