//! One queue, mostly in one process.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::time::{Duration, Instant};

use multiprocess::queue::{Consumer, GetError, PutError, Queue};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::family::{Random, child, join};
use crate::support::{CEILING, eventually, wait_until_asleep};

const SHORT: Duration = Duration::from_millis(120);

/// MQ-01, MQ-04: each way to put and to get; the order; the length on the way, which is to be relied on only
/// while nobody else is at it (Q11).
pub fn all_ways_to_put_and_get() {
    let queue = Queue::bounded(3).unwrap();
    assert_eq!((queue.len(), queue.is_empty()), (0, true));
    queue.put(&"a".to_string()).unwrap();
    assert_eq!((queue.len(), queue.is_empty()), (1, false));
    queue.try_put(&"b".to_string()).unwrap();
    assert_eq!(queue.len(), 2);
    queue.put_timeout(&"c".to_string(), CEILING).unwrap();
    assert_eq!(queue.len(), 3);
    let clone = queue.clone();
    assert_eq!(clone.get().unwrap(), "a");
    assert_eq!(clone.try_get().unwrap(), "b");
    assert_eq!(queue.get_timeout(CEILING).unwrap(), "c");
    assert_eq!((clone.len(), clone.is_empty()), (0, true));

    type Record = (u8, Option<String>, BTreeMap<String, Vec<f64>>);
    let record: Record = (1, None, BTreeMap::from([("x".into(), vec![0.5, -1.0])]));
    let queue = Queue::unbounded().unwrap();
    for _ in 0..1000 {
        queue.put(&record).unwrap();
    }
    assert_eq!(queue.len(), 1000);
    let (producer, consumer) = queue.split();
    (0..1000).for_each(|_| assert_eq!(consumer.get().unwrap(), record));
    assert!(consumer.is_empty() && producer.is_empty());
}

/// MQ-02, MQ-09: full and empty at once, or after the time that was given and not before; and whoever
/// makes room or puts something in time is waited for.
pub fn full_and_empty() {
    let queue = Queue::bounded(2).unwrap();
    let after = |wait: &dyn Fn() -> bool| {
        let begin = Instant::now();
        assert!(wait());
        begin.elapsed()
    };
    assert!(queue.try_get().unwrap_err().is_empty());
    assert!(queue.get_timeout(Duration::ZERO).unwrap_err().is_empty());
    // A member that could put, so that waiting makes sense.
    let other = child(queue.clone(), |_queue| crate::family::forever());
    assert!(after(&|| queue.get_timeout(SHORT).unwrap_err().is_empty()) >= SHORT);

    (0..2).for_each(|i| queue.try_put(&i).unwrap());
    assert!(queue.try_put(&2).unwrap_err().is_full());
    assert!(queue.put_timeout(&2, Duration::ZERO).unwrap_err().is_full());
    assert!(after(&|| queue.put_timeout(&2, SHORT).unwrap_err().is_full()) >= SHORT);
    assert_eq!(queue.len(), 2);
    crate::family::kill(other);

    // A put that waits, released by a get; a get that waits, released by a put.
    let answer = Queue::bounded(1).unwrap();
    let other = child((queue.clone(), answer.clone()), |(queue, answer)| {
        queue.put_timeout(&2, CEILING).unwrap();
        assert_eq!(answer.get_timeout(CEILING).unwrap(), 3);
    });
    wait_until_asleep(other);
    assert_eq!(queue.get().unwrap(), 0);
    eventually("the other has put", || queue.len() == 2);
    assert_eq!([queue.get().unwrap(), queue.get().unwrap()], [1, 2]);
    wait_until_asleep(other);
    answer.put(&3).unwrap();
    join(other);
}

/// MQ-03: what the parent has done before the child starts is there, and what the child does arrives.
pub fn used_before_the_child_starts() {
    let queue = Queue::unbounded().unwrap();
    (0..3).for_each(|i| queue.put(&i).unwrap());
    assert_eq!(queue.get().unwrap(), 0);
    let other = child(queue.clone(), |queue| {
        assert_eq!([queue.get().unwrap(), queue.get().unwrap()], [1, 2]);
        queue.put(&3).unwrap();
    });
    join(other);
    assert_eq!(queue.get().unwrap(), 3);
    assert!(queue.is_empty());
}

