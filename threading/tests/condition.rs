//! The language's `Condvar`, as section 2.3 uses it: Python's `threading.Condition`. A wait may end
//! without a notification, unlike Python's, so every wait looks at a state.
//!
//! CV-02 is a fact of the compiler's: a wait takes the guard. (≠) A notification needs no lock here.
//! CV-12 and CV-13 belong to asyncio, CV-14 and CV-15 to processes.

mod support;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, TryLockError};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use crossbeam::channel;
use support::{assert_lasted, bounded, eventually};

const SHORT: Duration = Duration::from_millis(50);

/// Threads that wait for tickets, one each.
#[derive(Default)]
struct Office {
    counts: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Default)]
struct Counts {
    /// Who adds to this under the lock is in its wait when somebody else has the lock.
    waiting: usize,
    tickets: usize,
    served: usize,
}

impl Office {
    fn queue(&self) {
        let mut counts = self.counts.lock().unwrap();
        counts.waiting += 1;
        let none_left = |counts: &mut Counts| counts.tickets == 0;
        let mut counts = self.changed.wait_while(counts, none_left).unwrap();
        counts.tickets -= 1;
        counts.waiting -= 1;
        counts.served += 1;
    }

    fn until(&self, what: &str, condition: impl Fn(&Counts) -> bool) {
        eventually(what, || condition(&self.counts.lock().unwrap()));
    }
}

/// CV-01: a woken waiter has the lock again: it sees what the notifier did up to its release, also
/// after the notification.
#[test]
fn a_waiter_returns_with_the_lock() {
    bounded(|| {
        let (state, changed) = (Mutex::new(0), Condvar::new());
        scope(|scope| {
            let waiter = scope.spawn(|| {
                let down = |state: &mut u32| *state == 0;
                *changed.wait_while(state.lock().unwrap(), down).unwrap()
            });
            let mut guard = state.lock().unwrap();
            *guard = 1;
            changed.notify_one();
            sleep(SHORT); // why: gives a waiter that needs no lock the time to see the 1
            *guard = 2;
            drop(guard);
            assert_eq!(waiter.join().unwrap(), 2);
        });
    });
}

/// CV-03: the lock is free during the wait; a time-out also returns with the lock, and waits for it
/// if somebody has it.
#[test]
fn a_timeout_returns_with_the_lock() {
    #[derive(PartialEq)]
    enum Stage {
        Begun,
        Waiting,
        NotesInside,
        NotesDone,
    }
    bounded(|| {
        let (stage, never) = (Mutex::new(Stage::Begun), Condvar::new());
        scope(|scope| {
            scope.spawn(|| {
                let mut guard = stage.lock().unwrap();
                *guard = Stage::Waiting;
                let (guard, _) = never.wait_timeout(guard, SHORT).unwrap();
                assert!(*guard != Stage::NotesInside, "two threads have the lock");
                let tried = || matches!(stage.try_lock(), Err(TryLockError::WouldBlock));
                assert!(scope.spawn(tried).join().unwrap());
            });
            eventually("it waits", || *stage.lock().unwrap() == Stage::Waiting);
            let mut guard = stage.lock().unwrap();
            *guard = Stage::NotesInside;
            sleep(2 * SHORT); // why: the time-out is to pass while the lock is held
            *guard = Stage::NotesDone;
        });
    });
}

/// CV-04: of five, three notifications serve three, a notification of all the rest.
#[test]
fn notifications_wake_as_many() {
    bounded(|| {
        let office = Office::default();
        for _ in 0..2 {
            scope(|scope| {
                (0..5).for_each(|_| drop(scope.spawn(|| office.queue())));
                office.until("five wait", |counts| counts.waiting == 5);
                office.counts.lock().unwrap().tickets = 3;
                (0..3).for_each(|_| office.changed.notify_one());
                office.until("three are served", |counts| counts.served == 3);
                office.counts.lock().unwrap().tickets = 2;
                office.changed.notify_all();
            });
            assert_eq!(std::mem::take(&mut office.counts.lock().unwrap().served), 5);
        }
    });
}

/// CV-05, CV-09: notifications without a waiter, or more than there are, are not kept for later.
#[test]
fn notifications_are_not_stored() {
    bounded(|| {
        let office = Office::default();
        scope(|scope| {
            (0..2).for_each(|_| drop(scope.spawn(|| office.queue())));
            office.until("two wait", |counts| counts.waiting == 2);
            office.counts.lock().unwrap().tickets = 2;
            (0..10).for_each(|_| office.changed.notify_one());
        });
        // A wait may end by itself, so one that lasts is enough; a stored one would end every time.
        let lasts = || {
            office.changed.notify_one();
            let wait = office
                .changed
                .wait_timeout(office.counts.lock().unwrap(), SHORT);
            wait.unwrap().1.timed_out()
        };
        assert!((0..8).any(|_| lasts()));
    });
}

