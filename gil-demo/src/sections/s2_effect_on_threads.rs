//! 1.2 GIL 对多线程的影响: two threads under one lock are no faster than one, unless they wait.

use std::thread::{self, scope, sleep};
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::convoy::round_trips;
use crate::gil::{Account, Gil};
use crate::machine::{Code, run as execute};
use crate::object::Heap;
use crate::program::{CPU_TASK, Program};
use crate::timeline::chart;

const N: i64 = 50_000_000;

pub fn run() -> anyhow::Result<()> {
    let program = Program::parse(CPU_TASK)?;
    let mut heap = Heap::new();
    let code = Code::load(&program, &mut heap);

    let start = Instant::now();
    ensure!(execute(&code, "cpu_task", &[N], &mut heap)? == N);
    ensure!(execute(&code, "cpu_task", &[N], &mut heap)? == N);
    let one_thread = start.elapsed();
    println!("单线程耗时: {:.2}s", one_thread.as_secs_f64());

    let gil = Gil::new(heap);
    gil.record();
    let start = Instant::now();
    let task = || {
        let mut guard = gil.acquire()?;
        ensure!(execute(&code, "cpu_task", &[N], &mut guard)? == N);
        Ok(thread::current().id())
    };
    let threads = two_threads(&task)?;
    let under_the_lock = start.elapsed();
    println!("多线程耗时: {:.2}s", under_the_lock.as_secs_f64());

    println!("—— Rust");
    if cfg!(debug_assertions) {
        println!("（未优化的构建，时间仅供参考: cargo run --release -p gil-demo）");
    }
    without_the_lock(&program, one_thread)?;
    shares("CPU 密集", &gil.accounts(), under_the_lock);
    let spans = gil.timeline();
    let named = [(threads[0], "线程1"), (threads[1], "线程2")];
    println!("前 40 ms 谁持有锁:");
    let begin = spans[0].from;
    let shown = spans
        .iter()
        .take_while(|span| span.from - begin < Duration::from_millis(40));
    for line in chart(&shown.copied().collect::<Vec<_>>(), &named, 70) {
        println!("{line}");
    }
    waiting()?;
    convoy()
}

/// Runs the task in two threads at once.
fn two_threads<T: Send>(task: &(impl Fn() -> anyhow::Result<T> + Sync)) -> anyhow::Result<Vec<T>> {
    scope(|scope| {
        let threads = [scope.spawn(task), scope.spawn(task)];
        let results = threads.map(|thread| thread.join().expect("the task does not panic"));
        results.into_iter().collect()
    })
}

/// The same machine, the same program; but each thread has its objects for itself.
fn without_the_lock(program: &Program, one_thread: Duration) -> anyhow::Result<()> {
    let task = || {
        let mut heap = Heap::new();
        let code = Code::load(program, &mut heap);
        ensure!(execute(&code, "cpu_task", &[N], &mut heap)? == N);
        Ok(())
    };
    let start = Instant::now();
    two_threads(&task)?;
    let free = start.elapsed();
    let times = one_thread.as_secs_f64() / free.as_secs_f64();
    println!(
        "无锁多线程耗时: {:.2}s（单线程的 {times:.2} 倍速度）",
        free.as_secs_f64()
    );
    Ok(())
}

/// Two threads that wait for 300 ms, twice: under the lock they wait at the same time.
fn waiting() -> anyhow::Result<()> {
    const WAIT: Duration = Duration::from_millis(300);

    let gil = Gil::new(());
    let task = || {
        let mut guard = gil.acquire()?;
        guard.allow_threads(|| sleep(WAIT));
        Ok(())
    };
    let start = Instant::now();
    task()?;
    task()?;
    println!("IO 密集，单线程耗时: {:.2}s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    two_threads(&task)?;
    let wall = start.elapsed();
    println!("IO 密集，多线程耗时: {:.2}s", wall.as_secs_f64());
    shares("IO 密集", &gil.accounts()[1..], wall); // without the thread that did both
    Ok(())
}

fn shares(what: &str, accounts: &[Account], wall: Duration) {
    let percent = |part: Duration| 100.0 * part.as_secs_f64() / wall.as_secs_f64();
    for (number, account) in (1..).zip(accounts) {
        println!(
            "{what}，线程{number}: 持有 {:.1}%，等待 {:.1}%，释放 {:.1}%",
            percent(account.held),
            percent(account.waited),
            percent(account.released),
        );
    }
}

/// The convoy: what a thread that answers requests suffers from one that computes.
fn convoy() -> anyhow::Result<()> {
    for (interval, trips) in [(500, 200), (5_000, 40), (50_000, 10)] {
        let interval = Duration::from_micros(interval);
        let gil = Gil::new(0);
        gil.set_switch_interval(interval);
        let mut times = round_trips(&gil, trips)?;
        times.sort();
        let waited = |least: f64, most: f64| {
            let intervals = times.iter().map(|time| time.div_duration_f64(interval));
            let some = intervals.filter(|&waited| least <= waited && waited < most);
            100 * some.count() / trips
        };
        println!(
            "切换间隔 {:.1} ms: 应答的中位数 {:.2} ms；等 0、1、2 个以上间隔的占 {}%、{}%、{}%",
            interval.as_secs_f64() * 1e3,
            times[trips / 2].as_secs_f64() * 1e3,
            waited(0.0, 0.5),
            waited(0.5, 1.5),
            waited(1.5, f64::INFINITY),
        );
    }
    Ok(())
}
