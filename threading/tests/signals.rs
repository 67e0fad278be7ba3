//! Signals in the midst of a wait: it is resumed, for no longer than what is left of its time.

#![cfg(target_os = "linux")]

mod support;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::scope;
use std::time::{Duration, Instant};

use support::{Sleeper, assert_lasted, bounded, eventually, kernel_task};
use threading::event::Event;
use threading::reentrant_lock::ReentrantLock;
use threading::semaphore::Semaphore;

/// How many signals have interrupted somebody. One storm at a time, so that each knows its own.
static HANDLED: AtomicUsize = AtomicUsize::new(0);
static STORM: Mutex<()> = Mutex::new(());

extern "C" fn count(_signal: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::SeqCst);
}

/// Makes SIGUSR1 interrupt a system call; with SA_RESTART the kernel would resume it by itself.
fn handle_without_restart() {
    // SAFETY: all zeros is a valid `sigaction`: no flags (so no SA_RESTART), an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = count as extern "C" fn(libc::c_int) as usize;
    // SAFETY: the struct outlives the call. The handler only adds to an atomic, which a handler may
    // do. Nothing else in this executable uses SIGUSR1.
    let installed = unsafe { libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()) };
    assert_eq!(installed, 0);
}

/// Runs `wait` in a thread that gets one signal after the other from its first sleep on, until it
/// returns; after the hundredth, `release` is called, once.
fn under_signals<T: Send>(wait: impl FnOnce() -> T + Send, release: impl FnOnce()) -> T {
    let _one_storm = STORM.lock().unwrap_or_else(PoisonError::into_inner);
    handle_without_restart();
    let before = HANDLED.load(Ordering::SeqCst);
    let (sleeper, task, returned) = (
        Sleeper::default(),
        AtomicU32::new(0),
        AtomicBool::new(false),
    );
    let mut release = Some(release);
    scope(|scope| {
        let waiter = scope.spawn(|| {
            task.store(kernel_task(), Ordering::SeqCst);
            sleeper.about_to_wait();
            let outcome = wait();
            returned.store(true, Ordering::SeqCst);
            outcome
        });
        sleeper.wait_until_asleep();
        let task = task.load(Ordering::SeqCst) as libc::pid_t;
        eventually("the wait ends", || {
            // SAFETY: no memory is involved. If the thread is gone the call says so.
            unsafe { libc::tgkill(libc::getpid(), task, libc::SIGUSR1) };
            if HANDLED.load(Ordering::SeqCst) >= before + 100
                && let Some(release) = release.take()
            {
                release();
            }
            returned.load(Ordering::SeqCst)
        });
        assert!(HANDLED.load(Ordering::SeqCst) > before, "no signal arrived");
        waiter.join().unwrap()
    })
}

/// LK-12: a hundred signals do not end a wait for the lock; its release does.
#[test]
fn a_wait_for_the_lock_is_resumed() {
    bounded(|| {
        let lock = ReentrantLock::new(());
        let guard = lock.lock();
        let release = || {
            assert_eq!(lock.depth(), 1, "somebody else came in");
            drop(guard);
        };
        let depth = || {
            let _guard = lock.lock();
            lock.depth()
        };
        assert_eq!(under_signals(depth, release), 1);
        assert_eq!(lock.owner(), None);
    });
}

/// LK-12: nor do they end the waits of the others.
#[test]
fn waits_for_an_event_and_a_permit_are_resumed() {
    bounded(|| {
        let event = Event::new();
        let seen = || {
            event.wait();
            event.is_set()
        };
        assert!(under_signals(seen, || event.set()));

        let semaphore = Semaphore::new(0);
        let left = || {
            let _permit = semaphore.acquire();
            semaphore.available_permits()
        };
        assert_eq!(under_signals(left, || semaphore.release(1).unwrap()), 0);
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// LK-12, RL-12: under signals that do not cease, a timed wait neither gives up early nor begins
/// anew at each of them (it would never end).
#[test]
fn a_timed_wait_keeps_to_its_time() {
    bounded(|| {
        let (lock, semaphore, event) = (ReentrantLock::new(()), Semaphore::new(0), Event::new());
        let _guard = lock.lock();
        let timeout = Duration::from_millis(100);
        let waits: [&(dyn Fn() -> bool + Sync); 3] = [
            &|| lock.try_lock_for(timeout).is_some(),
            &|| semaphore.try_acquire_for(timeout).is_some(),
            &|| event.wait_timeout(timeout),
        ];
        for wait in waits {
            let start = Instant::now();
            assert!(!under_signals(wait, || ()));
            assert_lasted(start, timeout);
        }
    });
}