/// CV-06, CV-08: a wait with a time-out ends when its time is over in all, however often it is woken
/// in between for a state that it does not wait for.
#[test]
fn a_timed_wait_keeps_to_its_time() {
    bounded(|| {
        for woken_in_between in [false, true] {
            let (state, changed, returned) =
                (Mutex::new(()), Condvar::new(), AtomicBool::new(false));
            scope(|scope| {
                scope.spawn(|| {
                    let start = Instant::now();
                    let guard = state.lock().unwrap();
                    let (_guard, wait) =
                        changed.wait_timeout_while(guard, SHORT, |_| true).unwrap();
                    returned.store(true, Ordering::SeqCst);
                    assert!(wait.timed_out());
                    assert_lasted(start, SHORT);
                });
                eventually("the time is over", || {
                    if woken_in_between {
                        changed.notify_all();
                    }
                    returned.load(Ordering::SeqCst)
                });
            });
        }
    });
}

/// CV-07: a wait for a state returns in that state, not in those before it.
#[test]
fn a_wait_for_a_state_returns_in_it() {
    bounded(|| {
        let (state, changed) = (Mutex::new(0), Condvar::new());
        scope(|scope| {
            let waiter = scope.spawn(|| {
                let other = |state: &mut u32| *state != 4;
                let guard = changed.wait_while(state.lock().unwrap(), other).unwrap();
                *guard
            });
            for _ in 0..4 {
                *state.lock().unwrap() += 1;
                changed.notify_one();
            }
            assert_eq!(waiter.join().unwrap(), 4);
            let timed =
                changed.wait_timeout_while(state.lock().unwrap(), SHORT, |state| *state != 4);
            assert!(!timed.unwrap().1.timed_out(), "it is so already");
        });
    });
}

/// CV-10: six waits that timed out leave nothing behind: the next six are all woken by one
/// notification of all.
#[test]
fn timeouts_leave_no_trace() {
    bounded(|| {
        let office = Office::default();
        for _ in 0..2 {
            scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| {
                        let guard = office.counts.lock().unwrap();
                        let wait = office.changed.wait_timeout_while(guard, SHORT, |_| true);
                        assert!(wait.unwrap().1.timed_out());
                    });
                }
            });
            scope(|scope| {
                (0..6).for_each(|_| drop(scope.spawn(|| office.queue())));
                office.until("six wait", |counts| counts.waiting == 6);
                office.counts.lock().unwrap().tickets = 6;
                office.changed.notify_all();
            });
        }
        assert_eq!(office.counts.lock().unwrap().served, 12);
    });
}

const ITEMS: u32 = 100_000;

fn assert_each_once(received: [Vec<u32>; 4]) {
    let mut received = received.concat();
    received.sort_unstable();
    assert!(
        received.into_iter().eq(0..ITEMS),
        "an item is lost or doubled"
    );
}

/// CV-11: four put, four take, through a mutex, two conditions and sixteen places: all items arrive,
/// each once.
#[test]
fn four_by_four_with_conditions() {
    bounded(|| {
        // `None` says that no more will come.
        let items = Mutex::new(VecDeque::<Option<u32>>::new());
        let (not_empty, not_full) = (Condvar::new(), Condvar::new());
        let put = |item| {
            let full = |items: &mut VecDeque<_>| items.len() == 16;
            let mut items = not_full.wait_while(items.lock().unwrap(), full).unwrap();
            items.push_back(item);
            not_empty.notify_one();
        };
        let take = || {
            let empty = |items: &mut VecDeque<_>| items.is_empty();
            let mut items = not_empty.wait_while(items.lock().unwrap(), empty).unwrap();
            not_full.notify_one();
            items.pop_front().unwrap()
        };
        scope(|scope| {
            let produce = |first| (first..ITEMS).step_by(4).for_each(|item| put(Some(item)));
            let producers = [0, 1, 2, 3].map(|first| scope.spawn(move || produce(first)));
            let consume = || std::iter::from_fn(take).collect::<Vec<_>>();
            let consumers = [(); 4].map(|()| scope.spawn(consume));
            for producer in producers {
                producer.join().unwrap();
            }
            (0..4).for_each(|_| put(None));
            assert_each_once(consumers.map(|consumer| consumer.join().unwrap()));
        });
    });
}

/// CV-11: the same through a channel, which ends when the last of its senders is dropped.
#[test]
fn four_by_four_with_a_channel() {
    bounded(|| {
        let (sender, receiver) = channel::bounded(16);
        scope(|scope| {
            for first in 0..4 {
                let sender = sender.clone();
                let send = move |item| sender.send(item).unwrap();
                scope.spawn(move || (first..ITEMS).step_by(4).for_each(send));
            }
            drop(sender);
            let consume = || receiver.iter().collect::<Vec<_>>();
            let consumers = [(); 4].map(|()| scope.spawn(consume));
            assert_each_once(consumers.map(|consumer| consumer.join().unwrap()));
        });
    });
}
