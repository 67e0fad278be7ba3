//! `poll` and `wait`.

use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use multiprocess::connection::{Waitable, pipe, pipe_one_way, wait};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::messages::pattern;
use crate::children::spawn;
use crate::support::{Line, eventually, kill, process, wait_until_asleep};

const SHORT: Duration = Duration::from_millis(50);

/// A descriptor that is ready when the process has ended, as `Process` has it.
fn sentinel(pid: Pid) -> OwnedFd {
    // SAFETY: it takes a number and flags.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    assert!(fd >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: it is new, and nobody else's.
    unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap()) }
}

/// PI-06: at once with no time, `false` after the time, `true` as often as it is asked, also for an
/// empty message. A negative time cannot be written.
pub fn poll_looks_and_takes_nothing() {
    let (mut ours, theirs) = pipe().unwrap();
    let go = Line::new();
    let child = spawn(theirs, |mut theirs| {
        go.receive();
        theirs.send_bytes(b"").unwrap();
        theirs.send_bytes(b"x").unwrap();
        go.receive();
    });
    assert!(!ours.poll(Duration::ZERO).unwrap());
    let begin = Instant::now();
    assert!(!ours.poll(SHORT).unwrap());
    assert!(begin.elapsed() >= SHORT);
    go.send(1);
    assert!(ours.poll(Duration::MAX).unwrap());
    assert!(ours.poll(Duration::ZERO).unwrap());
    assert_eq!(ours.recv_bytes().unwrap(), b"");
    assert!(ours.poll(Duration::MAX).unwrap());
    assert!(ours.poll(SHORT).unwrap());
    assert_eq!(ours.recv_bytes().unwrap(), b"x");
    assert!(!ours.poll(Duration::ZERO).unwrap());
    go.send(2);
    child.join();
}

/// PI-06, PI-07: while a writer is stopped in the middle, a receive would wait, and `poll` says so. It
/// may read what is there, and loses none of it.
pub fn poll_waits_for_the_whole_message() {
    const LEN: usize = 4 * 1024 * 1024;
    let (mut ours, theirs) = pipe().unwrap();
    let child = spawn(theirs, |mut theirs| {
        theirs.send_bytes(&pattern(LEN, 9)).unwrap()
    });
    assert_eq!(wait(&[&ours], Duration::MAX).unwrap(), [0]);
    wait_until_asleep(child.0);
    kill(child.0, Signal::SIGSTOP);
    eventually("the child is stopped", || {
        process(child.0).is_some_and(|process| process.state == 'T')
    });
    for _ in 0..3 {
        assert!(!ours.poll(SHORT).unwrap());
    }
    assert_eq!(wait(&[&ours], Duration::ZERO).unwrap(), []); // all that came has been read
    kill(child.0, Signal::SIGCONT);
    assert!(ours.poll(Duration::MAX).unwrap());
    assert!(ours.recv_bytes().unwrap() == pattern(LEN, 9));
    child.join();
}

/// PI-06: there is nothing to wait for.
pub fn poll_is_true_at_the_end() {
    let (mut ours, theirs) = pipe().unwrap();
    spawn(theirs, drop).join();
    assert!(ours.poll(Duration::MAX).unwrap());
    assert!(ours.poll(Duration::ZERO).unwrap());
    assert!(ours.recv_bytes().is_err());
    assert!(ours.poll(Duration::ZERO).unwrap());
}

/// PI-11: all that are ready, and no others: with a message in the socket, with one in memory, at the
/// end. None after the time, and none of none.
pub fn wait_tells_which() {
    let (silent, _peer) = pipe().unwrap();
    let (mut waiting, mut sender) = pipe().unwrap();
    let (mut read_ahead, mut other) = pipe().unwrap();
    let (ended, _) = pipe_one_way().unwrap();
    let begin = Instant::now();
    assert_eq!(wait(&[&silent, &waiting, &read_ahead], SHORT).unwrap(), []);
    assert!(begin.elapsed() >= SHORT);
    assert_eq!(wait(&[], Duration::MAX).unwrap(), []);

    sender.send(&1).unwrap();
    assert_eq!(wait(&[&silent, &waiting], Duration::MAX).unwrap(), [1]);
    other.send(&1).unwrap();
    other.send(&2).unwrap();
    assert_eq!(read_ahead.recv::<i32>().unwrap(), 1);
    let all: [&dyn Waitable; 4] = [&waiting, &silent, &read_ahead, &ended];
    for _ in 0..2 {
        assert_eq!(wait(&all, Duration::MAX).unwrap(), [0, 2, 3]);
    }
    assert_eq!(waiting.recv::<i32>().unwrap(), 1);
    assert_eq!(read_ahead.recv::<i32>().unwrap(), 2);
    assert_eq!(
        wait(&[&silent, &waiting, &read_ahead], Duration::ZERO).unwrap(),
        []
    );
}

/// PI-11: processes and ends together.
pub fn wait_with_a_sentinel() {
    let (mut ours, theirs) = pipe().unwrap();
    let end = Line::new();
    let child = spawn(theirs, |mut theirs| {
        theirs.send(&1).unwrap();
        drop(theirs);
        end.receive();
    });
    let sentinel = sentinel(child.0);
    assert_eq!(wait(&[&sentinel], Duration::ZERO).unwrap(), []);
    assert_eq!(wait(&[&sentinel, &ours], Duration::MAX).unwrap(), [1]);
    assert_eq!(ours.recv::<i32>().unwrap(), 1);
    end.send(1);
    assert_eq!(wait(&[&sentinel], Duration::MAX).unwrap(), [0]);
    let both: [&dyn Waitable; 2] = [&sentinel.as_fd(), &ours];
    assert_eq!(wait(&both, Duration::MAX).unwrap(), [0, 1]);
    child.join();
}
