//! `wait.rs` leaves nothing behind in futures that stay pending: after many waits this thread has no more
//! memory than after one. In a file of its own for its allocator.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use futures_pool::future::{Future, Promise, promise};
use futures_pool::wait::{ReturnWhen, as_completed, wait};
use support::bounded;

thread_local! {
    /// What this thread has allocated and not freed.
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: `System` does it; the count has no destructor and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.set(ALLOCATED.get().wrapping_add(1));
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        ALLOCATED.set(ALLOCATED.get().wrapping_sub(1));
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Wait = fn(Vec<Future<i32>>) -> Vec<Future<i32>>;

/// AC-07, WA-04: waits that end early leave nothing in the futures, nor does a lost iterator.
#[test]
fn nothing_is_left() {
    bounded(leave_nothing);
}

fn leave_nothing() {
    let waits: [Wait; 5] = [
        |futures| wait(futures, Some(Duration::ZERO), ReturnWhen::AllCompleted).1,
        |futures| wait(futures, Some(Duration::ZERO), ReturnWhen::FirstException).1,
        |mut futures| {
            let (promise, done) = promise();
            promise.set_result(1);
            futures.push(done);
            wait(futures, None, ReturnWhen::FirstCompleted).1
        },
        |futures| {
            let mut completed = as_completed(futures, Some(Duration::ZERO));
            assert!(completed.next().unwrap().is_err());
            completed.into_rest()
        },
        |futures| as_completed(futures, None).into_rest(),
    ];
    let (_promises, mut futures): (Vec<Promise<i32>>, Vec<_>) = (0..100).map(|_| promise()).unzip();
    // Once without counting: elsewhere than on Linux a mutex is made when it is first used.
    futures = waits.iter().fold(futures, |futures, wait| wait(futures));
    let before = ALLOCATED.get();
    for wait in waits {
        for _ in 0..3 {
            futures = wait(futures);
            assert_eq!(ALLOCATED.get(), before);
        }
    }
    // Each future is a cell, which its promise keeps, and the list is one: of those the list goes.
    drop(as_completed(futures, None));
    assert_eq!(ALLOCATED.get(), before - 1);
}
