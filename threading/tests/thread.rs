//! `thread.rs`: starting threads and joining them. Who is alive, and waiting for it, is in
//! `registry.rs`; how threads and processes end badly, or at exit, is in `thread_endings.rs`.
//!
//! Facts of the compiler's, with nothing left to run:
//! - TH-03, "not started": only `spawn` makes a handle, so there is no thread that is not started.
//! - TH-06: `spawn` takes the builder and makes the handle, `join` takes the handle: no second start,
//!   no join before the start.
//! - TH-11, first half: only the builder has `daemon`, so a running thread cannot become one.

mod support;

use std::io::ErrorKind;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread as native;

use support::{CEILING, bounded, eventually};
use threading::registry::{current, enumerate};
use threading::semaphore::Semaphore;
use threading::thread::{Builder, Run, spawn};

/// TH-01: what a thread is given reaches it, captured by a closure or as the fields of a `Run`.
#[test]
fn arguments_reach_the_target() {
    struct Pair(String, Vec<u32>);
    impl Run for Pair {
        type Output = (String, u32);
        fn run(self) -> Self::Output {
            (self.0, self.1.iter().sum())
        }
    }
    bounded(|| {
        let (name, numbers) = ("A".to_owned(), vec![1, 2, 3]);
        let by_closure = spawn({
            let (name, numbers) = (name.clone(), numbers.clone());
            move || (name, numbers.iter().sum::<u32>())
        });
        assert_eq!(by_closure.unwrap().join().unwrap(), ("A".to_owned(), 6));
        let by_type = Pair(name, numbers).start().unwrap();
        assert_eq!(by_type.join().unwrap(), ("A".to_owned(), 6));
    });
}

/// TH-02: names that nobody chose are numbered and differ; a chosen one stays. The thread sees its
/// name, and so does the system's own `std::thread`.
#[test]
fn names() {
    bounded(|| {
        let names = || {
            (
                current().name().to_owned(),
                native::current().name().unwrap().to_owned(),
            )
        };
        let default = || {
            let handle = spawn(names).unwrap();
            let name = handle.thread().name().to_owned();
            assert_eq!(handle.join().unwrap(), (name.clone(), name.clone()));
            let number = name.strip_prefix("Thread-").expect("Thread-N");
            number.parse::<u64>().expect("a number")
        };
        assert_ne!(default(), default());

        for chosen in [
            "工人 1",
            "",
            "a name that is longer than the kernel's fifteen bytes",
        ] {
            let handle = Builder::new().name(chosen).spawn(names).unwrap();
            assert_eq!(handle.thread().name(), chosen);
            assert_eq!(
                handle.join().unwrap(),
                (chosen.to_owned(), chosen.to_owned())
            );
        }
    });
}

