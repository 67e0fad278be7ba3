//! A task for each thing, all on one thread: chapter 5's blocks, as the document uses `asyncio`.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use anyhow::ensure;
use asyncio::run::run;
use asyncio::task::{Task, create_task};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::meter::{amount, proportional_set_size, seconds_each};
use super::ramp::{Places, Ramp};
use super::sequential::{Request, cpu_job_under, mixed_under, sum_of_squares, waits_under};
use super::{Measure, Model, Sample, Sizes};

mod talk; // queues, and a counter

pub(super) const MODEL: Model = Model {
    name: "tasks",
    zh: "asyncio 协程",
    en: "asyncio tasks",
    python: Some("asyncio"),
    measure: |measure| match measure {
        Measure::CpuJob => Ok(cpu_job),
        Measure::Memory => Ok(memory),
        Measure::Creation => Ok(creation),
        Measure::Message => Ok(talk::message),
        Measure::RoundTrip => Ok(talk::round_trip),
        Measure::Counter => Ok(talk::counter),
        Measure::Waits => Ok(waits),
        #[cfg(target_os = "linux")]
        Measure::Network => Ok(|sizes| super::served::ours("tasks", sizes)),
        #[cfg(not(target_os = "linux"))]
        Measure::Network => Err(super::ONLY_ON_LINUX),
        Measure::Mixed => Ok(mixed),
        Measure::Greatest => Ok(greatest),
    },
    in_python: |_| Ok(()),
};

/// Longer than any measurement takes.
const VERY_LONG: Duration = Duration::from_secs(3600);

/// The sum of what the tasks come to.
async fn sum_of(tasks: Vec<Task<u64>>) -> anyhow::Result<u64> {
    let mut sum = 0;
    for task in tasks {
        sum += task.await?;
    }
    Ok(sum)
}

fn cpu_job(sizes: &Sizes) -> anyhow::Result<Sample> {
    cpu_job_under(sizes, |tasks, terms, over| {
        run(async {
            let start = |_| create_task(async move { sum_of_squares(terms, over) });
            sum_of((0..tasks).map(start).collect()).await
        })?
    })
}

/// All at a time: there is no reason to have fewer.
fn waits(sizes: &Sizes) -> anyhow::Result<Sample> {
    waits_under(sizes, 2, |waits, wait, _| {
        run(async {
            let start = |_| {
                create_task(async move {
                    sleep(wait).await;
                    1
                })
            };
            sum_of((0..waits).map(start).collect()).await
        })?
    })
}

/// All wait at a time on this thread; what there is to compute goes to rayon's threads, as many as there
/// are cores.
fn mixed(sizes: &Sizes) -> anyhow::Result<Sample> {
    async fn serve(request: Request) -> anyhow::Result<u64> {
        sleep(request.wait).await;
        let (computed, result) = oneshot::channel();
        rayon::spawn(move || {
            // Nobody asks any more only where something else went wrong.
            let _ = computed.send(request.compute());
        });
        Ok(result.await?)
    }

    mixed_under(sizes, 4, |requests, request, _| {
        run(async {
            let start = |_| create_task(serve(request));
            let tasks: Vec<_> = (0..requests).map(start).collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await??;
            }
            Ok(sum)
        })?
    })
}

fn creation(sizes: &Sizes) -> anyhow::Result<Sample> {
    let times = sizes.at(0)?;
    seconds_each(times, || {
        run(async {
            for _ in 0..times {
                create_task(async {}).await?;
            }
            Ok(1)
        })?
    })
}

/// Tasks that sleep, and have begun to.
struct Sleeping {
    tasks: Vec<Task<()>>,
    begun: Arc<AtomicU64>,
}

impl Sleeping {
    fn none() -> Self {
        Self {
            tasks: Vec::new(),
            begun: Arc::new(AtomicU64::new(0)),
        }
    }

    /// One more, which begins when this thread has time for it.
    fn start(&mut self) {
        let begun = Arc::clone(&self.begun);
        self.tasks.push(create_task(async move {
            begun.fetch_add(1, Relaxed);
            sleep(VERY_LONG).await;
        }));
    }

    async fn all_have_begun(&self) {
        while self.begun.load(Relaxed) < self.tasks.len() as u64 {
            yield_now().await;
        }
    }

    /// Cancels all, and sees that each was alive until then.
    async fn end(self) -> anyhow::Result<()> {
        for task in &self.tasks {
            task.cancel();
        }
        for task in self.tasks {
            let ended = task.await;
            ensure!(
                ended.is_err_and(|error| error.is_cancelled()),
                "a task did not wait"
            );
        }
        Ok(())
    }
}

/// Tasks that sleep: what each adds to the memory of the process.
fn memory(sizes: &Sizes) -> anyhow::Result<Sample> {
    let units = sizes.at(0)?;
    run(async {
        create_task(async {}).await?; // what the first of all sets up is not the others' memory
        let before = proportional_set_size("self")?;
        let mut sleeping = Sleeping::none();
        (0..units).for_each(|_| sleeping.start());
        sleeping.all_have_begun().await;
        let after = proportional_set_size("self")?;
        sleeping.end().await?;
        let added = after.saturating_sub(before);
        Ok(amount(added as f64 / units as f64, 1))
    })?
}

/// So many are started before they are let begin.
const BATCH: usize = 1000;

/// As many tasks alive at once as the budget allows: nothing of the system's limits them.
fn greatest(sizes: &Sizes) -> anyhow::Result<Sample> {
    run(async {
        let mut ramp = Ramp::begin(sizes, Places::NotTaken, proportional_set_size("self")?)?;
        let mut sleeping = Sleeping::none();
        while ramp.has_room(|| proportional_set_size("self"))? {
            sleeping.start();
            ramp.started();
            if sleeping.tasks.len().is_multiple_of(BATCH) {
                sleeping.all_have_begun().await;
            }
        }
        sleeping.all_have_begun().await;
        sleeping.end().await?;
        Ok(ramp.sample())
    })?
}
