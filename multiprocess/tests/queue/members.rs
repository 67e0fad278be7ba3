//! The table of who has a handle, where the system says little or somebody is stopped with its lock.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use multiprocess::ends::Ends;
use multiprocess::fork::fork;
use multiprocess::queue::{Consumer, Producer, Queue};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::family::{Random, child, forever, join, kill};
use crate::sandbox::forbid;
use crate::support::{self, CEILING, Line, eventually, process};

/// Longer than anybody waits without looking who is left.
const A_LOOK: Duration = Duration::from_millis(120);

/// MQ-12: in a sandbox without descriptors for processes, who waits is told that the last producer is gone
/// all the same; but only when somebody has waited for that one.
pub fn without_descriptors_for_processes() {
    let (producer, consumer) = Queue::<i32>::bounded(1).unwrap().split();
    let other = child(producer, |_producer| forever());
    forbid(libc::SYS_pidfd_open);
    assert!(consumer.get_timeout(A_LOOK).unwrap_err().is_empty());
    support::kill(other, Signal::SIGKILL);
    eventually("it has ended", || {
        process(other).is_some_and(|it| it.state == 'Z')
    });
    assert!(consumer.get_timeout(A_LOOK).unwrap_err().is_empty());
    assert!(kill(other));
    eventually("it is told", || {
        consumer.get_timeout(A_LOOK).unwrap_err().is_disconnected()
    });
}

/// MQ-12, R05: the last producer is gone, and its number is another process's: that one does not count.
pub fn a_number_given_anew() {
    let (producer, consumer) = Queue::<i32>::bounded(1).unwrap().split();
    let other = child(producer, |_producer| forever());
    let began = ticks(other);
    // The system counts hundredths of a second: nobody can have a number again so soon.
    eventually("time goes on", || {
        let probe = child((), |()| forever());
        let later = ticks(probe) != began;
        kill(probe);
        later
    });
    assert!(kill(other));
    let Some(stranger) = with_number(other) else {
        return; // only who may administer the system can choose a number
    };
    eventually("it is told", || {
        consumer.get_timeout(A_LOOK).unwrap_err().is_disconnected()
    });
    assert!(kill(stranger), "it was there");
}

/// When a process began. proc_pid_stat(5), field 22
fn ticks(pid: Pid) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').nth(22 - 3).unwrap().to_owned()
}

/// A child with this number.
fn with_number(number: Pid) -> Option<Pid> {
    for _ in 0..1000 {
        let before = (number.as_raw() - 1).to_string();
        fs::write("/proc/sys/kernel/ns_last_pid", before).ok()?;
        let child = child((), |()| forever());
        if child == number {
            return Some(child);
        }
        kill(child); // somebody else was quicker
    }
    panic!("{number} is always another one's");
}

/// A process is stopped while it has the table's lock. Its parent waits a second for that, when it enters
/// the child and when it leaves itself, and then goes on; who waits for an item is told nothing wrong. When
/// the process goes on, it is as if nothing had been.
pub fn a_stopped_owner_of_the_lock() {
    let mut random = Random::new();
    let begin = Instant::now();
    while !stopped_with_the_lock(Duration::from_micros(random.below(2000) as u64)) {
        assert!(begin.elapsed() < CEILING, "it never had a lock");
    }
}

/// Whether a child had a lock when it was stopped, so long after it had begun to enter itself.
fn stopped_with_the_lock(moment: Duration) -> bool {
    const LIMIT: Duration = Duration::from_secs(1);
    let limited = |act: &mut dyn FnMut()| {
        let start = Instant::now();
        act();
        start.elapsed() >= LIMIT
    };
    // Many, so that most of the child's time goes by under one lock or another.
    let queues = (0..64).map(|_| Queue::<usize>::bounded(1).unwrap().split());
    let (mut producers, consumers): (Vec<Producer<_>>, Vec<Consumer<_>>) = queues.unzip();
    let ends: Vec<_> = producers.iter().map(Ends::of).collect();
    let begun = Line::new();
    let other = fork(|| {
        begun.send(0);
        Ends::of(&producers).keep_only_these();
        for (number, producer) in producers.iter().enumerate() {
            producer.put(&number).unwrap();
        }
        0
    })
    .unwrap();
    begun.receive();
    thread::sleep(moment); // not to wait for something: it is to be any moment
    support::kill(other, Signal::SIGSTOP);
    // This process may have been slow: then the child has ended before it could be stopped.
    let ends_or_stops = WaitPidFlag::WEXITED | WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT;
    let status = waitid(Id::Pid(other), ends_or_stops).unwrap();
    if !matches!(status, WaitStatus::Stopped(..)) {
        kill(other);
        return false;
    }

    let mut late = ends
        .iter()
        .map(|ends| limited(&mut || ends.passed_to(other)));
    let Some(number) = late.position(|late| late) else {
        kill(other);
        return false;
    };
    late.for_each(drop);
    drop(ends);
    if !consumers[number].is_empty() {
        kill(other); // it had got further, and only this process was slow
        return false;
    }
    let error = consumers[number].get_timeout(A_LOOK).unwrap_err();
    assert!(error.is_empty(), "{error}");
    let mut producer = Some(producers.swap_remove(number));
    let late = limited(&mut || drop(producer.take()));
    drop(producers);
    support::kill(other, Signal::SIGCONT);
    for (number, consumer) in consumers.iter().enumerate() {
        assert_eq!(consumer.get_timeout(CEILING).unwrap(), number);
    }
    join(other);
    for consumer in &consumers {
        assert!(consumer.get().unwrap_err().is_disconnected());
    }
    late
}