/// Encodes if it is even, decodes if it is not a multiple of 4.
#[derive(Debug, PartialEq)]
struct Choosy(u32);

impl Serialize for Choosy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 2 == 1 {
            return Err(S::Error::custom("odd"));
        }
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Choosy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            number if number % 4 == 0 => Err(D::Error::custom("a multiple of 4")),
            number => Ok(Self(number)),
        }
    }
}

/// MQ-06: `put` says that an item cannot be encoded; it takes no room, also if a part of it could be,
/// and the next one arrives.
pub fn what_cannot_be_encoded() {
    let queue = Queue::bounded(1).unwrap();
    let long = |last| {
        (0..1000)
            .map(|_| Choosy(2))
            .chain([Choosy(last)])
            .collect::<Vec<_>>()
    };
    for _ in 0..3 {
        let error = queue.put(&long(1)).unwrap_err();
        assert!(matches!(error, PutError::Encode(_)));
        assert_eq!(queue.len(), 0);
    }
    queue.try_put(&long(6)).unwrap();
    assert_eq!(queue.try_get().unwrap(), long(6));
}

/// An item that cannot be decoded is lost, and no other one.
pub fn what_cannot_be_decoded() {
    let queue = Queue::bounded(3).unwrap();
    for number in [2, 4, 6] {
        queue.put(&Choosy(number)).unwrap();
    }
    assert_eq!(queue.get().unwrap(), Choosy(2));
    let error = queue.get().unwrap_err();
    assert!(matches!(error, GetError::Decode(_)));
    assert_eq!((queue.len(), queue.get().unwrap()), (1, Choosy(6)));
}

/// MQ-08: closed for every process; what was put before is still there; closing twice is fine.
pub fn closed() {
    let queue = Queue::bounded(2).unwrap();
    queue.put(&1).unwrap();
    queue.put(&2).unwrap();
    join(child(queue.clone(), |queue| queue.close()));
    queue.close();
    assert!(queue.is_closed());
    assert!(queue.put(&3).unwrap_err().is_closed());
    assert!(queue.try_put(&3).unwrap_err().is_closed());
    assert!(queue.put_timeout(&3, CEILING).unwrap_err().is_closed());
    assert_eq!((queue.len(), queue.get().unwrap()), (2, 1));
    join(child(queue.clone(), |queue| {
        assert_eq!(queue.get().unwrap(), 2);
        assert!(queue.get().unwrap_err().is_closed());
    }));
    assert!(queue.try_get().unwrap_err().is_closed());
    assert!(queue.get_timeout(CEILING).unwrap_err().is_closed());
    assert!(queue.is_empty());
}

/// MQ-08: who waits for an item, or for room, is told.
pub fn closing_wakes_who_waits() {
    let [empty, full] = [(); 2].map(|()| Queue::<i32>::bounded(1).unwrap());
    full.put(&1).unwrap();
    let reader = child(empty.clone(), |empty| {
        assert!(empty.get().unwrap_err().is_closed());
    });
    let writer = child(full.clone(), |full| {
        assert!(full.put(&2).unwrap_err().is_closed());
    });
    [reader, writer].into_iter().for_each(wait_until_asleep);
    empty.close();
    full.close();
    [reader, writer].into_iter().for_each(join);
    assert_eq!(full.get().unwrap(), 1);
}

/// MQ-14: items of no byte, of one, around the size of a chunk of memory, of 16 MiB; by serde, and as
/// bytes.
pub fn sizes() {
    let queue = Queue::<()>::bounded(4).unwrap();
    (0..3).for_each(|_| queue.put(&()).unwrap());
    assert_eq!(queue.len(), 3);
    (0..3).for_each(|_| queue.get().unwrap());
    assert!(queue.try_get().unwrap_err().is_empty());

    let queue = Queue::<[u8]>::unbounded().unwrap();
    let chunk = 64 * 1024;
    let around = |size: usize| size.saturating_sub(17)..=size + 17;
    let sizes = [0, 120, chunk, 2 * chunk].into_iter().flat_map(around);
    let sizes: Vec<_> = sizes.chain([1 << 20, 16 << 20]).collect();
    let bytes = |len: usize| (0..len).map(|i| (i ^ len) as u8).collect::<Vec<_>>();
    for &size in &sizes {
        queue.put(&bytes(size)).unwrap();
    }
    let other = child(queue.clone(), |queue| {
        for &size in &sizes {
            assert!(queue.get().unwrap() == bytes(size), "{size}");
        }
    });
    join(other);

    let queue = Queue::bounded(1).unwrap();
    let text = "ü".repeat(8 << 20);
    let other = child(queue.clone().into_producer(), |queue| {
        queue.put(&text).unwrap()
    });
    assert!(queue.get().unwrap() == text);
    join(other);
}

