//! Futures that are dropped: whatever they were about, it is as if they had not been.

use std::task::Poll;
use std::time::Duration;

use asyncio::queue::Queue;
use tokio::time::timeout;

use crate::{Count, bounded, drain, got, look, on_both, poll, waiting};

/// AQ-03: a getter that is dropped while it waits takes nothing; the next one gets the item.
#[test]
fn waiting_getter() {
    bounded(|| {
        let queue = Queue::bounded(1);
        let (mut first, mut second) = (queue.get(), queue.get());
        let (count, waker) = Count::new();
        assert!(look(&mut first).is_pending());
        assert!(poll(&mut second, &waker).is_pending());
        drop(first);
        queue.put_nowait(1).unwrap();
        assert_eq!(count.woken(), 1);
        assert_eq!(got(&mut second), Poll::Ready(Ok(1)));
    });
}

/// AQ-03, A02: a getter that is dropped after it was woken takes nothing, and wakes the next one.
#[test]
fn woken_getter() {
    bounded(|| {
        let queue = Queue::bounded(2);
        let (mut first, mut second) = (queue.get(), queue.get());
        let ((one, waker), (two, other)) = (Count::new(), Count::new());
        assert!(poll(&mut first, &waker).is_pending());
        assert!(poll(&mut second, &other).is_pending());
        queue.put_nowait(1).unwrap();
        assert_eq!((one.woken(), two.woken()), (1, 0));
        drop(first);
        assert_eq!((one.woken(), two.woken()), (1, 1));
        queue.put_nowait(2).unwrap();
        assert_eq!(got(&mut second), Poll::Ready(Ok(1)));
        assert_eq!(drain(&queue), [2]);
    });
}

/// AQ-03: nobody else is there: the item stays, at the front.
#[test]
fn woken_getter_alone() {
    bounded(|| {
        let queue = Queue::bounded(2);
        let mut get = queue.get();
        assert!(look(&mut get).is_pending());
        queue.put_nowait(1).unwrap();
        queue.put_nowait(2).unwrap();
        drop(get);
        assert_eq!(drain(&queue), [1, 2]);
    });
}

/// AQ-03: the getter for which the item came last of all, after a hundred that were dropped.
#[test]
fn many_getters() {
    on_both(|| async {
        let queue = Queue::<i32>::bounded(1);
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move { queue.get().await.map(|item| *item) })
            })
            .collect();
        while waiting(&queue).0 < 100 {
            tokio::task::yield_now().await;
        }
        queue.put(1).await.unwrap(); // for the first of them
        for task in &tasks[..99] {
            task.abort();
        }
        let mut taken = 0;
        for (number, task) in tasks.into_iter().enumerate() {
            match task.await {
                Ok(item) => taken += item.unwrap(), // on several threads the first may have been faster
                Err(error) => assert!(number < 99 && error.is_cancelled()),
            }
            if number == 98 && taken == 1 {
                queue.put(10).await.unwrap(); // or else the last has nothing to get
            }
        }
        assert!([1, 11].contains(&taken));
        assert!(queue.is_empty());
    });
}

/// AQ-04: a put that is dropped has put nothing, waiting or woken, and the next one has its room.
#[test]
fn putters() {
    bounded(|| {
        let queue = Queue::bounded(1);
        queue.put_nowait(0).unwrap();
        let (mut first, mut second, mut third) = (queue.put(1), queue.put(2), queue.put(3));
        let ((two, waker), (three, other)) = (Count::new(), Count::new());
        assert!(look(&mut first).is_pending());
        assert!(poll(&mut second, &waker).is_pending());
        assert!(poll(&mut third, &other).is_pending());
        drop(first); // while it waits
        assert_eq!(drain(&queue), [0]);
        assert_eq!((two.woken(), three.woken()), (1, 0));
        drop(second); // after it was woken
        assert_eq!((two.woken(), three.woken()), (1, 1));
        assert_eq!(look(&mut third), Poll::Ready(Ok(())));
        assert_eq!(drain(&queue), [3]);
        queue.put_nowait(4).unwrap(); // all the room is there again
        assert_eq!(waiting(&queue), (0, 0));
    });
}

