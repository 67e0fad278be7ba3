//! What comes back, and in which order.

use std::panic;
use std::process;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use multiprocess::pool::Pool;

use crate::workers::{board, meet, square, wait_for};

/// PL-01, and 3.4 of the document: apply, map (chunks of 1, 3, 20, more than there are items), starmap,
/// and the async variants equal the serial result.
pub fn every_variant_equals_the_serial_result() {
    let pool = Pool::new(3).expect("a pool");
    for _ in 0..2 {
        let squares: Vec<i64> = (0..50).map(square).collect();
        assert_eq!(pool.apply(square, (7,)), Ok(49));
        assert_eq!(pool.apply(|| 5, ()), Ok(5));
        assert_eq!(pool.apply_async(i64::pow, (2, 10)).get(), Ok(1024));
        assert_eq!(pool.map(square, 0..50).as_ref(), Ok(&squares));
        assert_eq!(pool.map_async(square, 0..50).get().as_ref(), Ok(&squares));
        for size in [1, 3, 20, 50, 51, 1000] {
            assert_eq!(pool.map_chunked(square, 0..50, size).as_ref(), Ok(&squares));
            let imap: Result<Vec<_>, _> = pool.imap_chunked(square, 0..50, size).collect();
            assert_eq!(imap.as_ref(), Ok(&squares));
            let unordered = pool.imap_unordered_chunked(square, 0..50, size);
            let mut unordered: Vec<_> = unordered.collect::<Result<_, _>>().expect("results");
            unordered.sort_unstable();
            assert_eq!(unordered, squares);
        }
        let add = |a: i32, b: i32| a + b;
        let pairs = [(1, 2), (3, 4), (5, 6)];
        assert_eq!(pool.starmap(add, pairs), Ok(vec![3, 7, 11]));
        assert_eq!(pool.starmap_async(add, pairs).get(), Ok(vec![3, 7, 11]));
        let three = |a: String, b: u8, c: (bool, char)| format!("{a}{b}{c:?}");
        let text = pool.starmap(three, [("x".to_owned(), 1, (true, 'y'))]);
        assert_eq!(text, Ok(vec!["x1(true, 'y')".to_owned()]));
        let four = |a: i64, b: i64, c: i64, d: i64| a + b * c - d;
        assert_eq!(pool.starmap(four, [(1, 2, 3, 4)]), Ok(vec![3]));
    }
}

/// PL-02: no input, any chunk size.
pub fn no_input_gives_no_result_at_once() {
    let pool = Pool::new(2).expect("a pool");
    assert_eq!(pool.map(square, []), Ok(vec![]));
    assert_eq!(pool.starmap(i64::pow, []), Ok(vec![]));
    for size in [1, 2, 100] {
        assert_eq!(pool.map_chunked(square, [], size), Ok(vec![]));
        assert_eq!(pool.imap_chunked(square, [], size).next(), None);
        assert_eq!(pool.imap_unordered_chunked(square, [], size).next(), None);
    }
    let handle = pool.map_async(square, []);
    assert!(handle.ready());
    assert_eq!(handle.successful(), Some(true));
    assert_eq!(handle.get(), Ok(vec![]));
}

/// PL-03: imap in order, although later items are done earlier; imap_unordered yields those that are
/// done; exhausted stays exhausted.
pub fn imap_keeps_the_order_and_ends_for_good() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    // The first one ends only when ten others have.
    let task = |n: i64| {
        if n == 0 {
            wait_for(0, 10);
        } else {
            board(0).fetch_add(1, SeqCst);
        }
        n
    };
    let mut ordered = pool.imap(task, 0..20);
    let all: Vec<_> = ordered.by_ref().map(|n| n.expect("a result")).collect();
    assert_eq!(all, (0..20).collect::<Vec<_>>());
    assert_eq!((ordered.next(), ordered.next()), (None, None));

    // This time the first one's gate is opened here, and not by the others.
    board(0).store(i64::MIN / 2, SeqCst);
    let mut unordered = pool.imap_unordered(task, 0..20);
    let mut all: Vec<_> = unordered.by_ref().take(19).flatten().collect();
    assert!(!all.contains(&0), "it is not done yet");
    board(0).store(10, SeqCst);
    all.extend(unordered.by_ref().flatten());
    all.sort_unstable();
    assert_eq!(all, (0..20).collect::<Vec<_>>());
    assert_eq!((unordered.next(), unordered.next()), (None, None));
}

