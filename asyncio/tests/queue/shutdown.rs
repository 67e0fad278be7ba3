//! The end.

use std::sync::Arc;
use std::task::Poll;

use asyncio::queue::{Queue, ShutDown};

use crate::{Count, bounded, drain, got, look, on_both, poll, waiting};

/// AQ-08: after a shutdown a put fails and gives its item back, gets take what is left and fail then.
/// Twice does no harm, nor does an immediate one after it.
#[test]
fn graceful() {
    on_both(|| async {
        let queue = Queue::bounded(3);
        queue.put(1).await.unwrap();
        queue.put(2).await.unwrap();
        assert!(!queue.is_shut_down());
        queue.shutdown();
        queue.shutdown();
        assert!(queue.is_shut_down());
        let refused = queue.put(3).await.unwrap_err();
        assert_eq!(refused.to_string(), "the queue was shut down");
        assert_eq!(refused.into_item(), 3);
        assert_eq!(*queue.get().await.unwrap(), 1);
        assert_eq!(*queue.get().await.unwrap(), 2);
        assert_eq!(queue.get().await.unwrap_err(), ShutDown(()));
        queue.join().await;
        queue.shutdown_immediate();
        assert_eq!(queue.get().await.unwrap_err(), ShutDown(()));
    });
}

/// AQ-08: an immediate shutdown drops what is there, which counts as done; what was taken out does not.
#[test]
fn immediate() {
    bounded(|| {
        let (queue, items) = (Queue::bounded(3), [(); 3].map(Arc::new));
        for item in &items {
            queue.put_nowait(item.clone()).unwrap();
        }
        let taken = queue.get_nowait().unwrap();
        let (count, waker) = Count::new();
        let mut join = queue.join();
        assert!(poll(&mut join, &waker).is_pending());
        queue.shutdown_immediate();
        assert_eq!(items.each_ref().map(Arc::strong_count), [2, 1, 1]);
        assert_eq!(
            look(&mut queue.get()).map(|got| got.is_err()),
            Poll::Ready(true)
        );
        assert!(poll(&mut join, &waker).is_pending() && count.woken() == 0);
        taken.task_done();
        assert_eq!(count.woken(), 1);
        assert!(look(&mut join).is_ready());
    });
}

/// AQ-08: getters that wait fail at once, of either shutdown, since nothing can come.
#[test]
fn getters_wake() {
    bounded(|| {
        for shut_down in [Queue::shutdown, Queue::shutdown_immediate] {
            let queue = Queue::<i32>::bounded(1);
            let (count, waker) = Count::new();
            let mut gets = [queue.get(), queue.get(), queue.get()];
            for get in &mut gets {
                assert!(poll(get, &waker).is_pending());
            }
            shut_down(&queue);
            assert_eq!(count.woken(), 3);
            for get in &mut gets[..2] {
                assert_eq!(got(get), Poll::Ready(Err(ShutDown(()))));
            }
            drop(gets); // the third was woken, and has nothing to pass on
            assert_eq!(waiting(&queue), (0, 0));
        }
    });
}

/// AQ-08: putters that wait fail at once and give their items back, also one for which there was room.
#[test]
fn putters_wake() {
    bounded(|| {
        for shut_down in [Queue::shutdown, Queue::shutdown_immediate] {
            let queue = Queue::bounded(1);
            queue.put_nowait(0).unwrap();
            let (count, waker) = Count::new();
            let mut puts = [queue.put(1), queue.put(2), queue.put(3)];
            for put in &mut puts {
                assert!(poll(put, &waker).is_pending());
            }
            drop(queue.get_nowait().unwrap());
            assert_eq!(count.woken(), 1);
            shut_down(&queue);
            assert_eq!(count.woken(), 3);
            assert_eq!(look(&mut puts[0]), Poll::Ready(Err(ShutDown(1))));
            assert_eq!(look(&mut puts[2]), Poll::Ready(Err(ShutDown(3))));
            drop(puts);
            assert!(queue.is_empty() && waiting(&queue) == (0, 0));
        }
    });
}

