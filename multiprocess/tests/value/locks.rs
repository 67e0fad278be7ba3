//! The lock while all live.

use std::fs;
use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use multiprocess::array::{AccessError, Array};
use multiprocess::fork::{ForkError, fork};
use multiprocess::robust_mutex::RobustMutex;
use multiprocess::shared_memory::SharedMemory;
use multiprocess::value::{LockError, Value};
use nix::sys::signal::Signal;

use super::memory::shared_mappings;
use crate::children::spawn;
use crate::support::{CEILING, Line, eventually, kill, process, wait_until_asleep};

const SHORT: Duration = Duration::from_millis(50);

/// SH-05, LK-14: Python's `Lock`: the others wait, and the lock is free again after its guard.
pub fn a_lock_without_a_value() {
    let lock = Value::new(()).unwrap();
    let (has, go) = (Line::new(), Line::new());
    let child = spawn(lock.clone(), |lock| {
        let _guard = lock.lock().unwrap();
        has.send(1);
        go.receive();
    });
    has.receive();
    assert!(lock.try_lock().unwrap().is_none());
    let waiting = spawn(lock.clone(), |lock| drop(lock.lock().unwrap()));
    wait_until_asleep(waiting.0);
    go.send(1);
    child.join();
    waiting.join();
    assert!(lock.try_lock().unwrap().is_some());
    assert!(lock.try_lock_for(Duration::MAX).unwrap().is_some());
}

/// SH-05: not a wait for ever. And it is no error in another process.
pub fn a_second_lock_in_a_thread_is_an_error() {
    let value = Value::new(1).unwrap();
    let array = Array::new([1]).unwrap();
    let tried = Line::new();
    let go = Line::new();
    let child = spawn((), |()| {
        go.receive();
        assert!(value.try_lock().unwrap().is_none());
        assert!(array.try_lock().unwrap().is_none());
        tried.send(1);
        value.set(3).unwrap();
    });
    let (guard, guards) = (value.lock().unwrap(), array.lock().unwrap());
    let held = LockError::AlreadyHeld;
    assert_eq!(value.lock().unwrap_err(), held);
    assert_eq!(value.try_lock().unwrap_err(), held);
    assert_eq!(value.try_lock_for(Duration::MAX).unwrap_err(), held);
    assert_eq!(value.try_lock_for(SHORT).unwrap_err(), held);
    assert_eq!(value.lock_anyway().unwrap_err(), held);
    assert_eq!(value.get(), Err(held));
    assert_eq!(value.clone().set(2), Err(held));
    assert_eq!(array.get(0), Err(AccessError::Lock(held)));
    go.send(1);
    tried.receive();
    assert_eq!(*guard, 1);
    drop((guard, guards));
    child.join();
    assert_eq!(value.get(), Ok(3));
}

/// Q05: one who is stopped has it still, and is not dead: a timed lock comes back with nothing, not
/// before the time.
pub fn a_stopped_owner_and_a_timed_lock() {
    let value = Value::new(0).unwrap();
    let (has, go) = (Line::new(), Line::new());
    let child = spawn(value.clone(), |value| {
        let mut guard = value.lock().unwrap();
        *guard = 1;
        has.send(1);
        go.receive();
        *guard = 2;
    });
    has.receive();
    kill(child.0, Signal::SIGSTOP);
    eventually("the child is stopped", || {
        process(child.0).is_some_and(|process| process.state == 'T')
    });
    // On both sides of the slices in which it waits.
    for time in [Duration::ZERO, SHORT, Duration::from_millis(450)] {
        let begin = Instant::now();
        assert!(value.try_lock_for(time).unwrap().is_none());
        assert!(begin.elapsed() >= time);
    }
    go.send(1);
    kill(child.0, Signal::SIGCONT);
    let guard = value.try_lock_for(Duration::MAX).unwrap();
    assert_eq!(guard.as_deref(), Some(&2));
    drop(guard);
    child.join();
}