/// AQ-04: the item of a put that is given up can be kept.
#[test]
fn item_kept() {
    bounded(|| {
        let queue = Queue::bounded(1);
        let unpolled = queue.put(String::from("a"));
        assert_eq!(unpolled.into_item().as_deref(), Some("a"));
        queue.put_nowait(String::from("b")).unwrap();
        let mut waits = queue.put(String::from("c"));
        assert!(look(&mut waits).is_pending());
        assert_eq!(waits.into_item().as_deref(), Some("c"));
        let mut woken = queue.put(String::from("d"));
        assert!(look(&mut woken).is_pending());
        assert_eq!(drain(&queue), ["b"]);
        assert_eq!(woken.into_item().as_deref(), Some("d"));
        let mut put = queue.put(String::from("e"));
        assert!(look(&mut put).is_ready());
        assert_eq!(put.into_item(), None);
        assert_eq!(drain(&queue), ["e"]);
    });
}

/// AQ-03, AQ-04: by a timeout. The clock is paused: it is over when nobody can go on.
#[tokio::test(start_paused = true)]
async fn by_timeout() {
    let second = Duration::from_secs(1);
    let queue = Queue::bounded(1);
    assert!(timeout(second, queue.get()).await.is_err());
    queue.put(1).await.unwrap();
    assert!(timeout(second, queue.put(2)).await.is_err());
    assert_eq!(waiting(&queue), (0, 0));
    assert_eq!(*timeout(second, queue.get()).await.unwrap().unwrap(), 1);
    assert!(timeout(second, queue.get()).await.is_err());
}

/// AQ-05: of those that were dropped nothing is left, in whatever order they go. Their wakers are dropped.
#[test]
fn no_leak() {
    bounded(|| {
        let queue = Queue::bounded(1);
        let (count, waker) = Count::new();
        for backwards in [false, true] {
            let mut gets: Vec<_> = (0..40).map(|_| queue.get()).collect();
            gets.iter_mut()
                .for_each(|get| assert!(poll(get, &waker).is_pending()));
            assert_eq!(waiting(&queue), (40, 0));
            drop(gets.split_off(30)); // from behind, from the middle, from the front
            drop(gets.drain(10..20));
            match backwards {
                true => while gets.pop().is_some() {},
                false => drop(gets),
            }
            assert_eq!(waiting(&queue), (0, 0));
        }
        assert_eq!(std::sync::Arc::strong_count(&count), 2); // ours
        queue.put_nowait(0).unwrap();
        let mut puts: Vec<_> = (1..20).map(|i| queue.put(i)).collect();
        puts.iter_mut()
            .for_each(|put| assert!(poll(put, &waker).is_pending()));
        assert_eq!(waiting(&queue), (0, 19));
        drop(puts);
        let mut join = queue.join();
        assert!(poll(&mut join, &waker).is_pending());
        drop(join);
        assert_eq!(waiting(&queue), (0, 0));
        assert_eq!(std::sync::Arc::strong_count(&count), 2);
        assert_eq!(count.woken(), 0);
    });
}

/// The waker of the latest poll is woken, and no other: a future may go from one task to another.
#[test]
fn changed_wakers() {
    bounded(|| {
        let queue = Queue::bounded(1);
        let ((old, early), (new, late)) = (Count::new(), Count::new());
        let mut get = queue.get();
        for waker in [&early, &early, &late] {
            assert!(poll(&mut get, waker).is_pending());
        }
        queue.put_nowait(1).unwrap();
        assert_eq!((old.woken(), new.woken()), (0, 1));
        let mut put = queue.put(2);
        for waker in [&early, &late, &early] {
            assert!(poll(&mut put, waker).is_pending());
        }
        assert_eq!(got(&mut get), Poll::Ready(Ok(1)));
        assert_eq!((old.woken(), new.woken()), (1, 1));
        assert_eq!(poll(&mut put, &late), Poll::Ready(Ok(())));
        let mut join = queue.join();
        for waker in [&early, &late] {
            assert!(poll(&mut join, waker).is_pending());
        }
        queue.get_nowait().unwrap().task_done();
        assert_eq!((old.woken(), new.woken()), (1, 2));
        assert!(look(&mut join).is_ready());
    });
}

/// Polling what was ready already is an error and takes nothing.
#[test]
#[should_panic(expected = "polled after it was ready")]
fn polled_after_ready() {
    let queue = Queue::bounded(1);
    queue.put_nowait(1).unwrap();
    let mut get = queue.get();
    assert_eq!(got(&mut get), Poll::Ready(Ok(1)));
    let _ = got(&mut get);
}
