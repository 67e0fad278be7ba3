//! 2.1 threading.Thread 的创建与启动: starting threads, by function and by type; who is alive.
//!
//! What Rust refuses. A count of references that is not atomic stays in its thread:
//!
//! ```compile_fail,E0277
//! use std::{rc::Rc, thread};
//!
//! let shared = Rc::new(1);
//! thread::spawn(move || println!("{shared}")); // `Rc` is not `Send`
//! ```
//!
//! ```
//! use std::{sync::Arc, thread};
//!
//! let shared = Arc::new(1);
//! thread::spawn(move || println!("{shared}")).join().unwrap();
//! ```
//!
//! A thread may outlive the function that started it, so it cannot borrow from it:
//!
//! ```compile_fail,E0373
//! use std::thread;
//!
//! let local = vec![1, 2, 3];
//! thread::spawn(|| println!("{local:?}")); // may outlive `local`
//! ```
//!
//! ```
//! use std::thread;
//!
//! let local = vec![1, 2, 3];
//! thread::scope(|scope| {
//!     scope.spawn(|| println!("{local:?}")); // joined before `local` goes
//! });
//! ```

use std::panic;
use std::thread::scope;
use std::time::Duration;

use crate::registry::{active_count, current, enumerate};
use crate::thread::{self, Builder, Run};

// Way one: a function.
fn worker(name: &str, delay: Duration) {
    println!("线程 {name} 开始");
    sleep(delay);
    println!("线程 {name} 结束");
}

// Way two: a type with a `run`, where Python inherits from `Thread`.
struct MyThread {
    name: String,
}

impl Run for MyThread {
    type Output = ();

    fn run(self) {
        println!("自定义线程 {} 运行中", self.name);
        sleep(Duration::from_millis(500));
    }

    fn builder(&self) -> Builder {
        Builder::new().name(&self.name)
    }
}

pub fn run() -> anyhow::Result<()> {
    let t = Builder::new()
        .name("WorkerThread")
        .spawn(|| worker("A", Duration::from_secs(1)))?;
    t.join()?;

    let t2 = MyThread {
        name: "B".to_owned(),
    }
    .start()?;
    t2.join()?;

    println!("{}", current().name());
    println!("{}", active_count());
    println!("{:?}", enumerate());

    println!("—— Rust");
    returned_value_and_panic()?;
    borrowing();
    Ok(())
}

/// A join gives back what the thread returned, or what it panicked with; Python's gives `None`.
fn returned_value_and_panic() -> anyhow::Result<()> {
    let sum = thread::spawn(|| (1..=100).sum::<u32>())?;
    println!("线程返回值: {}", sum.join()?);

    // `resume_unwind` is a panic without the report on stderr that `panic!` makes.
    let failing = thread::spawn(|| -> u32 { panic::resume_unwind(Box::new("模拟异常")) })?;
    if let Err(error) = failing.join() {
        println!("join 得到 panic: {}", error.message().unwrap_or_default());
    }
    Ok(())
}

/// A scope joins its threads before it ends, so they may borrow.
fn borrowing() {
    let words = ["多线程", "多进程", "协程"];
    let longest = scope(|scope| {
        let longest = scope.spawn(|| words.iter().map(|word| word.chars().count()).max());
        longest.join().expect("counting does not panic")
    });
    println!("作用域线程借用局部变量: {}", longest.unwrap_or(0));
}

fn sleep(duration: Duration) {
    std::thread::sleep(duration);
}
