//! [`Shared`]: an atomic that processes share, without a lock. Python's `Value(…, lock=False)`, but
//! no race: what Python leaves to chance is a choice of operation here (`fetch_add`, not a read and a
//! write).
//!
//! To copy: this file, `ends.rs`, `shared_memory.rs`. Needs: nix (`mman`, `process`).

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicU64, Ordering};

use crate::ends::Pass;
use crate::shared_memory::SharedMemory;

/// An atomic, or an array of them, that this process and those it forks have in common.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use multiprocess::fork::fork;
/// use multiprocess::shared::Shared;
///
/// let hits = Shared::new(AtomicU64::new(0))?;
/// let child = fork(|| {
///     hits.fetch_add(1, Ordering::Relaxed);
///     0
/// })?;
/// nix::sys::wait::waitpid(child, None)?; // what the child did before its end is seen after this
/// assert_eq!(hits.load(Ordering::Relaxed), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Handles are as those of a [`Value`](crate::value::Value), and each has a page of its own; the
/// elements of an array share cache lines. There is no lock, and nothing that could be held by a process
/// that is killed:
///
/// ```compile_fail,E0599
/// use std::sync::atomic::AtomicU64;
///
/// let hits = multiprocess::shared::Shared::new(AtomicU64::new(0)).unwrap();
/// *hits.lock().unwrap() += 1;
/// ```
///
/// With a lock it is another type:
///
/// ```
/// let hits = multiprocess::value::Value::new(0).unwrap();
/// *hits.lock().unwrap() += 1;
/// ```
pub struct Shared<A> {
    memory: Arc<SharedMemory>,
    atomic: PhantomData<A>,
}

/// What can be [`Shared`].
///
/// # Safety
///
/// All of it is std's atomics; none of them is a pointer.
pub unsafe trait Atomic: Send + Sync + 'static {}

macro_rules! atomics {
    ($($name:ident)*) => {$(
        // SAFETY: it is one of std's.
        unsafe impl Atomic for atomic::$name {}
    )*};
}

atomics!(AtomicBool AtomicU8 AtomicU16 AtomicU32 AtomicU64 AtomicUsize);
atomics!(AtomicI8 AtomicI16 AtomicI32 AtomicI64 AtomicIsize);

// SAFETY: it is made of one of std's.
unsafe impl Atomic for AtomicF64 {}

// SAFETY: it is made of atomics.
unsafe impl<A: Atomic, const N: usize> Atomic for [A; N] {}

impl<A: Atomic> Shared<A> {
    /// A new one.
    ///
    /// # Errors
    ///
    /// What the system says if there is no memory.
    pub fn new(atomic: A) -> io::Result<Self> {
        const { assert!(align_of::<A>() <= 4096, "more than a page's") };
        let memory = SharedMemory::zeroed(size_of::<A>().max(1))?;
        // SAFETY: there is room, a page is more than aligned, and nobody else knows of it yet.
        unsafe { memory.start().cast::<A>().write(atomic) };
        Ok(Self {
            memory: Arc::new(memory),
            atomic: PhantomData,
        })
    }
}

impl<A: Atomic> Deref for Shared<A> {
    type Target = A;

    fn deref(&self) -> &A {
        // SAFETY: it was put there by `new`, and the mapping stays for as long as `self` is there.
        // Whatever other processes do to it they do as this one does: by its atomic operations.
        unsafe { self.memory.start().cast::<A>().as_ref() }
    }
}

impl<A> Clone for Shared<A> {
    fn clone(&self) -> Self {
        Self {
            memory: Arc::clone(&self.memory),
            atomic: PhantomData,
        }
    }
}

impl<A> Pass for Shared<A> {}

impl<A: Atomic + fmt::Debug> fmt::Debug for Shared<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A float that is read and written as a whole. There is none in std.
///
/// ```
/// use std::sync::atomic::Ordering;
/// use multiprocess::shared::{AtomicF64, Shared};
///
/// let sum = Shared::new(AtomicF64::new(0.5)).unwrap();
/// assert_eq!(sum.fetch_add(1.0, Ordering::Relaxed), 0.5);
/// assert_eq!(sum.load(Ordering::Relaxed), 1.5);
/// ```
#[derive(Default)]
pub struct AtomicF64(AtomicU64);

impl AtomicF64 {
    /// A new one.
    pub const fn new(value: f64) -> Self {
        Self(AtomicU64::new(value.to_bits()))
    }

    /// As that of std's atomics.
    pub fn load(&self, order: Ordering) -> f64 {
        f64::from_bits(self.0.load(order))
    }

    /// As that of std's atomics.
    pub fn store(&self, value: f64, order: Ordering) {
        self.0.store(value.to_bits(), order);
    }

    /// Adds, in one step for all others, and returns what was there before.
    pub fn fetch_add(&self, value: f64, order: Ordering) -> f64 {
        let add = |bits| Some((f64::from_bits(bits) + value).to_bits());
        let (Ok(before) | Err(before)) = self.0.fetch_update(order, Ordering::Relaxed, add);
        f64::from_bits(before)
    }
}

impl fmt::Debug for AtomicF64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load(Ordering::Relaxed).fmt(f)
    }
}