/// TH-04: ten threads and a semaphore of three: never more than three inside, in the end none.
#[test]
fn ten_threads_three_at_a_time() {
    bounded(|| {
        let shared = Arc::new((Semaphore::new(3), AtomicUsize::new(0), AtomicUsize::new(0)));
        let handles: Vec<_> = (0..10)
            .map(|_| {
                let shared = Arc::clone(&shared);
                let body = move || {
                    let (semaphore, inside, most) = &*shared;
                    for _ in 0..20 {
                        let _permit = semaphore.acquire();
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        native::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                };
                spawn(body).unwrap()
            })
            .collect();
        let idents: Vec<_> = handles
            .iter()
            .map(|handle| handle.thread().ident())
            .collect();
        assert!(
            idents.is_sorted_by(|a, b| a < b),
            "born in this order: {idents:?}"
        );
        for handle in handles {
            handle.join().unwrap();
        }
        let (semaphore, inside, most) = &*shared;
        assert!(most.load(Ordering::SeqCst) <= 3);
        assert_eq!(
            (inside.load(Ordering::SeqCst), semaphore.available_permits()),
            (0, 3)
        );
    });
}

/// TH-05: a stack may be small, and one that is too small is rounded up.
#[test]
fn stack_sizes() {
    bounded(|| {
        for bytes in [0, 1, 256 << 10, 1 << 20] {
            let handle = Builder::new()
                .stack_size(bytes)
                .spawn(|| [7_u8; 4096].len());
            assert_eq!(handle.unwrap().join().unwrap(), 4096);
        }
    });
}

/// TH-11: nobody is a daemon unless asked to be or started by one, who may also be overruled.
#[test]
fn daemons_are_asked_for_or_inherited() {
    let child_of = |parent: Builder, child: Builder| {
        let body = move || {
            child
                .spawn(|| current().is_daemon())
                .unwrap()
                .join()
                .unwrap()
        };
        parent.spawn(body).unwrap().join().unwrap()
    };
    bounded(move || {
        assert!(!spawn(|| current().is_daemon()).unwrap().join().unwrap());
        assert!(!child_of(Builder::new(), Builder::new()));
        assert!(child_of(Builder::new().daemon(true), Builder::new()));
        assert!(child_of(Builder::new(), Builder::new().daemon(true)));
        assert!(!child_of(
            Builder::new().daemon(true),
            Builder::new().daemon(false)
        ));
    });
}

/// TH-17, TH-02: a thread that could not be started is an error, not a ghost; what it would have run
/// is dropped; the next start succeeds.
#[test]
fn a_failed_start_leaves_nothing() {
    bounded(|| {
        let half_the_address_space = isize::MAX as usize;
        let refused = [
            (Builder::new().name("ghost"), half_the_address_space, None),
            (
                Builder::new().name("ghost"),
                usize::MAX,
                Some(ErrorKind::InvalidInput),
            ),
            (
                Builder::new().name("ghost\0"),
                1 << 20,
                Some(ErrorKind::InvalidInput),
            ),
        ];
        for (builder, bytes, kind) in refused {
            let captured = Arc::new(());
            let body = {
                let captured = Arc::clone(&captured);
                move || drop(captured)
            };
            let error = builder.stack_size(bytes).spawn(body).unwrap_err();
            assert!(kind.is_none_or(|kind| error.kind() == kind), "{error:?}");
            assert_eq!(
                Arc::strong_count(&captured),
                1,
                "the closure is still there"
            );
            assert!(
                enumerate()
                    .iter()
                    .all(|thread| !thread.name().starts_with("ghost"))
            );
        }
        spawn(|| ()).unwrap().join().unwrap();
    });
}

/// TH-19, TH-12: what a thread captured is gone when a wait for it returns, also when it panicked;
/// then the panic is the join's error.
#[test]
fn captured_values_are_dropped() {
    bounded(|| {
        for panics in [false, true] {
            let captured = Arc::new(());
            let body = {
                let captured = Arc::clone(&captured);
                move || {
                    let _kept = captured;
                    if panics {
                        panic::resume_unwind(Box::new("quiet panic"));
                    }
                }
            };
            let handle = Builder::new().name("owner").spawn(body).unwrap();
            let thread = handle.thread().clone();
            assert!(thread.wait_timeout(CEILING));
            assert_eq!(Arc::strong_count(&captured), 1);
            assert!(!thread.is_alive() && !enumerate().contains(&thread));
            match handle.join() {
                Ok(()) => assert!(!panics),
                Err(error) => {
                    assert!(panics && error.is_panic());
                    assert_eq!(error.to_string(), "thread 'owner' panicked: quiet panic");
                    let payload = error.into_panic().unwrap();
                    assert_eq!(payload.downcast_ref(), Some(&"quiet panic"));
                }
            }
        }
    });
}

/// TH-20: a thread in a tight loop sees a flag that asks it to stop.
#[test]
fn a_spinning_thread_sees_a_stop_flag() {
    bounded(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let turns = Arc::new(AtomicUsize::new(0));
        let handle = spawn({
            let (stop, turns) = (Arc::clone(&stop), Arc::clone(&turns));
            move || {
                while !stop.load(Ordering::Relaxed) {
                    turns.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        eventually("it spins", || turns.load(Ordering::Relaxed) > 0);
        stop.store(true, Ordering::Relaxed);
        handle.unwrap().join().unwrap();
    });
}
