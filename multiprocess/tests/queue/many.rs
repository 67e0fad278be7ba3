//! Several producers and consumers at once.

use std::collections::BTreeMap;

use multiprocess::queue::{Consumer, Producer, Queue};

use crate::family::{Random, child, join};

/// MQ-15: four and four, ten thousand items: each once, and those of a producer in their order at each
/// consumer.
pub fn four_producers_and_four_consumers() {
    for capacity in [1, 16, usize::MAX] {
        run(capacity, 10_000 / 4, |_| 0);
    }
}

/// The same with items from nothing to some chunks of memory.
pub fn large_items_of_many() {
    let mut random = Random::new();
    let sizes: Vec<_> = (0..97).map(|_| random.below(200_000)).collect();
    run(5, 500, |number| sizes[number as usize % sizes.len()]);
}

type Item = (u32, u32, String);

fn run(capacity: usize, each: u32, size: impl Fn(u32) -> usize) {
    let (producer, consumer) = Queue::bounded(capacity).unwrap().split();
    let (reporter, reports) = Queue::unbounded().unwrap().split();
    let text = |from: u32, number: u32| {
        let letter = char::from(b'a' + ((from + number) % 26) as u8);
        letter.to_string().repeat(size(number))
    };
    let producers = [0, 1, 2, 3].map(|from| {
        child(producer.clone(), |producer: Producer<Item>| {
            for number in 0..each {
                producer.put(&(from, number, text(from, number))).unwrap();
            }
        })
    });
    let consumers = [(); 4].map(|()| {
        let handles = (consumer.clone(), reporter.clone());
        child(handles, |(consumer, reporter): (Consumer<Item>, _)| {
            let mut seen = Vec::new();
            let mut last = BTreeMap::new();
            let end = loop {
                match consumer.get() {
                    Ok((from, number, got)) => {
                        assert!(got == text(from, number), "torn");
                        let before = last.insert(from, number);
                        assert!(before < Some(number), "{from}: {before:?}, {number}");
                        seen.push((from, number));
                    }
                    Err(error) => break error,
                }
            };
            assert!(end.is_disconnected(), "{end}");
            reporter.put(&seen).unwrap();
        })
    });
    drop((producer, consumer, reporter));
    producers.into_iter().for_each(join);
    let mut all = Vec::new();
    for _ in consumers {
        all.extend(reports.get().unwrap());
    }
    consumers.into_iter().for_each(join);
    assert!(reports.get().unwrap_err().is_disconnected());
    all.sort();
    let expected: Vec<_> = (0..4)
        .flat_map(|from| (0..each).map(move |i| (from, i)))
        .collect();
    assert!(all == expected, "{} of {}", all.len(), expected.len());
}
