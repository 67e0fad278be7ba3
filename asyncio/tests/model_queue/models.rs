//! What the queue promises, with two threads or three.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::block_on::block_on;
use crate::tasks::{Kind, once};

/// Gets one, and counts it as done.
fn take<K: Kind>(queue: &K) -> Option<u8> {
    block_on(queue.get()).map(|item| K::value(&item))
}

/// Runs `act` with the queue, in another thread.
fn beside<K: Kind, T: Send + 'static>(
    queue: &K,
    act: impl FnOnce(K) -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    let queue = queue.clone();
    thread::spawn(move || act(queue))
}

/// A limit of one: both sides may have to wait.
pub fn put_against_get<K: Kind>() {
    let queue = K::bounded(1);
    let producer = beside(&queue, |queue| {
        assert!(block_on(queue.put(1)) && block_on(queue.put(2)));
    });
    assert_eq!([take(&queue), take(&queue)], [Some(1), Some(2)]);
    producer.join().unwrap();
}

/// Two producers for one place, and one consumer. The outcome is whose item came first.
pub fn two_put_against_get<K: Kind>() -> u8 {
    let queue = K::bounded(1);
    let producers = [1, 2].map(|item| beside(&queue, move |queue| block_on(queue.put(item))));
    let [first, second] = [take(&queue), take(&queue)].map(Option::unwrap);
    assert_eq!(first + second, 3);
    for producer in producers {
        assert!(producer.join().unwrap());
    }
    first
}

/// A get is polled once and dropped while an item comes; another one waits. The outcome is whether the first was
/// fast enough to take the item.
pub fn dropped_get<K: Kind>() -> bool {
    let queue = K::bounded(1);
    let hasty = beside(&queue, |queue| once(&mut queue.get()).flatten().is_some());
    let other = beside(&queue, |queue| take(&queue));
    assert!(block_on(queue.put(1)));
    let taken = hasty.join().unwrap();
    if taken {
        assert!(block_on(queue.put(2)));
    }
    assert_eq!(other.join().unwrap(), Some(1 + u8::from(taken)));
    taken
}

/// The same, with a get that waits already: it may have been called by the time it is dropped.
pub fn dropped_get_later<K: Kind>() {
    let queue = K::bounded(1);
    let mut hasty = queue.get();
    assert!(once(&mut hasty).is_none());
    let other = beside(&queue, |queue| take(&queue));
    let producer = beside(&queue, |queue| block_on(queue.put(1)));
    drop(hasty);
    assert_eq!(other.join().unwrap(), Some(1));
    assert!(producer.join().unwrap());
}

/// A put is dropped while room comes; another one waits.
pub fn dropped_put<K: Kind>() {
    let queue = K::bounded(1);
    assert!(block_on(queue.put(0)));
    let mut hasty = queue.put(1);
    assert!(once(&mut hasty).is_none());
    let other = beside(&queue, |queue| block_on(queue.put(2)));
    let consumer = beside(&queue, |queue| [take(&queue), take(&queue)]);
    drop(hasty);
    assert!(other.join().unwrap());
    assert_eq!(consumer.join().unwrap(), [Some(0), Some(2)]);
}

/// A get waits, an item comes, and a newcomer tries to have it. The outcome is whether it did: if it was first.
pub fn newcomer<K: Kind>() -> bool {
    let queue = K::bounded(1);
    let waiting = beside(&queue, |queue| take(&queue));
    assert!(block_on(queue.put(1)));
    let taken = once(&mut queue.get()).flatten().is_some();
    if taken {
        assert!(block_on(queue.put(2)));
    }
    assert_eq!(waiting.join().unwrap(), Some(1 + u8::from(taken)));
    taken
}

/// A get goes from one task to another while its item comes.
pub fn moved<K: Kind>() -> bool {
    let queue = K::bounded(1);
    let producer = beside(&queue, |queue| assert!(block_on(queue.put(1))));
    let mut get = queue.get();
    let at_once = once(&mut get);
    let was_ready = at_once.is_some();
    let item = at_once.unwrap_or_else(|| block_on(get)).unwrap();
    assert_eq!(K::value(&item), 1);
    producer.join().unwrap();
    was_ready
}

/// A shutdown of either kind while two wait for an item.
pub fn shutdown_against_get<K: Kind, const IMMEDIATE: bool>() {
    let queue = K::bounded(1);
    let consumers = [(); 2].map(|()| beside(&queue, |queue| take(&queue)));
    queue.shutdown(IMMEDIATE);
    for consumer in consumers {
        assert_eq!(consumer.join().unwrap(), None);
    }
}

/// An item and a shutdown, while two wait. One gets it, the other sees the end.
pub fn last_item<K: Kind>() -> bool {
    let queue = K::bounded(1);
    let consumers = [(); 2].map(|()| beside(&queue, |queue| take(&queue)));
    assert!(block_on(queue.put(1)));
    queue.shutdown(false);
    let [first, second] = consumers.map(|consumer| consumer.join().unwrap());
    assert_eq!(first.or(second), Some(1));
    assert_ne!(first.is_some(), second.is_some());
    first.is_some()
}

/// A shutdown while a put waits, or has just been called. The outcome is whether it was put; if so, a graceful
/// shutdown leaves the item, and no other does.
pub fn shutdown_against_put<K: Kind, const IMMEDIATE: bool>() -> bool {
    let queue = K::bounded(1);
    assert!(block_on(queue.put(0)));
    let producer = beside(&queue, |queue| block_on(queue.put(1)));
    assert_eq!(take(&queue), Some(0));
    queue.shutdown(IMMEDIATE);
    let put = producer.join().unwrap();
    let left = take(&queue);
    assert_eq!(left, (put && !IMMEDIATE).then_some(1), "what is left");
    block_on(queue.join());
    put
}

/// A shutdown while a put waits for room that does not come.
pub fn shutdown_when_full<K: Kind, const IMMEDIATE: bool>() {
    let queue = K::bounded(1);
    assert!(block_on(queue.put(0)));
    let producers = [1, 2].map(|item| beside(&queue, move |queue| block_on(queue.put(item))));
    queue.shutdown(IMMEDIATE);
    for producer in producers {
        assert!(!producer.join().unwrap());
    }
    assert_eq!(take(&queue), (!IMMEDIATE).then_some(0));
}

/// A join waits for what was done with the item that was taken last, and sees it.
pub fn join_against_last<K: Kind>() {
    let queue = K::bounded(2);
    let done = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    assert!(block_on(queue.put(0)) && block_on(queue.put(1)));
    let workers = done.clone().map(|done| {
        beside(&queue, move |queue| {
            let item = block_on(queue.get());
            done.store(true, Ordering::Relaxed);
            drop(item);
        })
    });
    block_on(queue.join());
    for done in done {
        assert!(done.load(Ordering::Relaxed), "it is not done");
    }
    for worker in workers {
        worker.join().unwrap();
    }
}

/// A join while the only item is thrown away, or was taken before that.
pub fn join_against_shutdown<K: Kind>() -> bool {
    let queue = K::bounded(1);
    assert!(block_on(queue.put(1)));
    let worker = beside(&queue, |queue| take(&queue).is_some());
    let end = beside(&queue, |queue| queue.shutdown(true));
    block_on(queue.join());
    end.join().unwrap();
    worker.join().unwrap()
}
