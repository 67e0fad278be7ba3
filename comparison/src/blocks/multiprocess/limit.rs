//! The same work with the system calls that it cannot do without, and nothing else.

use std::cell::UnsafeCell;
use std::io::{Read, Write, pipe};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;

use multiprocess::fork::fork;
use multiprocess::shared_memory::SharedMemory;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use super::{MESSAGE, PROCESSES, pin_elsewhere, pin_here, timed};

/// Starts a process that does something beside this one. It has a copy of every descriptor, and each
/// contender ends when it has counted, not at an end of file.
pub(super) fn beside(work: impl FnOnce()) -> Pid {
    let work = || {
        pin_elsewhere();
        work();
        0
    };
    fork(work).expect("the system has a process to give")
}

pub(super) fn joined(child: Pid) {
    let status = waitpid(child, None).expect("it is our child");
    assert_eq!(status, WaitStatus::Exited(child, 0), "it did not fail");
}

pub(super) fn process(times: u64) -> f64 {
    timed(|| {
        for _ in 0..times {
            // SAFETY: this process has one thread, and the child only leaves.
            match unsafe { libc::fork() } {
                // SAFETY: it takes any number and does not return.
                0 => unsafe { libc::_exit(0) },
                child => {
                    assert!(child > 0, "the system has a process to give");
                    joined(Pid::from_raw(child));
                }
            }
        }
    })
}

pub(super) fn channel(times: u64) -> f64 {
    let (mut reader, mut writer) = pipe().expect("there are descriptors");
    let producer = beside(|| {
        for i in 0..=times {
            writer.write_all(&i.to_ne_bytes()).expect("somebody reads");
        }
    });
    let mut message = [0; size_of::<u64>()];
    let mut take = |expected: u64| {
        reader.read_exact(&mut message).expect("somebody writes");
        assert_eq!(u64::from_ne_bytes(message), expected);
    };
    take(0);
    let took = timed(|| (1..=times).for_each(take));
    joined(producer);
    took
}

pub(super) fn bytes(times: u64) -> f64 {
    let (mut reader, mut writer) = UnixStream::pair().expect("there are descriptors");
    let producer = beside(|| {
        let message = vec![7; MESSAGE];
        for _ in 0..=times {
            writer.write_all(&message).expect("somebody reads");
        }
    });
    let mut message = vec![0; MESSAGE];
    let mut take = || reader.read_exact(&mut message).expect("somebody writes");
    take();
    let took = timed(|| (0..times).for_each(|_| take()));
    joined(producer);
    took
}

pub(super) fn round_trip(times: u64) -> f64 {
    pin_here();
    let (mut ours, mut theirs) = UnixStream::pair().expect("there are descriptors");
    let echo = beside(|| {
        let mut message = [0];
        for _ in 0..=times {
            theirs.read_exact(&mut message).expect("it comes");
            theirs.write_all(&message).expect("it is read");
        }
    });
    let mut trip = || {
        let mut message = *b"x";
        ours.write_all(&message).expect("it is read");
        ours.read_exact(&mut message).expect("it comes");
    };
    trip();
    let took = timed(|| (0..times).for_each(|_| trip()));
    joined(echo);
    took
}

/// A counter and the lock that POSIX has for processes, robust as ours.
#[repr(C)]
struct Counter {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    count: UnsafeCell<u64>,
}

impl Counter {
    fn make(memory: &SharedMemory) -> &Self {
        let counter = memory.start().cast::<Self>();
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the memory is zeroed, large enough, begins at a page, and nobody else has it yet.
        unsafe {
            let attributes = attributes.as_mut_ptr();
            assert_eq!(libc::pthread_mutexattr_init(attributes), 0);
            let shared = libc::PTHREAD_PROCESS_SHARED;
            assert_eq!(libc::pthread_mutexattr_setpshared(attributes, shared), 0);
            let robust = libc::PTHREAD_MUTEX_ROBUST;
            assert_eq!(libc::pthread_mutexattr_setrobust(attributes, robust), 0);
            let counter = counter.as_ref();
            assert_eq!(libc::pthread_mutex_init(counter.mutex.get(), attributes), 0);
            counter
        }
    }

    fn add(&self) {
        // SAFETY: the mutex was made, nobody is killed with it, and under it the count is ours alone.
        unsafe {
            assert_eq!(libc::pthread_mutex_lock(self.mutex.get()), 0);
            *self.count.get() += 1;
            assert_eq!(libc::pthread_mutex_unlock(self.mutex.get()), 0);
        }
    }
}

pub(super) fn counter(times: u64) -> f64 {
    let memory = SharedMemory::zeroed(size_of::<Counter>()).expect("there is memory");
    let counter = Counter::make(&memory);
    let took = timed(|| {
        let count = || (0..times / PROCESSES).for_each(|_| counter.add());
        let processes: Vec<_> = (0..PROCESSES).map(|_| beside(count)).collect();
        processes.into_iter().for_each(joined);
    });
    // SAFETY: everybody who counted has ended.
    let count = unsafe { *counter.count.get() };
    assert_eq!(count, times / PROCESSES * PROCESSES);
    took
}