/// A queue has room for something.
pub fn no_capacity() {
    let error = Queue::<i32>::bounded(0).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

/// Gigabytes go through a queue that never has more than 4 MiB in it, and it takes that and 4 MiB more.
pub fn memory_is_used_again() {
    let queue = Queue::<[u8]>::unbounded().unwrap();
    let megabyte = vec![1; 1 << 20];
    (0..3).for_each(|_| queue.put(&megabyte).unwrap());
    for _ in 0..1500 {
        queue.put(&megabyte).unwrap();
        assert_eq!(queue.get().unwrap().len(), megabyte.len());
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("RssShmem:"))
        .unwrap();
    let kilobytes: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!((3 << 10..10 << 10).contains(&kilobytes), "{line}");
}

/// Where a process may not have many addresses a queue is smaller. An item that can never fit is an
/// error, one that does not fit now has to wait; and every byte can be used, over and over.
pub fn little_memory() {
    let limit = libc::rlimit {
        rlim_cur: 400 << 20,
        rlim_max: 400 << 20,
    };
    // SAFETY: it reads the limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
    let queue = Queue::<[u8]>::unbounded().unwrap();
    let megabyte = vec![7; 1 << 20];
    let error = queue.try_put(&vec![0; 64 << 20]).unwrap_err();
    assert!(matches!(error, PutError::TooLarge(len) if len == 64 << 20));
    assert_eq!(queue.len(), 0);
    let mut fits = 0;
    while queue.try_put(&megabyte).is_ok() {
        fits += 1;
    }
    assert_eq!(fits, 63);
    assert!(queue.try_put(&megabyte).unwrap_err().is_full());

    let mut random = Random::new();
    let mut model: VecDeque<_> = (0..fits).map(|_| megabyte.clone()).collect();
    for number in 0..3000 {
        let item = vec![number as u8; random.below(4 << 20)];
        while let Err(error) = queue.try_put(&item) {
            assert!(error.is_full());
            assert!(Some(queue.try_get().unwrap()) == model.pop_front());
        }
        model.push_back(item);
    }
    while let Ok(item) = queue.try_get() {
        assert!(Some(item) == model.pop_front());
    }
    assert!(model.is_empty());
    let most = vec![1; (64 << 20) - (64 << 10) - 8];
    queue.try_put(&most).unwrap();
    assert!(queue.try_put(&[]).unwrap_err().is_full());
    assert!(queue.get().unwrap() == most);
}

/// Against a `VecDeque`, with random operations: the items, the order, the length, full and empty.
pub fn against_a_model() {
    let mut random = Random::new();
    for capacity in [1, 2, 3, 7, 100, usize::MAX] {
        let queue = Queue::<[u8]>::bounded(capacity).unwrap();
        let consumer: Consumer<[u8]> = queue.clone().into_consumer();
        let mut model = VecDeque::new();
        let largest = [10, 1000, 300_000][random.below(3)];
        for number in 0..4000 {
            // In turns mostly in and mostly out, so that it grows, and is empty, again and again.
            let puts = random.below(8) < if number / 500 % 2 == 0 { 5 } else { 3 };
            if puts && model.iter().map(Vec::len).sum::<usize>() < 64 << 20 {
                let item = vec![number as u8; random.below(largest)];
                match queue.try_put(&item) {
                    Ok(()) => model.push_back(item),
                    Err(error) => assert!(error.is_full() && model.len() == capacity),
                }
                assert!(model.len() <= capacity);
            } else {
                match consumer.try_get() {
                    Ok(item) => assert!(Some(item) == model.pop_front()),
                    Err(error) => assert!(error.is_empty() && model.is_empty()),
                }
            }
            assert_eq!(queue.len(), model.len());
        }
        queue.close();
        while let Ok(item) = queue.get() {
            assert!(Some(item) == model.pop_front());
        }
        assert!(model.is_empty());
    }
}
