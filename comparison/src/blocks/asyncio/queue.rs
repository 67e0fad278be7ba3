//! Messages from one task to another, on one thread.

use asyncio::queue::Queue;
use tokio::sync::mpsc;

use super::current_thread;
use crate::blocks::timed;

/// One task puts, another gets; each item counts as done as soon as it has been added.
pub(super) fn ours<const CAPACITY: usize>(times: u64) -> f64 {
    let main = async {
        let queue = Queue::bounded(CAPACITY);
        let all = queue.clone();
        let producer = tokio::spawn(async move {
            for n in 0..times {
                all.put(n).await.expect("it is not shut down yet");
            }
            all.shutdown();
        });
        let consumer = tokio::spawn(async move {
            let mut sum = 0;
            while let Ok(n) = queue.get().await {
                sum += *n;
            }
            sum
        });
        producer.await.expect("it does not panic");
        assert_eq!(consumer.await.ok(), Some(sum(times)));
    };
    let runtime = current_thread();
    timed(|| runtime.block_on(main))
}

/// It has no `task_done`, and ends when the sender is dropped.
pub(super) fn tokio_mpsc<const CAPACITY: usize>(times: u64) -> f64 {
    let main = async {
        let (sender, mut receiver) = mpsc::channel(CAPACITY);
        let producer = tokio::spawn(async move {
            for n in 0..times {
                sender.send(n).await.expect("the receiver is there");
            }
        });
        let consumer = tokio::spawn(async move {
            let mut sum = 0;
            while let Some(n) = receiver.recv().await {
                sum += n;
            }
            sum
        });
        producer.await.expect("it does not panic");
        assert_eq!(consumer.await.ok(), Some(sum(times)));
    };
    let runtime = current_thread();
    timed(|| runtime.block_on(main))
}

fn sum(times: u64) -> u64 {
    times * (times - 1) / 2
}
