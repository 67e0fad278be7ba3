//! A system that has nothing to give: what is documented as an error is returned as one.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod programs;

use std::fs;

use asyncio::run::{Policy, run, set_policy};
use libc::rlimit;
use programs::{Ended, Program, as_program, program};

/// What the program of a test says that its runs came to, a line each. It does not panic.
fn results(ended: &Ended) -> Vec<&str> {
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(ended.stderr, "");
    let lines = ended.stdout.lines();
    lines
        .filter_map(|line| line.strip_prefix("run: "))
        .collect()
}

fn set_limit(resource: libc::__rlimit_resource_t, soft: u64) {
    let mut limit = rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the one writes to the limit that it is given, the other reads it.
    unsafe {
        assert_eq!(libc::getrlimit(resource, &mut limit), 0);
        limit.rlim_cur = soft;
        assert_eq!(libc::setrlimit(resource, &limit), 0);
    }
}

/// F28: without memory for a thread's stack there is no thread, and a runtime of several is an error. It is when some of
/// its threads can be had and not all, too. A runtime of one thread needs none.
#[test]
fn no_threads() {
    as_program(|argument| {
        let (policy, room) = argument.split_once(' ').expect("two words");
        set_policy(match policy {
            "several" => Policy::MultiThread,
            _ => Policy::CurrentThread,
        });
        let pages = fs::read_to_string("/proc/self/statm").expect("the kernel tells");
        let pages: u64 = pages
            .split(' ')
            .next()
            .and_then(|n| n.parse().ok())
            .expect("a number");
        let room: u64 = room.parse().expect("a number");
        set_limit(libc::RLIMIT_AS, pages * 4096 + (room << 10));
        println!("run: {:?}", run(async { 1 }));
    });
    let run_with = |argument: &str| Program::start(program("no_threads", argument)).ends();
    let failed = |result: &str| result.starts_with("Err(Runtime(");
    for room in (512..2048).step_by(512) {
        let ended = run_with(&format!("several {room}"));
        assert!(
            matches!(results(&ended)[..], [result] if failed(result)),
            "{room} KiB"
        );
        let ended = run_with(&format!("one {room}"));
        assert_eq!(results(&ended), ["Ok(1)"], "{room} KiB");
    }
    for room in (2048..8192).step_by(512) {
        let ended = run_with(&format!("several {room}")); // it depends on how many cores there are
        assert!(matches!(results(&ended)[..], [result] if failed(result) || result == "Ok(1)"));
    }
}

/// F28: so is a runtime without descriptors, however many there are.
#[test]
fn no_descriptors() {
    as_program(|policy| {
        set_policy(match policy {
            "several" => Policy::MultiThread,
            _ => Policy::CurrentThread,
        });
        for limit in 3..40 {
            set_limit(libc::RLIMIT_NOFILE, limit);
            println!("run: {:?}", run(async { 1 }));
        }
    });
    for policy in ["one", "several"] {
        let ended = Program::start(program("no_descriptors", policy)).ends();
        let results = results(&ended);
        let failed = |result: &&str| result.starts_with("Err(Runtime(");
        assert!(results.first().is_some_and(failed), "{results:?}");
        assert_eq!(results.last(), Some(&"Ok(1)"), "{results:?}");
        for result in results {
            assert!(failed(&result) || result == "Ok(1)", "{result}");
        }
    }
}
