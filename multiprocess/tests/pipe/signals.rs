//! PI-12, Q10, R06: signals are not seen. Each handler is called, and interrupts a call: it is
//! installed without `SA_RESTART`, and each signal is sent when the process sleeps in the call.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use multiprocess::connection::{pipe, wait};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::{Pid, getpid};

use super::messages::pattern;
use crate::children::spawn;
use crate::support::{kill, wait_until_asleep};

const SIGNALS: u32 = 50;
static HANDLED: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(_: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

fn install() {
    let action = SigAction::new(
        SigHandler::Handler(count),
        SaFlags::empty(),
        SigSet::empty(),
    );
    // SAFETY: the handler only counts, in an atomic.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.unwrap();
}

/// Interrupts `pid` in the call in which it alone can sleep.
fn storm(pid: Pid) {
    for _ in 0..SIGNALS {
        wait_until_asleep(pid);
        kill(pid, Signal::SIGUSR1);
    }
}

/// Signals may fall together, but most are apart.
fn assert_handled() {
    let handled = HANDLED.swap(0, Ordering::Relaxed);
    assert!(handled > SIGNALS / 2, "{handled}");
}

/// PI-12, Q10, R06: before a message, and in the middle of one.
pub fn signals_in_a_receive() {
    install();
    let parent = getpid();
    let (mut ours, theirs) = pipe().unwrap();
    let child = spawn(theirs, |mut theirs| {
        storm(parent);
        theirs.send_bytes(&pattern(1024 * 1024, 4)).unwrap();
        storm(parent);
        theirs.send(&1).unwrap();
    });
    assert!(ours.recv_bytes().unwrap() == pattern(1024 * 1024, 4));
    assert_handled();
    assert_eq!(ours.recv::<i32>().unwrap(), 1);
    assert_handled();
    child.join();
}

/// PI-12, Q10, R06: in a send for which there is no room.
pub fn signals_in_a_send() {
    install();
    let parent = getpid();
    let (mut ours, theirs) = pipe().unwrap();
    let child = spawn(theirs, |mut theirs| {
        assert_eq!(wait(&[&theirs], Duration::MAX).unwrap(), [0]); // it is sending
        storm(parent);
        assert!(theirs.recv_bytes().unwrap() == pattern(1024 * 1024, 5));
    });
    ours.send_bytes(&pattern(1024 * 1024, 5)).unwrap();
    assert_handled();
    child.join();
}

/// PI-12, Q10, R06: a signal neither ends a wait nor begins it anew: a wait that began anew would not end
/// while they come.
pub fn signals_in_a_timed_wait() {
    install();
    let parent = getpid();
    let (mut ours, theirs) = pipe().unwrap();
    let child = spawn(theirs, |theirs| {
        loop {
            wait_until_asleep(parent);
            kill(parent, Signal::SIGUSR1);
            if !wait(&[&theirs], Duration::from_millis(1))
                .unwrap()
                .is_empty()
            {
                return;
            }
        }
    });
    while HANDLED.load(Ordering::Relaxed) < 4 {
        let time = Duration::from_millis(200);
        let begin = Instant::now();
        assert!(!ours.poll(time).unwrap());
        assert!(begin.elapsed() >= time);
        let begin = Instant::now();
        assert_eq!(wait(&[&ours], time).unwrap(), []);
        assert!(begin.elapsed() >= time);
    }
    drop(ours);
    child.join();
}
