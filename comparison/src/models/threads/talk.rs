//! Threads that talk: std's bounded channel, a counter in a std `Mutex`.

use std::io;
use std::sync::mpsc::{SendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use threading::thread::spawn;

use super::{Sample, Sizes};
use crate::models::meter::{rate, seconds_each};
use crate::models::talk::{CAPACITY, Counting, amounts, answered, numbers, received};

/// The sender is there before the time begins, and waits to be told.
pub(super) fn message(sizes: &Sizes) -> anyhow::Result<Sample> {
    let (count, over) = amounts(sizes)?;
    let (sender, receiver) = sync_channel(CAPACITY);
    let (go, told) = sync_channel(1);
    let producer = spawn(move || -> anyhow::Result<()> {
        sender.send(0)?;
        told.recv()?;
        for number in numbers(count, over) {
            sender.send(number)?;
        }
        Ok(())
    })?;
    receiver.recv()?;
    rate(count * over, || {
        go.send(())?;
        let sum = received((count, over), || Ok(receiver.recv()?))?;
        producer.join()??;
        Ok(sum)
    })
}

pub(super) fn round_trip(sizes: &Sizes) -> anyhow::Result<Sample> {
    let (count, over) = amounts(sizes)?;
    let (there, requests) = sync_channel::<u64>(1);
    let (answers, back) = sync_channel(1);
    let echo = spawn(move || -> Result<(), SendError<u64>> {
        requests
            .iter()
            .try_for_each(|number| answers.send(number + 1))
    })?;
    let trip = |number| {
        there.send(number)?;
        back.recv().context("no answer")
    };
    trip(0)?; // it is there
    let sample = seconds_each(count * over, || answered((count, over), trip))?;
    drop(there);
    echo.join()??;
    Ok(sample)
}

pub(super) fn counter(sizes: &Sizes) -> anyhow::Result<Sample> {
    let counting = Counting::of(sizes)?;
    seconds_each(counting.all(), || {
        let counter = Arc::new(Mutex::new(0));
        let count = |_| {
            let (counter, steps) = (Arc::clone(&counter), counting.steps);
            spawn(move || {
                for _ in 0..steps {
                    *counter.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                }
            })
        };
        let threads = (0..counting.units).map(count);
        for thread in threads.collect::<io::Result<Vec<_>>>()? {
            thread.join()?;
        }
        let count = *counter.lock().unwrap_or_else(PoisonError::into_inner);
        counting.counted(count)
    })
}
