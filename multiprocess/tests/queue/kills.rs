//! Processes killed at random, hundreds of times.
//!
//! What each item came to is noted in shared memory, which outlives whoever is killed. A producer notes
//! an item before it puts it, and again afterwards; a consumer when it has it.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use multiprocess::queue::{Consumer, Producer, Queue};
use multiprocess::shared_memory::SharedMemory;
use nix::unistd::Pid;

use crate::family::{Random, child, forever, kill};
use crate::support::{CEILING, eventually};

/// The number of its producer, its own number, and bytes that show whether it is whole.
type Item = (u32, u32, Vec<u32>);

/// How many processes of each kind there are at a time.
const EACH: usize = 2;

/// How many are killed.
const KILLS: usize = 400;

/// How many items can be noted; when there are no more, the producers end.
const ITEMS: usize = 4 << 20;

const BEGUN: u8 = 1;
const PUT: u8 = 2;
const GOT: u8 = 4;

struct Notes(SharedMemory);

impl Notes {
    fn new() -> Self {
        Self(SharedMemory::zeroed(4 + ITEMS).unwrap())
    }

    fn next(&self) -> u32 {
        // SAFETY: it begins at a page and is only used as this.
        let next: &AtomicU32 = unsafe { self.0.start().cast().as_ref() };
        next.fetch_add(1, Ordering::SeqCst)
    }

    fn of(&self, item: u32) -> &AtomicU8 {
        assert!((item as usize) < ITEMS, "torn");
        // SAFETY: it is inside, after the counter, and only used as this.
        unsafe { self.0.start().add(4 + item as usize).cast().as_ref() }
    }

    fn add(&self, item: u32, what: u8) -> u8 {
        self.of(item).fetch_or(what, Ordering::SeqCst)
    }
}

fn words(item: u32, most: usize) -> Vec<u32> {
    let len = (item as usize).wrapping_mul(7919) % most;
    vec![item.wrapping_mul(2_654_435_761); len]
}

pub fn small_items_and_little_room() {
    run(3, 8);
}

pub fn small_items_and_much_room() {
    run(1000, 8);
}

pub fn large_items() {
    run(4, 60_000);
}

/// MQ-10, MQ-11: nothing is torn, doubled or lost but what a killed consumer had in its hand, what comes
/// from one producer to one consumer is in order, nobody hangs, and all the room is there afterwards.
fn run(capacity: usize, most: usize) {
    let mut random = Random::new();
    let notes = Notes::new();
    let (producer, consumer) = Queue::bounded(capacity).unwrap().split();
    let produce = |producer: Producer<Item>, me: u32| {
        loop {
            let item = notes.next();
            if item as usize >= ITEMS {
                forever(); // nothing more can be noted
            }
            notes.add(item, BEGUN);
            match producer.put(&(me, item, words(item, most))) {
                Ok(()) => drop(notes.add(item, PUT)),
                Err(error) => panic!("{error}"),
            }
        }
    };
    let consume = |consumer: Consumer<Item>| {
        let mut last = std::collections::BTreeMap::new();
        loop {
            match consumer.get() {
                Ok((from, item, bytes)) => {
                    assert!(bytes == words(item, most), "torn");
                    assert_eq!(notes.add(item, GOT) & GOT, 0, "doubled");
                    assert!(last.insert(from, item) < Some(item), "not in order");
                }
                Err(error) => panic!("{error}"),
            }
        }
    };
    let mut count = 0;
    let mut start = |kind: usize| {
        count += 1;
        match kind {
            0 => child(producer.clone(), |producer| produce(producer, count)),
            _ => child(consumer.clone(), consume),
        }
    };
    let mut all: [Vec<Pid>; 2] = [0, 1].map(|kind| (0..EACH).map(|_| start(kind)).collect());
    let begin = Instant::now();
    let mut killed = [0, 0];
    while killed[0] + killed[1] < KILLS && begin.elapsed() < CEILING {
        // Not to wait for something: the moment of the kill is to be any.
        thread::sleep(Duration::from_micros(random.below(3000) as u64));
        let (kind, index) = (random.below(2), random.below(EACH));
        killed[kind] += usize::from(kill(all[kind][index]));
        all[kind][index] = start(kind);
    }
    assert!(killed[0] > 20 && killed[1] > 20, "{killed:?}");

    // Nobody hangs: those who are left put, and then empty the queue.
    let before = notes.next();
    eventually("somebody puts", || notes.next() > before + 20);
    let [producers, consumers] = all;
    producers.into_iter().for_each(|it| assert!(kill(it)));
    eventually("somebody gets", || consumer.is_empty());
    consumers.into_iter().for_each(|it| assert!(kill(it)));
    assert!(consumer.is_empty());
    // All the room is there.
    let item: Item = (0, 0, Vec::new());
    (0..capacity).for_each(|_| producer.try_put(&item).unwrap());
    assert!(producer.try_put(&item).unwrap_err().is_full());

    let total = (notes.next() as usize).min(ITEMS) as u32;
    let lost =
        (0..total).filter(|&item| notes.of(item).load(Ordering::SeqCst) & (PUT | GOT) == PUT);
    let lost = lost.count();
    let got = (0..total).filter(|&item| notes.of(item).load(Ordering::SeqCst) & GOT != 0);
    println!(
        "killed {killed:?}, lost {lost}, got {} of {total}, {:?}",
        got.count(),
        begin.elapsed()
    );
    assert!(
        lost <= killed[1],
        "{lost} lost, {} consumers killed",
        killed[1]
    );
}
