//! What is free is taken and released without the kernel: a thread that may make no system call takes
//! and releases the locks ten thousand times, and lives. A system call would kill it.

#![cfg(target_os = "linux")]

mod support;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar};
use std::thread;
use std::time::Duration;

use support::{Sleeper, again, eventually, kernel_task, role};
use threading::bounded_semaphore::BoundedSemaphore;
use threading::reentrant_lock::ReentrantLock;
use threading::semaphore::Semaphore;

const SHORT: Duration = Duration::from_millis(10);

/// LK-05, RL-01: taking and releasing a free lock, again inside too, makes no system call. Nor does
/// it after others have waited, in vain or not: they left no waiter on the books.
#[test]
fn a_free_reentrant_lock() {
    alone("a_free_reentrant_lock", || {
        let lock = ReentrantLock::new(());
        let guard = lock.lock();
        thread::scope(|scope| {
            let in_vain = scope.spawn(|| lock.try_lock_for(SHORT).is_none());
            assert!(in_vain.join().unwrap());
        });
        after_a_wait(|| drop(lock.lock()), || drop(guard));
        let rounds = move || {
            let _outer = lock.lock();
            let _inner = lock.lock();
            let _tried = lock.try_lock().unwrap();
            let _timed = lock.try_lock_for(SHORT).unwrap();
            assert_eq!(lock.depth(), 4);
        };
        assert!(survives_without_the_kernel(rounds));
    });
}

/// SM-02, SM-06: nor does a free permit, taken in any of the three ways, and given back by its guard
/// or by `release`.
#[test]
fn a_free_semaphore() {
    alone("a_free_semaphore", || {
        let semaphore = Semaphore::new(3);
        let bounded = BoundedSemaphore::new(3);
        let all = (
            semaphore.acquire(),
            semaphore.acquire(),
            semaphore.acquire(),
        );
        assert!(semaphore.try_acquire_for(SHORT).is_none());
        after_a_wait(|| drop(semaphore.acquire()), || drop(all));
        let all = (bounded.acquire(), bounded.acquire(), bounded.acquire());
        assert!(bounded.try_acquire_for(SHORT).is_none());
        after_a_wait(|| drop(bounded.acquire()), || drop(all));
        let rounds = move || {
            let _permit = (semaphore.acquire(), bounded.acquire());
            let _tried = (
                semaphore.try_acquire().unwrap(),
                bounded.try_acquire().unwrap(),
            );
            semaphore.try_acquire_for(SHORT).unwrap().forget();
            bounded.try_acquire_for(SHORT).unwrap().forget();
            semaphore.release(1).unwrap();
            bounded.release(1).unwrap();
        };
        assert!(survives_without_the_kernel(rounds));
    });
}

/// The check can fail: a notification that nobody waits for still asks the kernel, and kills.
#[test]
fn control_a_notification_is_a_system_call() {
    alone("control_a_notification_is_a_system_call", || {
        let nobody_waits = Condvar::new();
        assert!(!survives_without_the_kernel(
            move || nobody_waits.notify_one()
        ));
    });
}

/// Runs `body` in a child: a thread that is killed leaves its stack and perhaps a lock behind.
fn alone(name: &str, body: fn()) {
    if role().is_some() {
        return body();
    }
    let ended = again(name, "alone");
    assert!(ended.status.success(), "{ended:#?}");
}

/// Has a thread wait for what `release` releases.
fn after_a_wait(wait: impl FnOnce() + Send, release: impl FnOnce()) {
    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        scope.spawn(|| {
            sleeper.about_to_wait();
            wait();
        });
        sleeper.wait_until_asleep();
        release();
    });
}

/// Whether a thread that may make no system call lives through ten thousand rounds.
fn survives_without_the_kernel(round: impl Fn() + Send + 'static) -> bool {
    let task = Arc::new(AtomicU32::new(0));
    let finished = Arc::new(AtomicBool::new(false));
    // Not joined: it ends by a bare system call and leaves the join nothing to return.
    thread::spawn({
        let (task, finished) = (Arc::clone(&task), Arc::clone(&finished));
        move || {
            round(); // makes this thread's lazy thread-locals
            task.store(kernel_task(), Ordering::SeqCst);
            forbid_system_calls();
            (0..10_000).for_each(|_| round());
            finished.store(true, Ordering::SeqCst);
            // SAFETY: ends this thread alone, without its destructors. Nobody joins it, and what it
            // borrows is its own: its stack stays where it is.
            unsafe { libc::syscall(libc::SYS_exit, 0) };
        }
    });
    eventually("the thread is gone", || match task.load(Ordering::SeqCst) {
        0 => false,
        task => !Path::new(&format!("/proc/self/task/{task}")).exists(),
    });
    finished.load(Ordering::SeqCst)
}

/// From here on any system call kills the calling thread, but for its end and a look at the clock
/// (which costs one on machines where it cannot be read from user space).
fn forbid_system_calls() {
    let load = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    let is = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    let answer = (libc::BPF_RET | libc::BPF_K) as u16;
    let line = |code, k, jt, jf| libc::sock_filter { code, jt, jf, k };
    let mut program = [
        line(load, 0, 0, 0), // the call's number, the first field of `seccomp_data`
        line(is, libc::SYS_exit as u32, 2, 0),
        line(is, libc::SYS_clock_gettime as u32, 1, 0),
        line(answer, libc::SECCOMP_RET_KILL_THREAD, 0, 0),
        line(answer, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    let (yes, none): (libc::c_ulong, libc::c_ulong) = (1, 0);
    // SAFETY: only numbers of the size that the kernel reads are passed. This is what allows a filter
    // to somebody who is not root.
    let unprivileged = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, yes, none, none, none) };
    assert_eq!(unprivileged, 0);
    // SAFETY: the kernel copies the program during the call; both structs outlive it.
    let forbidden = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::c_ulong::from(libc::SECCOMP_MODE_FILTER),
            &filter,
        )
    };
    assert_eq!(forbidden, 0, "{}", std::io::Error::last_os_error());
}
