//! Processes that talk: chapter 3's `Queue`, `Connection` and `Value`.

use anyhow::{Context, ensure};
use multiprocess::connection::{Connection, pipe};
use multiprocess::process::Process;
use multiprocess::queue::Queue;
use multiprocess::value::Value;

use super::{Sample, Sizes};
use crate::models::meter::{rate, seconds_each};
use crate::models::talk::{CAPACITY, Counting, amounts, answered, numbers, received};

fn joined(process: Process) -> anyhow::Result<()> {
    ensure!(process.join()? == 0, "a process failed");
    Ok(())
}

/// The sender is there before the time begins, and waits to be told.
pub(super) fn message(sizes: &Sizes) -> anyhow::Result<Sample> {
    let (count, over) = amounts(sizes)?;
    let queue = Queue::<u64>::bounded(CAPACITY)?;
    let go = Queue::<()>::bounded(1)?;
    let args = (queue.clone(), go.clone());
    let producer = Process::start(args, move |(queue, go)| -> anyhow::Result<()> {
        queue.put(&0)?;
        go.get()?;
        for number in numbers(count, over) {
            queue.put(&number)?;
        }
        Ok(())
    })?;
    queue.get()?;
    rate(count * over, || {
        go.put(&())?;
        let sum = received((count, over), || Ok(queue.get()?))?;
        joined(producer)?;
        Ok(sum)
    })
}

pub(super) fn round_trip(sizes: &Sizes) -> anyhow::Result<Sample> {
    let (count, over) = amounts(sizes)?;
    let (mut ours, theirs) = pipe()?;
    let all = count * over + 1;
    let echo = move |mut theirs: Connection| -> anyhow::Result<()> {
        for _ in 0..all {
            let number: u64 = theirs.recv()?;
            theirs.send(&(number + 1))?;
        }
        Ok(())
    };
    let echo = Process::start(theirs, echo)?;
    let mut trip = |number| {
        ours.send(&number)?;
        ours.recv().context("no answer")
    };
    trip(0)?; // it is there
    seconds_each(count * over, || {
        let sum = answered((count, over), trip)?;
        joined(echo)?;
        Ok(sum)
    })
}

pub(super) fn counter(sizes: &Sizes) -> anyhow::Result<Sample> {
    let counting = Counting::of(sizes)?;
    seconds_each(counting.all(), || {
        let value = Value::new(0u64)?;
        let steps = counting.steps;
        let mut processes = Vec::new();
        for _ in 0..counting.units {
            let count = move |value: Value<u64>| -> anyhow::Result<()> {
                for _ in 0..steps {
                    *value.lock()? += 1;
                }
                Ok(())
            };
            processes.push(Process::start(value.clone(), count)?);
        }
        processes.into_iter().try_for_each(joined)?;
        counting.counted(value.get()?)
    })
}
