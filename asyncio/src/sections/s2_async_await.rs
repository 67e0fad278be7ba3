//! 5.2 async/await 语法: a function that can be suspended, and what calling it does.
//!
//! An `async fn` is a function that returns a future. Calling it runs not one line of its body: the future
//! is a value that holds the arguments, and whoever polls it, by `await` or by spawning it, runs the body
//! up to the next place where it has to wait. Python's coroutine object is the same thing. A future that is
//! dropped without that has done nothing; the compiler warns of one whose value is not used
//! (Python warns when the coroutine is collected: "was never awaited").
//!
//! `await` outside of an async function is a syntax error in Python and E0728 here:
//!
//! ```compile_fail,E0728
//! async fn greet() -> String {
//!     "Hello".to_owned()
//! }
//! fn main() {
//!     let greeting = greet().await;
//! }
//! ```
//!
//! ```
//! async fn greet() -> String {
//!     "Hello".to_owned()
//! }
//! fn main() {
//!     let greeting = asyncio::run::run(async { greet().await });
//! }
//! ```

use std::time::Duration;

use tokio::time::sleep;

use crate::run::run as run_future;

async fn greet(name: &str) -> String {
    sleep(Duration::from_secs(1)).await; // suspends this function; the thread does other things meanwhile
    format!("Hello, {name}")
}

async fn main() {
    let result = greet("World").await;
    println!("{result}");

    let coro = greet("Python"); // only a value: nothing runs yet
    let result = coro.await; // now it does
    println!("{result}");

    println!("—— Rust");
    let size = size_of_val(&greet("Rust")); // made and dropped: never run
    println!("协程是一个值: {size} 字节，被丢弃前未执行一行");
}

pub fn run() -> anyhow::Result<()> {
    run_future(main())?;
    Ok(())
}
