//! First come, first served; nobody is kept out for ever; and nobody waits who need not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use asyncio::event_loop::EventLoop;
use asyncio::queue::{GetNowaitError, PutNowaitError, Queue};
use tokio::runtime::Builder;
use tokio::task::coop::has_budget_remaining;
use tokio::task::yield_now;

use crate::{Count, bounded, got, look, on_both, poll};

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

/// F20: what can be ready is ready at the first poll, as often as you like; without a runtime nothing limits it.
#[test]
fn ready_at_the_first_poll() {
    bounded(|| {
        let queue = Queue::bounded(1);
        for i in 0..1000 {
            assert_eq!(look(&mut queue.put(i)), Poll::Ready(Ok(())));
            assert_eq!(got(&mut queue.get()), Poll::Ready(Ok(i)));
            assert!(look(&mut queue.join()).is_ready());
        }
    });
}

/// F20: so it is in a task of tokio's while the task has some of its budget left; then it waits for one round of the
/// runtime, and has done nothing.
#[test]
fn put_off_when_the_budget_is_used_up() {
    on_both(|| async {
        let queue = Queue::bounded(2);
        let (mut gets, mut put_off) = (0, 0);
        while put_off < 10 {
            let had_budget = has_budget_remaining();
            let mut put = queue.put(gets);
            if look(&mut put).is_ready() {
                assert!(had_budget);
                assert_eq!(*queue.get_nowait().unwrap(), gets);
                gets += 1;
                continue;
            }
            assert!(!had_budget, "put {gets} is not ready");
            assert!(queue.is_empty() && crate::waiting(&queue) == (0, 0));
            yield_now().await;
            assert_eq!(look(&mut put), Poll::Ready(Ok(())));
            assert_eq!(*queue.get_nowait().unwrap(), gets);
            gets += 1;
            put_off += 1;
        }
    });
}

/// F20: a consumer that is asked to stop drains its queue first: `biased`, so that it stops when nothing is left.
#[test]
fn drained_before_the_stop() {
    on_both(|| async {
        let queue = Queue::unbounded();
        for i in 0..1000 {
            queue.put_nowait(i).unwrap();
        }
        loop {
            tokio::select! {
                biased;
                item = queue.get() => drop(item.unwrap()),
                () = std::future::ready(()) => break,
            }
        }
        assert_eq!(queue.len(), 0);
    });
}

/// F20: on the chapter's own loop there is no budget, and nothing yields that need not, as in Python.
#[test]
fn never_put_off_on_the_event_loop() {
    bounded(|| {
        let event_loop = EventLoop::new();
        let main = async {
            let queue = Queue::bounded(1);
            let other = event_loop.spawn(async {});
            for i in 0..1000 {
                queue.put(i).await.unwrap();
                queue.get().await.unwrap().task_done();
                queue.join().await;
            }
            other.is_finished()
        };
        assert_eq!(event_loop.run_until_complete(main), Ok(false));
    });
}
