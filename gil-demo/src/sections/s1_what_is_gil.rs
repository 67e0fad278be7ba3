//! 1.1 GIL 是什么: a count of references, and what becomes of it when nobody guards it.
//!
//! What Rust refuses: a count that is not atomic stays in its thread.
//!
//! ```compile_fail,E0277
//! use std::{rc::Rc, thread};
//!
//! let a = Rc::new(Vec::<i32>::new());
//! thread::spawn(move || Rc::strong_count(&a)); // `Rc` is not `Send`
//! ```
//!
//! An atomic count may be shared; each change to it costs more:
//!
//! ```
//! use std::{sync::Arc, thread};
//!
//! let a = Arc::new(Vec::<i32>::new());
//! let b = Arc::clone(&a);
//! assert_eq!(thread::spawn(move || Arc::strong_count(&b)).join().unwrap(), 2);
//! ```

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::scope;

use crate::gil::Gil;
use crate::machine::{Code, run as execute};
use crate::object::Heap;
use crate::program::{Program, REF_COUNT};

pub fn run() -> anyhow::Result<()> {
    // Two: the name `a`, and the argument, which is a reference like any other.
    let program = Program::parse(REF_COUNT)?;
    let mut heap = Heap::new();
    let code = Code::load(&program, &mut heap);
    println!("{}", execute(&code, "ref_count", &[], &mut heap)?);

    println!("—— Rust");
    println!("没有锁: 两个线程各加 1，计数为 {}", lost_update());
    println!("有 GIL: 两个线程各加 1，计数为 {}", guarded_update());
    let a = Arc::new(Vec::<i32>::new());
    let b = Arc::clone(&a);
    println!("Arc 的原子引用计数: {}", Arc::strong_count(&b));
    Ok(())
}

/// What counting up is without a lock: read, add, write. Both threads read before either writes, so
/// one of the two is lost, here every time. (The count is atomic so that this is no undefined
/// behaviour; it is the three steps that are not one.)
fn lost_update() -> u32 {
    let count = AtomicU32::new(0);
    let both_have_read = Barrier::new(2);
    scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let seen = count.load(Ordering::Relaxed);
                both_have_read.wait();
                count.store(seen + 1, Ordering::Relaxed);
            });
        }
    });
    count.into_inner()
}

/// The same three steps under the lock: nobody comes in between.
fn guarded_update() -> u32 {
    let count = Gil::new(0);
    scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut count = count.acquire().expect("this thread has not got the lock");
                let seen = *count;
                *count = seen + 1;
            });
        }
    });
    count.into_inner()
}
