//! Four producers and four consumers on four threads, and whoever can be given up is, at random.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use asyncio::queue::Queue;
use tokio::runtime::Builder;
use tokio::task::yield_now;

use crate::bounded;

const SIDES: usize = 4;
const ITEMS: usize = 2000;

/// Which producer's, and its number there.
type Job = (usize, usize);

/// Numbers that look random (xorshift).
struct Dice(u64);

impl Dice {
    fn new(seed: usize) -> Self {
        Self((seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    /// Is over after a few rounds of the runtime.
    async fn a_moment(&mut self) {
        for _ in 0..self.below(4) {
            yield_now().await;
        }
    }
}

/// Puts its items in order; one that was given up is put again.
async fn producer(queue: Queue<Job>, who: usize) {
    let mut dice = Dice::new(who);
    for number in 0..ITEMS {
        let mut item = Some((who, number));
        while let Some(job) = item.take() {
            let mut put = queue.put(job);
            tokio::select! {
                done = &mut put => done.expect("not shut down yet"),
                () = dice.a_moment() => item = put.into_item(),
            }
        }
    }
}

/// Gets until the end, and notes what it got. It is aborted now and then, while it waits or just before.
async fn consumer(queue: Queue<Job>, notes: Arc<Mutex<Vec<Job>>>, seed: usize) {
    let mut dice = Dice::new(seed);
    loop {
        let item = tokio::select! {
            item = queue.get() => item,
            () = dice.a_moment() => continue,
        };
        match item {
            Ok(item) => notes.lock().unwrap().push(*item), // no await since: it cannot be aborted in between
            Err(_) => return,
        }
        if dice.below(8) == 0 {
            dice.a_moment().await;
        }
    }
}

/// Has a consumer run and be aborted, again and again until it sees the end.
async fn employer(queue: Queue<Job>, seed: usize) -> Vec<Job> {
    let (notes, mut dice) = (Arc::default(), Dice::new(seed));
    for round in 0.. {
        let seed = seed * 1000 + round;
        let hired = tokio::spawn(consumer(queue.clone(), Arc::clone(&notes), seed));
        for _ in 0..dice.below(200) {
            yield_now().await;
        }
        hired.abort();
        match hired.await {
            Ok(()) => break,
            Err(error) => assert!(error.is_cancelled(), "{error}"),
        }
        // One more that is aborted before it has run.
        let unlucky = tokio::spawn(consumer(queue.clone(), Arc::clone(&notes), seed));
        unlucky.abort();
        let _ = unlucky.await;
    }
    Arc::into_inner(notes).unwrap().into_inner().unwrap()
}

/// AQ-03, AQ-04, AQ-05, A02: every item arrives once, those of one producer in order at each consumer, nobody is
/// left waiting, and the queue is as new afterwards.
#[test]
fn everything_arrives_once() {
    for (capacity, workers) in [(1, 4), (3, 4), (64, 4), (1, 1), (3, 1)] {
        bounded(move || {
            let runtime = Builder::new_multi_thread().worker_threads(workers).build();
            runtime.unwrap().block_on(async {
                let queue = Queue::bounded(capacity);
                let start = |who| tokio::spawn(producer(queue.clone(), who));
                let producers: Vec<_> = (0..SIDES).map(start).collect();
                let start = |seed| tokio::spawn(employer(queue.clone(), seed));
                let consumers: Vec<_> = (SIDES..2 * SIDES).map(start).collect();
                for producer in producers {
                    producer.await.unwrap();
                }
                queue.join().await;
                assert_eq!(crate::waiting(&queue).1, 0);
                queue.shutdown();
                let mut all = BTreeSet::new();
                for consumer in consumers {
                    let mut last = [None; SIDES];
                    for (who, number) in consumer.await.unwrap() {
                        assert!(last[who].replace(number) < Some(number), "out of order");
                        assert!(all.insert((who, number)), "it came twice");
                    }
                }
                assert_eq!(all.len(), SIDES * ITEMS);
                assert_eq!((queue.len(), crate::waiting(&queue)), (0, (0, 0)));
            });
        });
    }
}
