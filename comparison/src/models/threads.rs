//! A thread for each thing: chapter 2's `thread` block, as the document uses `threading.Thread`.

use std::io;
use std::sync::Arc;
use std::thread::sleep;

use threading::event::Event;
use threading::semaphore::{ReleaseError, Semaphore};
use threading::thread::spawn;

use super::meter::{amount, proportional_set_size, seconds_each};
use super::sequential::{cpu_job_under, mixed_under, sum_of_squares, waits_under};
use super::{Measure, Model, Sample, Sizes};

mod greatest; // as many as there can be
mod talk; // channels, and a counter

pub(super) const MODEL: Model = Model {
    name: "threads",
    zh: "多线程",
    en: "threads",
    python: Some("threading"),
    measure: |measure| match measure {
        Measure::CpuJob => Ok(cpu_job),
        Measure::Memory => Ok(memory),
        Measure::Creation => Ok(creation),
        Measure::Waits => Ok(waits),
        Measure::Message => Ok(talk::message),
        Measure::RoundTrip => Ok(talk::round_trip),
        Measure::Counter => Ok(talk::counter),
        #[cfg(target_os = "linux")]
        Measure::Network => Ok(|sizes| super::served::ours("threads", sizes)),
        #[cfg(not(target_os = "linux"))]
        Measure::Network => Err(super::ONLY_ON_LINUX),
        Measure::Mixed => Ok(mixed),
        Measure::Greatest => Ok(greatest::greatest),
    },
    in_python: |_| Ok(()),
};

/// One thread for each of `n` tasks; the sum of what they return.
fn one_each(n: u64, task: impl Fn(u64) -> u64 + Copy + Send + 'static) -> anyhow::Result<u64> {
    let threads = (0..n)
        .map(|index| spawn(move || task(index)))
        .collect::<io::Result<Vec<_>>>()?;
    let mut sum = 0;
    for thread in threads {
        sum += thread.join()?;
    }
    Ok(sum)
}

fn cpu_job(sizes: &Sizes) -> anyhow::Result<Sample> {
    cpu_job_under(sizes, |tasks, terms, over| {
        one_each(tasks, move |_| sum_of_squares(terms, over))
    })
}

/// A thread does one wait after the other where there are more of them than threads at a time.
fn waits(sizes: &Sizes) -> anyhow::Result<Sample> {
    waits_under(sizes, 2, |waits, wait, at_a_time| {
        let each = waits.div_ceil(at_a_time);
        one_each(waits.div_ceil(each), move |index| {
            let mine = each.min(waits - index * each);
            (0..mine).for_each(|_| sleep(wait));
            mine
        })
    })
}

/// A thread serves one request after the other where there are more of them than threads at a time.
fn mixed(sizes: &Sizes) -> anyhow::Result<Sample> {
    mixed_under(sizes, 4, |requests, request, at_a_time| {
        let each = requests.div_ceil(at_a_time);
        one_each(requests.div_ceil(each), move |index| {
            let mine = each.min(requests - index * each);
            (0..mine).map(|_| request.serve()).sum()
        })
    })
}

fn creation(sizes: &Sizes) -> anyhow::Result<Sample> {
    let times = sizes.at(0)?;
    seconds_each(times, || {
        for _ in 0..times {
            one_each(1, |_| 1)?;
        }
        Ok(1)
    })
}

/// Threads that wait: what each adds to the memory of the process.
fn memory(sizes: &Sizes) -> anyhow::Result<Sample> {
    let units = sizes.at(0)?;
    one_each(1, |_| 1)?; // what the first thread of all sets up is not the others' memory
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
    let threads = (0..units).map(|_| wait()).collect::<io::Result<Vec<_>>>()?;
    for _ in 0..units {
        waiting.acquire().forget();
    }
    let after = proportional_set_size("self");
    end.set();
    for thread in threads {
        thread.join()?.map_err(|error: ReleaseError| error)?;
    }
    let added = after?.saturating_sub(before);
    Ok(amount(added as f64 / units as f64, 1)) // every one of them waited, or this is not reached
}
