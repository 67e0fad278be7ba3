//! Tasks that talk: chapter 5's `Queue`, and a counter in tokio's `Mutex`.
//!
//! Between two `await`s nobody else runs, so a counter needs no lock at all. It has one here for the case
//! that a lock is for: something is awaited while it is held.

use std::sync::Arc;

use anyhow::ensure;
use asyncio::queue::Queue;
use asyncio::run::run;
use asyncio::task::create_task;
use tokio::sync::Mutex;

use super::{Sample, Sizes};
use crate::models::meter::{rate, seconds_each};
use crate::models::talk::{CAPACITY, Counting, amounts, numbers};

pub(super) fn message(sizes: &Sizes) -> anyhow::Result<Sample> {
    let (count, over) = amounts(sizes)?;
    rate(count * over, || {
        run(async {
            let queue = Queue::bounded(CAPACITY);
            let there = queue.clone();
            let producer = create_task(async move {
                for number in numbers(count, over) {
                    there.put(number).await?;
                }
                anyhow::Ok(())
            });
            let mut sum = 0;
            for number in numbers(count, over) {
                let received = queue.get().await?.into_inner();
                ensure!(received == number, "{received} came in place of {number}");
                sum += received;
            }
            producer.await??;
            Ok(sum / over)
        })?
    })
}

pub(super) fn round_trip(sizes: &Sizes) -> anyhow::Result<Sample> {
    let (count, over) = amounts(sizes)?;
    seconds_each(count * over, || {
        run(async {
            let (there, back) = (Queue::<u64>::bounded(1), Queue::<u64>::bounded(1));
            let (requests, answers) = (there.clone(), back.clone());
            let echo = create_task(async move {
                for _ in 0..count * over {
                    let number = requests.get().await?.into_inner();
                    answers.put(number + 1).await?;
                }
                anyhow::Ok(())
            });
            let mut sum = 0;
            for number in numbers(count, over) {
                there.put(number).await?;
                let answer = back.get().await?.into_inner();
                ensure!(answer == number + 1, "{answer} is no answer to {number}");
                sum += answer;
            }
            echo.await??;
            Ok(sum / over)
        })?
    })
}

pub(super) fn counter(sizes: &Sizes) -> anyhow::Result<Sample> {
    let counting = Counting::of(sizes)?;
    seconds_each(counting.all(), || {
        run(async {
            let counter = Arc::new(Mutex::new(0));
            let start = |_| {
                let (counter, steps) = (Arc::clone(&counter), counting.steps);
                create_task(async move {
                    for _ in 0..steps {
                        *counter.lock().await += 1;
                    }
                })
            };
            let tasks: Vec<_> = (0..counting.units).map(start).collect();
            for task in tasks {
                task.await?;
            }
            let count = *counter.lock().await;
            counting.counted(count)
        })?
    })
}
