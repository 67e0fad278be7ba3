//! `task_done` and `join`.

use std::task::Poll;

use asyncio::queue::Queue;
use tokio::task::JoinSet;

use crate::{Count, bounded, look, on_both, poll};

/// AQ-06: two workers, a hundred items; twice on the same queue.
#[test]
fn two_workers() {
    on_both(|| async {
        let queue = Queue::<i32>::bounded(10);
        let mut workers = JoinSet::new();
        for _ in 0..2 {
            let queue = queue.clone();
            workers.spawn(async move {
                let mut sum = 0;
                while let Ok(item) = queue.get().await {
                    tokio::task::yield_now().await; // the work
                    sum += *item;
                    item.task_done();
                }
                sum
            });
        }
        for _ in 0..2 {
            for i in 0..100 {
                queue.put(i).await.unwrap();
            }
            queue.join().await;
            assert!(queue.is_empty());
        }
        queue.shutdown();
        assert_eq!(workers.join_all().await.into_iter().sum::<i32>(), 2 * 4950);
    });
}

/// AQ-06: nothing was put: ready at once, as often as you like.
#[test]
fn nothing_to_wait_for() {
    bounded(|| {
        let queue = Queue::<()>::bounded(1);
        assert!(look(&mut queue.join()).is_ready());
        assert!(look(&mut queue.join()).is_ready());
    });
}

/// AQ-06, A09: an item counts from its put until its token is dropped, in whichever way that happens.
#[test]
fn every_way_to_be_done() {
    bounded(|| {
        let queue = Queue::bounded(1);
        let ways: [fn(asyncio::queue::Item<String>); 6] = [
            drop,
            |item| item.task_done(),
            |item| assert_eq!(item.into_inner(), "a"),
            |item| drop(item.into_parts()),
            |item| item.into_parts().1.task_done(),
            |item| {
                let work = std::thread::spawn(move || panic!("{}: the work went wrong", *item));
                assert!(work.join().is_err());
            },
        ];
        for way in ways {
            queue.put_nowait(String::from("a")).unwrap();
            let (count, waker) = Count::new();
            let (mut join, mut other) = (queue.join(), queue.join());
            assert!(poll(&mut join, &waker).is_pending());
            assert!(poll(&mut other, &waker).is_pending());
            let item = queue.get_nowait().unwrap();
            assert!(poll(&mut join, &waker).is_pending());
            assert_eq!(count.woken(), 0);
            way(item);
            assert_eq!(count.woken(), 2);
            assert!(look(&mut join).is_ready() && look(&mut other).is_ready());
        }
    });
}

/// The item is dropped before it counts as done; taken out, its token alone keeps the join waiting.
#[test]
fn item_before_token() {
    struct Open(Queue<Open>);
    impl Drop for Open {
        fn drop(&mut self) {
            assert!(format!("{:?}", self.0).contains("unfinished: 1"));
        }
    }
    bounded(|| {
        let queue = Queue::bounded(1);
        queue.put_nowait(Open(queue.clone())).ok().unwrap();
        drop(queue.get_nowait().unwrap());
        assert!(look(&mut queue.join()).is_ready());

        let queue = Queue::bounded(1);
        queue.put_nowait(vec![1]).unwrap();
        let (value, token) = queue.get_nowait().unwrap().into_parts();
        assert_eq!(value, [1]);
        drop(value);
        assert!(look(&mut queue.join()).is_pending());
        drop(token);
        assert!(look(&mut queue.join()).is_ready());
    });
}

/// What is put while a join waits counts too; and a join that was woken is ready, whatever was put since.
#[test]
fn put_meanwhile() {
    bounded(|| {
        let queue = Queue::bounded(2);
        queue.put_nowait(1).unwrap();
        let (count, waker) = Count::new();
        let mut join = queue.join();
        assert!(poll(&mut join, &waker).is_pending());
        queue.put_nowait(2).unwrap();
        queue.get_nowait().unwrap().task_done();
        assert_eq!(count.woken(), 0);
        queue.get_nowait().unwrap().task_done();
        assert_eq!(count.woken(), 1);
        queue.put_nowait(3).unwrap();
        assert!(look(&mut join).is_ready());
    });
}

/// An item may be changed, and may go to another task that finishes the work.
#[test]
fn item_goes_on() {
    on_both(|| async {
        let queue = Queue::unbounded();
        for i in 0..10 {
            queue.put(i).await.unwrap();
        }
        let mut work = JoinSet::new();
        while let Ok(mut item) = queue.get_nowait() {
            work.spawn(async move {
                tokio::task::yield_now().await;
                *item *= 2;
                *item
            });
        }
        queue.join().await;
        assert_eq!(work.join_all().await.into_iter().sum::<i32>(), 90);
        assert_eq!(look(&mut queue.join()), Poll::Ready(()));
    });
}
