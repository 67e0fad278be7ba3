//! What fails, fails alone.

use std::process;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use multiprocess::fork::ForkError;
use multiprocess::pool::{BuildError, Pool, TaskError};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a value does when it is encoded or decoded.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Good,
    EncodeFails,
    EncodePanics,
    DecodeFails,
    DecodePanics,
}
use Mood::{DecodeFails, DecodePanics, EncodeFails, EncodePanics, Good};

use crate::workers::{board, pid, square, wait_for, workers};

impl Serialize for Mood {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            EncodeFails => Err(S::Error::custom("injected")),
            EncodePanics => panic!("injected"),
            Good => serializer.serialize_u8(0),
            DecodeFails => serializer.serialize_u8(1),
            DecodePanics => serializer.serialize_u8(2),
        }
    }
}

impl<'de> Deserialize<'de> for Mood {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            0 => Ok(Good),
            1 => Err(D::Error::custom("injected")),
            _ => panic!("injected"),
        }
    }
}

fn good(_: Mood) -> i64 {
    1
}

fn mood(n: i64) -> Mood {
    [Good, EncodeFails, EncodePanics, DecodeFails, DecodePanics][n as usize]
}

/// PL-07: a task's own error comes as it is; a panic with its text and its place.
pub fn an_error_keeps_its_kind_and_a_panic_its_message() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Refusal {
        Odd { number: i64 },
    }
    let pool = Pool::new(2).expect("a pool");
    let half = |number: i64| match number % 2 {
        0 => Ok(number / 2),
        _ => Err(Refusal::Odd { number }),
    };
    let halves = pool.map(half, [2, 3]).expect("no task failed");
    assert_eq!(halves, [Ok(1), Err(Refusal::Odd { number: 3 })]);

    let division = pool
        .map(|n: i64| 10 / n, [1, 0, 2])
        .expect_err("a division by zero");
    let TaskError::Panicked { message, place } = &division else {
        panic!("{division:?}");
    };
    assert_eq!(message, "attempt to divide by zero");
    assert!(place.contains("errors.rs:"), "{place}");
    assert!(division.to_string().contains(message));
    let error = pool
        .apply(|| -> () { std::panic::panic_any(5_u8) }, ())
        .expect_err("a panic");
    assert!(
        matches!(error, TaskError::Panicked { message, .. } if message == "a value that is no text")
    );

    // Of several, the first one's, and the items beside it were run.
    let results: Vec<_> = pool
        .imap_chunked(|n: i64| 10 / n, [0, 5, 0, 10], 4)
        .collect();
    let good: Vec<_> = results.into_iter().map(Result::ok).collect();
    assert_eq!(good, [None, Some(2), None, Some(1)]);
}

/// P04, PL-08: an argument that cannot be encoded: that item's error, and 20 good tasks.
pub fn an_argument_that_cannot_be_encoded_fails_alone() {
    fails_alone(EncodeFails, EncodePanics);
}

/// P05: an argument that cannot be decoded.
pub fn an_argument_that_cannot_be_decoded_fails_alone() {
    fails_alone(DecodeFails, DecodePanics);
}

fn fails_alone(one: Mood, other: Mood) {
    let pool = Pool::new(2).expect("a pool");
    for bad in [one, other] {
        for size in [1, 3] {
            let results: Vec<_> = pool.imap_chunked(good, [Good, bad, Good], size).collect();
            assert_eq!((&results[0], &results[2]), (&Ok(1), &Ok(1)));
            assert!(
                matches!(&results[1], Err(TaskError::Argument(_))),
                "{results:?}"
            );
        }
        let error = pool.apply(good, (bad,)).expect_err("a bad argument");
        let TaskError::Argument(reason) = error else {
            panic!("{error:?}")
        };
        assert_eq!(
            reason.contains("panicked: injected"),
            bad == other,
            "{reason}"
        );
        assert_eq!(pool.map_chunked(good, [Good; 20], 1), Ok(vec![1; 20]));
    }
}

/// PL-08: twenty results that cannot be encoded: an error each, and the workers are the same.
pub fn a_result_that_cannot_be_encoded_loses_no_worker() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    let before = workers(&pool, 0);
    for bad in [1, 2] {
        let results: Vec<_> = pool.imap_chunked(mood, [bad; 20], 3).collect();
        assert_eq!(results.len(), 20);
        assert!(
            results
                .iter()
                .all(|result| matches!(result, Err(TaskError::Result(_))))
        );
    }
    assert_eq!(workers(&pool, 0), before);
}

/// P05, PL-09: results that cannot be decoded here.
pub fn a_result_that_cannot_be_decoded_fails_alone() {
    let pool = Pool::new(2).expect("a pool");
    for bad in [3, 4] {
        let results: Vec<_> = pool.imap_chunked(mood, [0, bad, 0], 3).collect();
        assert_eq!((&results[0], &results[2]), (&Ok(Good), &Ok(Good)));
        assert!(matches!(&results[1], Err(TaskError::Result(_))));
        let handle = pool.apply_async(mood, (bad,));
        handle.wait();
        assert!(matches!(handle.get(), Err(TaskError::Result(_))));
        assert_eq!(pool.map_chunked(mood, [0; 20], 1), Ok(vec![Good; 20]));
    }
}

/// P12, PL-13: two tasks that panic with 1 MiB each; close and join wait for both.
pub fn two_big_panics_do_not_hold_up_the_end() {
    let pool = Pool::new(2).expect("a pool");
    let task = |n: usize| -> i64 {
        // No message on stderr: it would be the whole text.
        std::panic::resume_unwind(Box::new("x".repeat(n)))
    };
    let handle = pool.map_chunked_async(task, [1 << 20; 2], 1);
    pool.close();
    assert_eq!(pool.join(), Ok(()));
    let error = handle.get().expect_err("two panics");
    assert!(matches!(error, TaskError::Panicked { message, .. } if message.len() == 1 << 20));
}

/// PL-10, PL-16: no workers, no tasks. (Negative numbers do not compile.) A big pool works.
pub fn settings_that_make_no_sense_are_refused() {
    assert!(matches!(Pool::new(0), Err(BuildError::NoWorkers)));
    let none = Pool::builder().workers(1).tasks_per_worker(0).build();
    assert!(matches!(none, Err(BuildError::NoTasks)));
    let pool = Pool::new(24).expect("a big pool");
    assert_eq!(
        pool.map_chunked(square, 0..200, 1).map(|all| all.len()),
        Ok(200)
    );
    drop(pool);
    let pool = Pool::builder()
        .build()
        .expect("as many as there are processors");
    assert_eq!(
        pool.apply(pid, (0,)).map(|pid| pid == process::id().into()),
        Ok(false)
    );
}

/// X01, R02: a fork beside threads is refused, and it is said why; a pool that is there works beside them.
pub fn threads_are_refused() {
    board(0);
    let pool = Pool::new(2).expect("a pool");
    let thread = thread::spawn(|| wait_for(0, 1));
    assert!(matches!(
        Pool::new(2),
        Err(BuildError::Fork(ForkError::Threads))
    ));
    assert_eq!(pool.map(square, 0..3), Ok(vec![0, 1, 4]));
    board(0).store(1, SeqCst);
    thread.join().expect("no panic");
    let second = Pool::new(2).expect("one thread again");
    assert_eq!(second.map(square, 0..3), pool.map(square, 0..3));
}
