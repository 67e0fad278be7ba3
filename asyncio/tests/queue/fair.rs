//! First come, first served; and nobody is kept out for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use asyncio::queue::{GetNowaitError, PutNowaitError, Queue};
use tokio::runtime::Builder;

use crate::{Count, bounded, got, look, poll};

/// Getters are woken in the order in which they came, one for an item.
#[test]
fn getters_in_order() {
    bounded(|| {
        let queue = Queue::bounded(3);
        let wakers: Vec<_> = (0..3).map(|_| Count::new()).collect();
        let mut gets: Vec<_> = (0..3).map(|_| queue.get()).collect();
        for (get, (_, waker)) in gets.iter_mut().zip(&wakers) {
            assert!(poll(get, waker).is_pending());
        }
        for i in 0..3 {
            queue.put_nowait(i).unwrap();
            let woken: Vec<_> = wakers.iter().map(|(count, _)| count.woken()).collect();
            assert_eq!(woken.iter().sum::<usize>(), i + 1);
            assert_eq!(woken[i], 1);
        }
        // The items keep their order, whoever comes for one first.
        assert_eq!(got(&mut gets[2]), Poll::Ready(Ok(0)));
        assert_eq!(got(&mut gets[0]), Poll::Ready(Ok(1)));
        assert_eq!(got(&mut gets[1]), Poll::Ready(Ok(2)));
    });
}

/// No newcomer takes an item that a woken getter has not come for yet, with a wait or without.
#[test]
fn nobody_overtakes_a_getter() {
    bounded(|| {
        let queue = Queue::bounded(2);
        let (mut first, mut newcomer) = (queue.get(), queue.get());
        assert!(look(&mut first).is_pending());
        queue.put_nowait(1).unwrap();
        assert_eq!(queue.len(), 1);
        assert_eq!(queue.get_nowait().unwrap_err(), GetNowaitError::Empty);
        assert!(look(&mut newcomer).is_pending());
        queue.put_nowait(2).unwrap();
        assert_eq!(got(&mut first), Poll::Ready(Ok(1)));
        assert_eq!(got(&mut newcomer), Poll::Ready(Ok(2)));
    });
}

/// No newcomer takes room that a woken putter has not come for yet, with a wait or without.
#[test]
fn nobody_overtakes_a_putter() {
    bounded(|| {
        let queue = Queue::bounded(1);
        queue.put_nowait(0).unwrap();
        let (mut first, mut newcomer) = (queue.put(1), queue.put(2));
        assert!(look(&mut first).is_pending());
        drop(queue.get_nowait().unwrap());
        assert!(queue.is_empty());
        assert_eq!(queue.put_nowait(3), Err(PutNowaitError::Full(3)));
        assert!(look(&mut newcomer).is_pending());
        assert_eq!(look(&mut first), Poll::Ready(Ok(())));
        assert!(look(&mut newcomer).is_pending());
        assert_eq!(*queue.get_nowait().unwrap(), 1);
        assert_eq!(look(&mut newcomer), Poll::Ready(Ok(())));
        assert_eq!(*queue.get_nowait().unwrap(), 2);
    });
}

/// A task that finds its queue ready for ever lets another one run, on a runtime of one thread; so it does with
/// two queues in turn, and with joins.
#[test]
fn a_busy_task_lets_others_run() {
    bounded(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        for queues in [1, 2] {
            let stop = Arc::new(AtomicBool::new(false));
            let seen = stop.clone();
            let busy = runtime.spawn(async move {
                let queues: Vec<_> = (0..queues).map(|_| Queue::bounded(2)).collect();
                for queue in queues.iter().cycle() {
                    queue.put(1).await.unwrap();
                    queue.get().await.unwrap().task_done();
                    queue.join().await;
                    if seen.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
            runtime.block_on(async {
                let other = tokio::spawn(async move { stop.store(true, Ordering::Relaxed) });
                other.await.unwrap();
                busy.await.unwrap();
            });
        }
    });
}

/// One future is put off once at most, however many others begin between its polls; put off, it has woken its
/// task and has done nothing.
#[test]
fn put_off_once() {
    bounded(|| {
        let queue = Queue::bounded(1);
        let (count, waker) = Count::new();
        let mut puts = 0;
        let mut put_off = loop {
            let mut put = queue.put(puts);
            if poll(&mut put, &waker).is_pending() {
                break put;
            }
            puts += 1;
            drop(queue.get_nowait().unwrap());
        };
        assert_eq!((puts, count.woken()), (128, 1));
        assert!(queue.is_empty());
        for _ in 0..128 {
            assert!(look(&mut queue.join()).is_ready());
        }
        assert_eq!(look(&mut put_off), Poll::Ready(Ok(())));
        let mut next = queue.get();
        assert!(poll(&mut next, &waker).is_pending());
        drop(next); // it has no place to give up
        assert_eq!(*queue.get_nowait().unwrap(), 128);
        assert_eq!(count.woken(), 2);
    });
}
