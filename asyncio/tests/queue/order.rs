//! What comes out, in which order, and when it waits.

use std::task::Poll;

use asyncio::queue::{GetNowaitError, PutNowaitError, Queue};
use tokio::task::yield_now;

use crate::{bounded, drain, got, look, on_both};

/// AQ-01: first in, first out; last in, first out; the least first, and of equals the first.
#[test]
fn kinds() {
    let fill = |queue: Queue<(i32, char)>| {
        for item in [(2, 'a'), (3, 'b'), (1, 'c'), (2, 'd')] {
            queue.put_nowait(item).unwrap();
        }
        let items = drain(&queue).into_iter();
        items.map(|(_, name)| name).collect::<String>()
    };
    assert_eq!(fill(Queue::unbounded()), "abcd");
    assert_eq!(fill(Queue::bounded(4)), "abcd");
    assert_eq!(fill(Queue::lifo(Some(4))), "dcba");
    assert_eq!(fill(Queue::lifo(None)), "dcba");
    assert_eq!(fill(Queue::priority(None)), "cadb");
    assert_eq!(fill(Queue::priority(Some(4))), "cadb");
}

/// AQ-01: of equals the one that was put first comes first.
#[test]
fn equals_keep_their_order() {
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    struct Same;
    struct Named(Same, usize);
    impl PartialEq for Named {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Named {}
    impl PartialOrd for Named {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Named {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }
    let queue = Queue::priority(None);
    for number in 0..100 {
        queue.put_nowait(Named(Same, number)).unwrap();
    }
    let numbers = drain(&queue).into_iter().map(|named| named.1);
    assert!(numbers.eq(0..100));
}

/// AQ-01: the counts tell the truth; a put waits at the limit, and goes on when there is room.
#[test]
fn limit() {
    on_both(|| async {
        let queue = Queue::bounded(2);
        assert!(queue.is_empty() && !queue.is_full() && queue.capacity() == Some(2));
        queue.put(1).await.unwrap();
        assert!(!queue.is_empty() && !queue.is_full() && queue.len() == 1);
        queue.put(2).await.unwrap();
        assert!(queue.is_full() && queue.len() == 2);
        let third = tokio::spawn({
            let queue = queue.clone();
            async move { queue.put(3).await }
        });
        while crate::waiting(&queue) != (0, 1) {
            yield_now().await;
        }
        assert!(!third.is_finished());
        assert_eq!(*queue.get().await.unwrap(), 1);
        third.await.unwrap().unwrap();
        assert_eq!(*queue.get().await.unwrap(), 2);
        assert_eq!(*queue.get().await.unwrap(), 3);
        assert!(queue.is_empty());
    });
}

/// AQ-01: without a limit a put never waits, and it is never full.
#[test]
fn no_limit() {
    bounded(|| {
        let queue = Queue::unbounded();
        assert_eq!(queue.capacity(), None);
        for i in 0..100 {
            assert!(look(&mut queue.put(i)).is_ready());
        }
        assert!(!queue.is_full() && queue.len() == 100);
    });
}

/// Room for nothing is refused.
#[test]
#[should_panic(expected = "a queue with room for nothing")]
fn no_room() {
    Queue::<()>::bounded(0);
}

/// AQ-02: what cannot be done without a wait is an error, and gives the item back.
#[test]
fn nowait() {
    let queue = Queue::bounded(1);
    assert_eq!(queue.get_nowait().unwrap_err(), GetNowaitError::Empty);
    queue.put_nowait("a").unwrap();
    let error = queue.put_nowait("b").unwrap_err();
    assert!(error.is_full() && !error.is_shut_down());
    assert_eq!(error.to_string(), "the queue is full");
    assert_eq!(error.into_item(), "b");
    assert_eq!(*queue.get_nowait().unwrap(), "a");

    queue.put_nowait("c").unwrap();
    queue.shutdown();
    assert_eq!(queue.put_nowait("d"), Err(PutNowaitError::ShutDown("d")));
    assert_eq!(*queue.get_nowait().unwrap(), "c");
    let error = queue.get_nowait().unwrap_err();
    assert!(error.is_shut_down() && !error.is_empty());
    assert_eq!(error.to_string(), "the queue was shut down");
}

/// AQ-07: a limit of one, and both sides wait time and again.
#[test]
fn limit_of_one() {
    on_both(|| async {
        let queue = Queue::bounded(1);
        let producer = tokio::spawn({
            let queue = queue.clone();
            async move {
                for i in 0..1000 {
                    queue.put(i).await.unwrap();
                }
            }
        });
        for i in 0..1000 {
            assert_eq!(*queue.get().await.unwrap(), i);
        }
        producer.await.unwrap();
    });
}

/// AQ-10: the producer is never further ahead than the limit, not even with a consumer that waits.
#[test]
fn back_pressure() {
    bounded(|| {
        let queue = Queue::bounded(3);
        let mut put = 0;
        let mut fill = || {
            while look(&mut queue.put(put)).is_ready() {
                put += 1;
            }
            put
        };
        assert_eq!(fill(), 3);
        for taken in 1..=10 {
            assert_eq!(*queue.get_nowait().unwrap(), taken - 1);
            assert_eq!(fill(), taken + 3);
        }
        assert_eq!(drain(&queue), [10, 11, 12]);
        let mut waits = queue.get();
        assert_eq!(got(&mut waits), Poll::Pending);
        assert_eq!(fill(), 16); // what the consumer is promised it has not taken
        assert_eq!(got(&mut waits), Poll::Ready(Ok(13)));
        assert_eq!(fill(), 17);
    });
}