/// AQ-08: a join wakes when an immediate shutdown drops all there is to wait for.
#[test]
fn joiners_wake() {
    bounded(|| {
        let queue = Queue::bounded(2);
        queue.put_nowait(1).unwrap();
        queue.put_nowait(2).unwrap();
        let (count, waker) = Count::new();
        let mut join = queue.join();
        assert!(poll(&mut join, &waker).is_pending());
        queue.shutdown();
        assert_eq!(count.woken(), 0);
        queue.shutdown_immediate();
        assert_eq!(count.woken(), 1);
        assert!(look(&mut join).is_ready());
    });
}

/// AQ-08: the last item is promised to a getter. Others fail when it has taken it; if it is dropped they get it.
#[test]
fn last_item_promised() {
    bounded(|| {
        for takes in [true, false] {
            let queue = Queue::bounded(1);
            let ((one, waker), (two, other)) = (Count::new(), Count::new());
            let (mut first, mut second) = (queue.get(), queue.get());
            assert!(poll(&mut first, &waker).is_pending());
            assert!(poll(&mut second, &other).is_pending());
            queue.put_nowait(1).unwrap();
            queue.shutdown();
            assert!(queue.get_nowait().unwrap_err().is_empty());
            assert_eq!((one.woken(), two.woken()), (1, 0));
            let left = match takes {
                true => {
                    assert_eq!(got(&mut first), Poll::Ready(Ok(1)));
                    Err(ShutDown(()))
                }
                false => {
                    drop(first);
                    Ok(1)
                }
            };
            assert_eq!(two.woken(), 1);
            assert_eq!(got(&mut second), Poll::Ready(left));
        }
    });
}

/// AQ-08: a getter that was woken for an item that an immediate shutdown drops. Its end passes nothing on.
#[test]
fn promised_item_dropped() {
    bounded(|| {
        for polled in [true, false] {
            let queue = Queue::bounded(1);
            let mut get = queue.get();
            assert!(look(&mut get).is_pending());
            queue.put_nowait(1).unwrap();
            queue.shutdown_immediate();
            if polled {
                assert_eq!(got(&mut get), Poll::Ready(Err(ShutDown(()))));
            }
            drop(get);
            assert!(queue.is_empty() && look(&mut queue.join()).is_ready());
        }
    });
}

/// AQ-09 in the form it has here: there is one kind of handle. While one is there items are kept; with the last
/// one they are dropped, once each. Who has only a token keeps nothing from being used.
#[test]
fn last_handle() {
    bounded(|| {
        let (queue, items) = (Queue::bounded(3), [(); 3].map(Arc::new));
        for item in &items {
            queue.put_nowait(item.clone()).unwrap();
        }
        let other = queue.clone();
        drop(queue);
        let taken = other.get_nowait().unwrap();
        assert_eq!(items.each_ref().map(Arc::strong_count), [2, 2, 2]);
        drop(other);
        let (value, token) = taken.into_parts();
        drop(value);
        assert_eq!(Arc::strong_count(&items[0]), 1);
        drop(token);
        assert_eq!(items.each_ref().map(Arc::strong_count), [1, 1, 1]);
    });
}

/// AQ-09: producers that shut down at their end: the consumer takes the rest, and sees the end.
#[test]
fn the_rest_then_the_end() {
    on_both(|| async {
        let queue = Queue::bounded(3);
        let producer = tokio::spawn({
            let queue = queue.clone();
            async move {
                for i in 0..10 {
                    queue.put(i).await.unwrap();
                }
                queue.shutdown();
            }
        });
        let mut items = Vec::new();
        while let Ok(item) = queue.get().await {
            items.push(*item);
        }
        producer.await.unwrap();
        assert!(items.into_iter().eq(0..10));
        assert!(drain(&queue).is_empty());
    });
}
