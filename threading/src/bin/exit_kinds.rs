//! Three ways for a program to end, and what becomes of a thread that is still at work:
//! `cargo run -p threading --bin exit-kinds -- return|exit|no-guard`.
//!
//! | argument | the end of `main` | `线程完成` and the destructor's line |
//! |---|---|---|
//! | `return` | returns, an [`ExitGuard`] in hand, as Python does | printed |
//! | `exit` | `std::process::exit(0)`, which drops nothing | not printed |
//! | `no-guard` | returns, no guard, as Rust does | not printed |

use std::env;
use std::process::{self, ExitCode};
use std::sync::Barrier;
use std::thread::sleep;
use std::time::Duration;

use threading::registry::ExitGuard;
use threading::thread::Builder;

struct Resource;

impl Drop for Resource {
    fn drop(&mut self) {
        println!("资源已释放");
    }
}

/// `main` and the thread meet here, so that the thread has begun for certain when `main` ends.
static BEGUN: Barrier = Barrier::new(2);

fn work(duration: Duration) {
    let _resource = Resource;
    println!("线程开始");
    BEGUN.wait();
    sleep(duration);
    println!("线程完成");
}

fn main() -> ExitCode {
    let kind = env::args().nth(1).unwrap_or_default();
    let (_guard, duration) = match kind.as_str() {
        "return" => (Some(ExitGuard::new()), Duration::from_millis(500)),
        // Nobody waits for these: they take so long that the thread is at work for certain.
        "exit" => (Some(ExitGuard::new()), Duration::from_secs(60)),
        "no-guard" => (None, Duration::from_secs(60)),
        _ => {
            eprintln!("error: name one way to end: exit-kinds return|exit|no-guard");
            return ExitCode::from(2);
        }
    };
    let started = Builder::new().daemon(false).spawn(move || work(duration));
    if let Err(error) = started {
        eprintln!("error: no thread to start: {error}");
        return ExitCode::FAILURE;
    }
    BEGUN.wait();
    println!("main 结束");
    if kind == "exit" {
        process::exit(0);
    }
    ExitCode::SUCCESS
}
