//! What a program that runs for long keeps after a busy hour. Memory is given back, and that costs little.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use asyncio::event_loop::{EventLoop, sleep, yield_now};
use asyncio::queue::Queue;

/// Counts what the program holds.
struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: `System` does all of it. Counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Relaxed);
        BYTES.fetch_add(layout.size() as isize, Relaxed);
        // SAFETY: the caller keeps what `alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as isize, Relaxed);
        // SAFETY: the caller keeps what `dealloc` asks for, and `pointer` is from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The tests count for the whole program, so there is one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bytes() -> isize {
    BYTES.load(Relaxed)
}

const MANY: usize = 100_000;

/// What may be kept of that many: two bytes each.
const LITTLE: isize = 2 * MANY as isize;

#[track_caller]
fn is_little_since(before: isize, what: &str) {
    let kept = bytes() - before;
    assert!(kept < LITTLE, "{what}: {kept} bytes are kept");
}

// ---- the event loop

/// Runs so many tasks at the same time, to their ends, and one more that stays. `between` comes when each was polled once.
fn run_many<F: Future<Output = ()> + 'static>(
    event_loop: &EventLoop,
    many: usize,
    task: impl Fn() -> F,
    between: impl FnOnce(),
) {
    let main = async {
        let tasks: Vec<_> = (0..many).map(|_| event_loop.spawn(task())).collect();
        drop(event_loop.spawn(pending::<()>()));
        yield_now().await;
        between();
        for task in tasks {
            task.await.unwrap();
        }
        for _ in 0..2 {
            yield_now().await; // the loop looks at its queues
        }
    };
    event_loop.run_until_complete(main).unwrap();
}

/// F31: when its tasks are over, the loop gives their memory back. The one that stays was spawned last, and does not keep
/// what the others had.
#[test]
fn tasks_that_are_over() {
    let _alone = alone();
    let event_loop = EventLoop::with_paused_clock();
    let before = bytes();

    run_many(&event_loop, MANY, || async {}, || ());
    is_little_since(before, "tasks that only ran");

    let sleeps = || sleep(Duration::from_secs(1));
    run_many(&event_loop, MANY, sleeps, || ());
    is_little_since(before, "tasks that slept");

    let wakers = Rc::new(RefCell::new(Vec::new()));
    let wait = || {
        let (wakers, mut polls) = (wakers.clone(), 0);
        poll_fn(move |context| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(());
            }
            wakers.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
    };
    let wake_all = || {
        let wakers = wakers.take();
        let outside = thread::spawn(move || wakers.into_iter().for_each(Waker::wake));
        outside.join().unwrap();
    };
    run_many(&event_loop, MANY, wait, wake_all);
    is_little_since(before, "tasks that another thread woke");
}

// ---- the queue

/// F31: a queue that is nearly empty gives back what it had when it was full.
#[test]
fn items_that_were_taken() {
    let _alone = alone();
    for make in [
        Queue::unbounded,
        || Queue::lifo(None),
        || Queue::priority(None),
    ] {
        let queue = make();
        let before = bytes();
        for i in 0..MANY {
            queue.put_nowait(i).unwrap();
        }
        for _ in 10..MANY {
            queue.get_nowait().unwrap().task_done();
        }
        assert_eq!(queue.len(), 10);
        is_little_since(before, "a queue");
    }
}

/// F31: so it is with those that waited, whether they were dropped or woken.
#[test]
fn waiters_that_are_gone() {
    let _alone = alone();
    fn wait<F: Future + Unpin>(make: impl Fn() -> F) -> Vec<F> {
        let mut all: Vec<_> = (0..MANY).map(|_| make()).collect();
        let mut context = Context::from_waker(Waker::noop());
        for one in &mut all {
            assert!(Pin::new(one).poll(&mut context).is_pending());
        }
        all
    }
    let queue = Queue::bounded(1);
    let before = bytes();

    drop(wait(|| queue.get()));
    is_little_since(before, "gets that were dropped");
    let gets = wait(|| queue.get());
    queue.put_nowait(0).unwrap();
    drop(gets); // the promise goes from one to the next
    is_little_since(before, "gets that were woken");
    drop(wait(|| queue.put(1)));
    is_little_since(before, "puts that were dropped");
    let joins = wait(|| queue.join());
    queue.get_nowait().unwrap().task_done();
    drop(joins);
    is_little_since(before, "joins that were woken");
}

/// F31: to give memory back costs little, whatever number of items comes and goes.
#[test]
fn items_in_waves() {
    let _alone = alone();
    let queue = Queue::<i32>::unbounded();
    let calls = |act: &dyn Fn()| {
        let before = CALLS.load(Relaxed);
        act();
        CALLS.load(Relaxed) - before
    };
    let takes = |many| (0..many).for_each(|_| queue.get_nowait().unwrap().task_done());
    let puts = |many| (0..many).for_each(|i| queue.put_nowait(i).unwrap());

    // Few in turn at every length; then all.
    let in_turn = calls(&|| {
        for _ in 0..3000 {
            puts(1);
            for _ in 0..100 {
                takes(1);
                puts(1);
            }
        }
    });
    assert!(in_turn < 300, "{in_turn} allocations for 300,000 items");
    let waves = calls(&|| {
        for _ in 0..100 {
            takes(3000);
            puts(3000);
        }
    });
    assert!(waves < 3000, "{waves} allocations for 300,000 items");
}