/// P13, PL-03: at most 64 items a worker are ahead; nothing is taken before the first `next`.
pub fn an_endless_input_is_taken_as_it_is_used() {
    let pool = Pool::new(2).expect("a pool");
    let mut taken = 0;
    let input = (0..).inspect(|_| taken += 1);
    let firsts: Vec<i64> = pool
        .imap(square, input)
        .take(10)
        .map(|n| n.expect("a result"))
        .collect();
    assert_eq!(firsts, (0..10).map(square).collect::<Vec<_>>());
    assert!((10..=10 + 2 * 64).contains(&taken), "{taken}");

    let mut taken = 0;
    let lazy = pool.imap_unordered(square, (0..).inspect(|_| taken += 1));
    drop(lazy);
    assert_eq!(taken, 0);
    assert_eq!(pool.imap_unordered(square, 0..).take(10).count(), 10);
    assert_eq!(pool.map(square, 0..3), Ok(vec![0, 1, 4]));
}

/// PL-04: an input that panics at item 0, 3, 7, in chunks of 1, 2, 4: first the whole chunks before
/// it, then its panic; the pool is as good as before.
pub fn an_input_that_panics_does_so_after_what_came_before() {
    let pool = Pool::new(2).expect("a pool");
    panic::set_hook(Box::new(|_| {}));
    for at in [0, 3, 7] {
        let input = || (0..10).inspect(move |&n| assert_ne!(n, at, "the input"));
        for size in [1, 2, 4] {
            let mut results = Vec::new();
            let ended = panic::catch_unwind(panic::AssertUnwindSafe(|| {
                for result in pool.imap_chunked(square, input(), size) {
                    results.push(result.expect("a result"));
                }
            }));
            assert!(ended.is_err());
            let whole = at - at % size as i64;
            assert_eq!(results, (0..whole).map(square).collect::<Vec<_>>());

            let map = || pool.map_chunked(square, input(), size);
            assert!(panic::catch_unwind(panic::AssertUnwindSafe(map)).is_err());
        }
    }
    let _ = panic::take_hook();
    assert_eq!(pool.map(square, 0..3), Ok(vec![0, 1, 4]));
}

/// PL-05: a wait ends at its time, not before, and the handle can be asked again.
pub fn a_timeout_can_be_asked_again() {
    board(0);
    let pool = Pool::new(1).expect("a pool");
    let handle = pool.apply_async(|| wait_for(0, 1), ());
    let begin = Instant::now();
    let handle = handle
        .get_timeout(Duration::from_millis(50))
        .expect_err("not done");
    assert!(begin.elapsed() >= Duration::from_millis(50));
    let handle = handle.get_timeout(Duration::ZERO).expect_err("not done");
    assert!(!handle.wait_timeout(Duration::from_millis(1)));
    board(0).store(1, SeqCst);
    assert!(handle.wait_timeout(Duration::MAX));
    let result = handle.get_timeout(Duration::ZERO).expect("it is done");
    assert_eq!(result, Ok(()));
}

/// PL-05: `ready`, `successful`, before and after.
pub fn ready_and_successful_tell_without_waiting() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    let good = pool.apply_async(|| wait_for(0, 1), ());
    let bad = pool.map_async(
        |n: i64| assert!(n < 0 || process::id() == 0, "injected"),
        [-1, 1],
    );
    assert!(!good.ready());
    assert_eq!(good.successful(), None);
    bad.wait();
    assert!(bad.ready());
    assert_eq!(bad.successful(), Some(false));
    board(0).store(1, SeqCst);
    good.wait();
    assert_eq!((good.ready(), good.successful()), (true, Some(true)));
    drop(bad.get().expect_err("a panic"));
    assert_eq!(good.get(), Ok(()));
}

/// PL-22: two tasks that wait for each other, in two processes.
pub fn two_workers_run_at_the_same_time() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    let task = |_: i64| {
        meet(0, 2);
        process::id()
    };
    let pids = pool.map_chunked(task, 0..2, 1).expect("they meet");
    assert_ne!(pids[0], pids[1]);
    assert!(!pids.contains(&process::id()));
}

/// P14: a task builds a pool, in all workers at once. Its worker is that pool's parent.
pub fn a_task_may_have_a_pool() {
    board(0);
    let pool = Pool::new(3).expect("a pool");
    let task = |n: i64| {
        meet(0, 3);
        let inner = Pool::new(2).expect("a pool in a worker");
        inner
            .map_chunked(square, 0..n, 1)
            .expect("results")
            .iter()
            .sum()
    };
    let sums: Vec<i64> = pool.map_chunked(task, [3, 4, 5], 1).expect("sums");
    assert_eq!(sums, [5, 14, 30]);
}
