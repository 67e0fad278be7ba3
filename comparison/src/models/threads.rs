//! A thread for each thing: chapter 2's `thread` block, as the document uses `threading.Thread`.

use std::io;
use std::sync::Arc;
use std::thread::sleep;

use threading::event::Event;
use threading::semaphore::{ReleaseError, Semaphore};
use threading::thread::spawn;

use super::{
    Model, OVER, Row, Sample, TASKS, WAIT, WAITS, proportional_set_size, sum_of_squares, timed,
};

pub(super) const MODEL: Model = Model {
    name: "threads",
    label: "多线程 · threads",
    measure: |row| match row {
        Row::CpuBound => Some(cpu_bound),
        Row::IoBound => Some(io_bound),
        Row::Creation => Some(creation),
        Row::Memory => Some(memory),
    },
};

/// One thread for each of `n` tasks; the sum of what they return.
fn one_each(n: u64, task: fn() -> u64) -> anyhow::Result<u64> {
    let threads = (0..n)
        .map(|_| spawn(task))
        .collect::<io::Result<Vec<_>>>()?;
    let mut sum = 0;
    for thread in threads {
        sum += thread.join()?;
    }
    Ok(sum)
}

fn cpu_bound() -> anyhow::Result<Sample> {
    timed(1, OVER, || one_each(TASKS, sum_of_squares))
}

fn io_bound() -> anyhow::Result<Sample> {
    timed(1, 1, || {
        one_each(WAITS, || {
            sleep(WAIT);
            1
        })
    })
}

fn creation() -> anyhow::Result<Sample> {
    timed(1000, 1, || one_each(1, || 1))
}

/// A thousand threads that wait: what each adds to the memory of the process.
fn memory() -> anyhow::Result<Sample> {
    const UNITS: u64 = 1000;

    one_each(1, || 1)?; // what the first thread of all sets up is not the others' memory
    let before = proportional_set_size("self")?;
    let waiting = Arc::new(Semaphore::new(0));
    let end = Arc::new(Event::new());
    let wait = || {
        let (waiting, end) = (Arc::clone(&waiting), Arc::clone(&end));
        spawn(move || {
            waiting.release(1)?;
            end.wait();
            Ok(())
        })
    };
    let threads = (0..UNITS).map(|_| wait()).collect::<io::Result<Vec<_>>>()?;
    for _ in 0..UNITS {
        waiting.acquire().forget();
    }
    let after = proportional_set_size("self");
    end.set();
    for thread in threads {
        thread.join()?.map_err(|error: ReleaseError| error)?;
    }
    let added = after?.saturating_sub(before);
    Ok(Sample {
        value: added as f64 / UNITS as f64,
        cpu: None,
        answer: 1, // every one of them waited, or this is not reached
    })
}