/// R11: nobody delays or shortens a timed lock by setting the system's clock: it sleeps by the one that only
/// runs on. (With another C library than glibc by the other one, as documented.)
pub fn a_timed_lock_sleeps_by_the_monotonic_clock() {
    let memory = SharedMemory::zeroed(size_of::<RobustMutex>()).unwrap();
    let place = memory.start().cast::<RobustMutex>().as_ptr();
    // SAFETY: there is room, a page is more than aligned, and nobody has it yet.
    unsafe { RobustMutex::init(place) }.unwrap();
    // SAFETY: it was made there, and stays for as long as `memory`.
    let mutex = unsafe { &*place };
    let _guard = mutex.lock().unwrap();

    let by_ours = || drop(mutex.lock_until(Instant::now() + CEILING));
    let wall_clock = cfg!(not(target_env = "gnu"));
    assert_eq!(sleeps_by_the_wall_clock(by_ours), wall_clock);
    // What the other one looks like.
    let by_the_other = || {
        let never = libc::timespec {
            tv_sec: libc::time_t::MAX,
            tv_nsec: 0,
        };
        // SAFETY: as above, and that is what it is.
        unsafe { libc::pthread_mutex_timedlock(place.cast(), &never) };
    };
    assert!(sleeps_by_the_wall_clock(by_the_other));
}

/// By which clock a child sleeps that waits for a lock: what it has asked the system for. futex(2)
fn sleeps_by_the_wall_clock(wait: impl FnOnce()) -> bool {
    let child = spawn((), |()| wait());
    let mut operation = None;
    eventually("it sleeps in a futex", || {
        // The number of the call and its arguments; a word if it is in none.
        let text = fs::read_to_string(format!("/proc/{}/syscall", child.0)).unwrap();
        let mut numbers = text.split(' ');
        if numbers.next() == Some(&libc::SYS_futex.to_string()) {
            let text = numbers.nth(1).unwrap().trim_start_matches("0x");
            operation = libc::c_int::from_str_radix(text, 16).ok();
        }
        operation.is_some()
    });
    child.kill();
    operation.unwrap() & libc::FUTEX_CLOCK_REALTIME != 0
}

/// R14: the child would have the guard too, and two processes would write at once.
pub fn a_fork_with_the_lock_is_refused() {
    let value = Value::new(1).unwrap();
    let other = Value::new(1).unwrap();
    let mut guard = value.lock().unwrap();
    let other_guard = other.lock().unwrap();
    let part = &mut *guard;
    let refused = fork(|| {
        *part += 1;
        0
    });
    assert!(matches!(refused, Err(ForkError::Held)), "{refused:?}");
    assert_eq!(*guard, 1);
    drop(guard);
    assert!(matches!(fork(|| 0), Err(ForkError::Held)));
    drop(other_guard);
    spawn((), |()| value.set(2).unwrap()).join();
    assert_eq!(value.get(), Ok(2));
}

/// R11: the thread's list of its locks leads through memory that nobody seems to need any more. It stays;
/// that of others does not.
pub fn a_guard_forgotten_and_its_value_dropped() {
    let before = shared_mappings();
    let other = Value::new(0).unwrap();
    for n in 1..=50 {
        let value = Value::new(7).unwrap();
        mem::forget(value.lock().unwrap());
        drop(value);
        // The next on the list, and one that would be where the other was.
        *other.lock().unwrap() += 1;
        let next = Value::new(0).unwrap();
        *next.lock().unwrap() += 1;
        assert_eq!((other.get(), next.get()), (Ok(n), Ok(1)));
    }
    drop(other);
    assert_eq!(shared_mappings(), before + 50 * 4096);
    assert!(matches!(fork(|| 0), Err(ForkError::Held)));
}

/// SH-06: it is a lock for threads as well. (F01 is about a thread that ends with it.)
pub fn threads_of_one_process() {
    let value = Value::new(0).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1000).for_each(|_| *value.lock().unwrap() += 1));
        }
    });
    assert_eq!(value.get(), Ok(4000));
}
