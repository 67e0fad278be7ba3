//! `Locked`: values in shared memory behind a robust lock. A [`Value`](crate::value::Value) is one of
//! them, an [`Array`](crate::array::Array) many; all `unsafe` of theirs is here.
//!
//! To copy: this file and its folder, `descriptor.rs`, `fork.rs`, `pidfd.rs`, `robust_mutex.rs`,
//! `shareable.rs`, `shared_memory.rs`, `single_thread.rs`. Needs: nix (`fs`, `mman`, `poll`, `process`,
//! `sched`), libc.

mod error;
mod held;

use std::io;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, OwnedFd};
use std::ptr;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};
use nix::unistd::Pid;

use crate::fork::process_id;
use crate::pidfd;
use crate::robust_mutex::RobustGuard;
use crate::robust_mutex::RobustMutex;
use crate::shareable::Shareable;
use crate::shared_memory::SharedMemory;

use held::Held;

pub use error::LockError;

/// A handle; a clone is one for the same values.
pub(crate) struct Locked<T> {
    place: Arc<Place>,
    len: usize,
    values: PhantomData<fn() -> T>,
}

/// This process's mapping.
struct Place {
    memory: ManuallyDrop<SharedMemory>,
    /// Whether this process was panicking already when it took the lock. Written by who has the lock.
    panicking: AtomicBool,
}

/// What is at the beginning of the memory; the values come next, in the same cache line if they fit.
#[repr(C)]
struct Header {
    mutex: RobustMutex,
    /// Somebody died with the lock, and nobody has repaired since. Written by who has the lock.
    owner_died: AtomicBool,
    /// The process that has a guard, or 0. Written by who has the lock.
    owner: AtomicI32,
}

impl<T: Shareable> Locked<T> {
    /// Where the values begin.
    const OFFSET: usize = {
        assert!(align_of::<T>() <= 4096, "more than a page's");
        size_of::<Header>().next_multiple_of(align_of::<T>())
    };

    /// So many values, all bytes of them 0.
    pub(crate) fn zeroed(len: usize) -> io::Result<Self> {
        let size = size_of::<T>().checked_mul(len);
        let size = size.and_then(|size| size.checked_add(Self::OFFSET));
        // As for a slice: more is no memory's size.
        let size = size.filter(|&size| isize::try_from(size).is_ok());
        let memory = SharedMemory::zeroed(size.ok_or(io::ErrorKind::OutOfMemory)?)?;
        let header = memory.start().cast::<Header>();
        // SAFETY: a page is more than aligned for it and there is room; nobody else knows of it yet.
        // All bytes 0 are a flag that is down. The memory is kept until nobody uses the mutex: see
        // `Place`.
        unsafe { RobustMutex::init(&raw mut (*header.as_ptr()).mutex) }?;
        let place = Place {
            memory: ManuallyDrop::new(memory),
            panicking: AtomicBool::new(false),
        };
        Ok(Self {
            place: Arc::new(place),
            len,
            values: PhantomData,
        })
    }

    /// Copies of these.
    pub(crate) fn new(values: &[T]) -> io::Result<Self> {
        let locked = Self::zeroed(values.len())?;
        // SAFETY: there is room for as many, and nobody else knows of it yet.
        unsafe { ptr::copy_nonoverlapping(values.as_ptr(), locked.start(), values.len()) };
        Ok(locked)
    }

    #[inline]
    #[allow(dead_code)] // where there is a `Value` only
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn lock(&self) -> Result<Guard<'_, T>, LockError> {
        let held = Held::new()?;
        let locked = self.header().mutex.lock()?;
        self.guard(held, locked).unless_owner_died()
    }

    pub(crate) fn try_lock(&self) -> Result<Option<Guard<'_, T>>, LockError> {
        let held = Held::new()?;
        let locked = self.header().mutex.try_lock()?;
        locked
            .map(|locked| self.guard(held, locked).unless_owner_died())
            .transpose()
    }

    pub(crate) fn try_lock_for(&self, time: Duration) -> Result<Option<Guard<'_, T>>, LockError> {
        let Some(deadline) = Instant::now().checked_add(time) else {
            return self.lock().map(Some);
        };
        let held = Held::new()?;
        let locked = self.header().mutex.lock_until(deadline)?;
        locked
            .map(|locked| self.guard(held, locked).unless_owner_died())
            .transpose()
    }

    pub(crate) fn lock_anyway(&self) -> Result<Guard<'_, T>, LockError> {
        let held = Held::new()?;
        Ok(self.guard(held, self.header().mutex.lock()?))
    }

    #[inline]
    fn guard<'a>(&'a self, held: Held, locked: RobustGuard<'a>) -> Guard<'a, T> {
        let header = self.header();
        if locked.owner_died() {
            header.owner_died.store(true, Relaxed); // the mutex says it once
            match header.owner.load(Relaxed) {
                0 => {} // it had no guard yet, or none any more
                process => wait_for_end_of(process),
            }
        }
        header.owner.store(process_id(), Relaxed);
        self.place.panicking.store(thread::panicking(), Relaxed);
        Guard {
            values: self,
            _locked: locked,
            _held: held,
        }
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: it was put there by `zeroed`, all of it may be shared, and the mapping stays for as
        // long as `self` is there.
        unsafe { self.place.memory.start().cast::<Header>().as_ref() }
    }

    #[inline]
    fn start(&self) -> *mut T {
        let memory = self.place.memory.start();
        // SAFETY: the memory is at least so large.
        unsafe { memory.add(Self::OFFSET) }.cast().as_ptr()
    }
}

