//! [`Pass`]: what can be given to a child process, and which ends of channels it keeps.
//!
//! A forked child has a copy of every file descriptor. If it kept them all, no reader would ever see
//! the end of a stream: some child would still have the other end. So each end of a channel registers
//! here, and a child keeps those it was given as arguments and closes all others. Python's `args=`,
//! with what Python leaves to its users.
//!
//! To copy: this file. Needs: nix.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use nix::unistd::Pid;

/// An end of a channel: what holds a file descriptor, or counts who can still send.
///
/// It is closed when its owner is dropped, not with the last `Arc` of it: a forked child has a copy of
/// every `Arc` in the frames that it never returns to.
pub trait End: Send + Sync {
    /// Called in a child that was not given it: lets go of the end. Using it afterwards is an error.
    fn close_in_child(&self);

    /// Called in the child that was given it, before the child's function.
    fn adopted(&self) {}

    /// Called in the parent when `child` has been given it, before the parent lets go of its copy.
    fn passed_to(&self, child: Pid) {
        let _ = child;
    }
}

/// A value that can be an argument of a child process.
///
/// A type of your own that has no ends in it says so with an empty `impl Pass for MyType {}`. One that
/// has, names those fields in [`ends`](Self::ends).
pub trait Pass {
    /// Adds the ends that are in the value.
    fn ends(&self, ends: &mut Ends) {
        let _ = ends;
    }
}

/// The ends that a child is given.
#[derive(Clone, Default)]
pub struct Ends(Vec<Arc<dyn End>>);

/// Every end of this process. The child of a fork has a copy.
static REGISTERED: Mutex<Vec<Weak<dyn End>>> = Mutex::new(Vec::new());

impl Ends {
    /// Those in `value`.
    pub fn of(value: &impl Pass) -> Self {
        let mut ends = Self::default();
        value.ends(&mut ends);
        ends
    }

    /// One more.
    pub fn add(&mut self, end: Arc<dyn End>) {
        self.0.push(end);
    }

    /// For the child of a fork, first thing: keeps these, closes all others.
    #[inline]
    pub fn keep_only_these(&self) {
        for end in &*registered() {
            let Some(end) = end.upgrade() else { continue };
            if self.0.iter().any(|kept| Arc::ptr_eq(kept, &end)) {
                end.adopted();
            } else {
                end.close_in_child();
            }
        }
    }

    /// For the parent, after the fork.
    #[inline]
    pub fn passed_to(&self, child: Pid) {
        self.0.iter().for_each(|end| end.passed_to(child));
    }
}

impl fmt::Debug for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ends({})", self.0.len())
    }
}

/// Makes an end known, for as long as it is there. Each is registered once, when it is made.
#[inline]
pub fn register(end: Weak<dyn End>) {
    let mut ends = registered();
    if ends.len() == ends.capacity() {
        ends.retain(|end| end.strong_count() > 0);
        let len = ends.len();
        ends.reserve(len + 1); // so that the next look is as far away as the list is long
    }
    ends.push(end);
}

#[inline]
fn registered() -> std::sync::MutexGuard<'static, Vec<Weak<dyn End>>> {
    REGISTERED.lock().unwrap_or_else(PoisonError::into_inner)
}

macro_rules! without_ends {
    ($($type:ty),* $(,)?) => { $(impl Pass for $type {})* };
}

without_ends!(
    (),
    bool,
    char,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    f32,
    f64,
    String,
    &'static str,
    std::time::Duration,
    std::time::Instant,
    std::path::PathBuf,
);

impl<T: Pass> Pass for Option<T> {
    fn ends(&self, ends: &mut Ends) {
        self.iter().for_each(|value| value.ends(ends));
    }
}

impl<T: Pass> Pass for Vec<T> {
    fn ends(&self, ends: &mut Ends) {
        self.iter().for_each(|value| value.ends(ends));
    }
}

impl<T: Pass, const N: usize> Pass for [T; N] {
    fn ends(&self, ends: &mut Ends) {
        self.iter().for_each(|value| value.ends(ends));
    }
}

impl<T: Pass + ?Sized> Pass for Box<T> {
    fn ends(&self, ends: &mut Ends) {
        (**self).ends(ends);
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: Pass),*> Pass for ($($name,)*) {
            #[allow(non_snake_case)] // the names of the types are the names of the fields
            fn ends(&self, ends: &mut Ends) {
                let ($($name,)*) = self;
                $($name.ends(ends);)*
            }
        }
    };
}

tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