impl<T> Clone for Locked<T> {
    fn clone(&self) -> Self {
        Self {
            place: Arc::clone(&self.place),
            len: self.len,
            values: PhantomData,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // With a guard forgotten, the list of locks that a thread has leads through this memory. Then
        // it stays mapped.
        // SAFETY: as in `Locked::header`.
        let header = unsafe { self.memory.start().cast::<Header>().as_ref() };
        if header.owner.load(Relaxed) != process_id() {
            // SAFETY: this is the only drop, and `self` is not used after it.
            unsafe { ManuallyDrop::drop(&mut self.memory) };
        }
    }
}

/// Waits until a process, whose thread has died with the lock, is gone as a whole. The kernel ends the
/// threads of a killed process one after the other: another one could be writing to what the guard gave
/// out for some microseconds more.
#[cold]
fn wait_for_end_of(process: i32) {
    /// No longer than this: in a process that is ending no thread runs for so long, even if the system
    /// takes longer to clear up; and the number may be another process's by now.
    const ENOUGH: Duration = Duration::from_secs(1);
    if process == process_id() {
        held::end_process(); // it is about to: one of its threads has seen what it leaked
    }
    let deadline = Instant::now() + ENOUGH;
    match pidfd::open(Pid::from_raw(process)) {
        Ok(pidfd) => while !has_ended(&pidfd) && Instant::now() < deadline {},
        // It is gone.
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
        // There is no descriptor left.
        Err(_) => thread::sleep(ENOUGH),
    }
}

/// Whether the process is gone; waits for up to 100 ms.
fn has_ended(pidfd: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, 100u8).is_ok_and(|ready| ready > 0)
}

/// The lock is held, and the values are this thread's alone, for as long as this is there.
pub(crate) struct Guard<'a, T: Shareable> {
    values: &'a Locked<T>,
    // Fields are dropped in this order: the lock is let go before it is no longer counted.
    _locked: RobustGuard<'a>,
    _held: Held,
}

impl<T: Shareable> Guard<'_, T> {
    #[inline]
    fn unless_owner_died(self) -> Result<Self, LockError> {
        match self.owner_died() {
            false => Ok(self),
            true => Err(LockError::OwnerDied),
        }
    }

    #[inline]
    pub(crate) fn owner_died(&self) -> bool {
        self.values.header().owner_died.load(Relaxed)
    }

    pub(crate) fn clear_owner_died(&mut self) {
        self.values.header().owner_died.store(false, Relaxed);
    }
}

impl<T: Shareable> Deref for Guard<'_, T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: the memory is there (the guard borrows its owner), is made of values of `T` (it is
        // `Shareable`), and nobody else touches it: all processes do so by guards only, and the lock lets
        // one of them exist at a time. A guard that is leaked keeps the lock for as long as its thread
        // lives, and its process does not outlive the thread (`held`), nor does the next owner begin
        // before the process is gone (`wait_for_end_of`). A guard is not copied by a fork (`NoFork`).
        unsafe { slice::from_raw_parts(self.values.start(), self.values.len) }
    }
}

impl<T: Shareable> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts_mut(self.values.start(), self.values.len) }
    }
}

impl<T: Shareable> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let place = &self.values.place;
        if thread::panicking() && !place.panicking.load(Relaxed) {
            self.values.header().owner_died.store(true, Relaxed);
        }
        self.values.header().owner.store(0, Relaxed);
        // And then the fields: the lock is let go.
    }
}
