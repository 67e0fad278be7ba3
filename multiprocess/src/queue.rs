//! [`Queue`]: items from any processes to any processes, in order. Python's `multiprocessing.Queue`.
//!
//! The items are in shared memory, and a process that waits sleeps there: no pipe, no thread that feeds
//! it, no system call for an item unless somebody sleeps. What that changes against Python:
//!
//! - An item is in the queue when `put` returns. Nothing is left in the process that put it, so it can
//!   be joined before anybody gets (in Python that hangs), and killed without a loss.
//! - A process that is killed takes at most the item with it that it was about to put or has just got.
//!   Nobody else hangs, and no item is torn. In Python, a reader that is killed can make the queue
//!   useless, and so can a writer.
//! - An item that cannot be encoded is an error of `put`, not a message on stderr.
//! - `get` ends when nobody is left who could put: [`GetError::Disconnected`].
//!
//! To copy: this file and the folder `queue/`, `descriptor.rs`, `ends.rs`, `pidfd.rs`, `robust_mutex.rs`,
//! `shared_memory.rs`, `single_thread.rs`. Needs: serde, postcard (`use-std`), nix (`fs`, `mman`, `poll`,
//! `process`, `sched`, `signal`), libc.

mod buffer;
mod chunks;
mod core;
mod error;
mod futex;
mod handle;
mod item;
mod members;
mod memory;
mod place;
mod ring;
mod spin;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use self::buffer::Buffer;
use self::core::{Core, Patience};
use self::handle::{Handle, Unusable};
use crate::ends::Ends;
use crate::ends::Pass;

pub use error::{GetError, PutError};
pub use item::Item;

/// A handle of a queue. A clone is another handle of the same queue; each child process is given one as
/// an argument. They may be used by several threads at once. (Whoever calls [`fork`](crate::fork::fork)
/// directly does with [`Ends`] what the start of a process does, or the child is no member.)
///
/// ```
/// use multiprocess::queue::Queue;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let queue = Queue::bounded(2)?;
/// queue.put(&"one".to_string())?;
/// queue.put(&"two".to_string())?;
/// assert!(queue.try_put(&"three".to_string()).unwrap_err().is_full());
/// assert_eq!(queue.get()?, "one");
/// queue.close();
/// assert_eq!(queue.get()?, "two"); // what was put before
/// assert!(queue.get().unwrap_err().is_closed());
/// # Ok(())
/// # }
/// ```
///
/// # Who is left
///
/// A [`Queue`] can put and get, so each process that has one may still put, and keeps every `get`
/// waiting. Several consumers that have a whole `Queue` each wait for each other for ever, as in Python.
/// Give them a [`Consumer`], and the producers a [`Producer`]: then `get` ends with
/// [`Disconnected`](GetError::Disconnected) when the last producer has dropped its handle, ended, or been
/// killed, and a `put` into a full queue when the last consumer has. In the last two cases that takes up
/// to 50 ms, in one call or in several with shorter time-outs. A call that does not wait does not look.
///
/// The handles of the waiting process itself do not count, unless it has other threads, which could use
/// them. A process that is stopped counts: it may go on.
///
/// A child counts from its start on, with one gap: if its parent, the last one who could put, is killed in
/// the microseconds between the fork and the child's first steps, who waits may be told `Disconnected`
/// although the child will put something. That is in the queue then, and a later `get` has it.
///
/// # Memory
///
/// A queue reserves 8 GiB of addresses (fewer if the process may not have so many, down to 64 MiB). It
/// takes as much memory as the items in it took when it was at its fullest, 4 MiB more if there were items of
/// 4 KiB or larger, and gives that back when the last process lets go of the queue. What does not fit has to
/// wait, in an unbounded queue too.
pub struct Queue<T: ?Sized, R: Role = Both> {
    handle: Arc<Handle>,
    types: PhantomData<fn(&T) -> R>,
}

/// A handle that can only put: see [who is left](Queue#who-is-left).
pub type Producer<T> = Queue<T, Puts>;

/// A handle that can only get: see [who is left](Queue#who-is-left).
pub type Consumer<T> = Queue<T, Gets>;

/// What a handle can do.
pub trait Role: sealed::Bits {}

/// A [`Role`] that can put.
pub trait CanPut: Role {}

/// A [`Role`] that can get.
pub trait CanGet: Role {}

mod sealed {
    pub trait Bits {
        const BITS: u32;
    }
}

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident = $bits:expr, $($can:ident)*;)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $role {}

        impl sealed::Bits for $role {
            const BITS: u32 = $bits;
        }

        impl Role for $role {}
        $(impl $can for $role {})*
    )* };
}

roles! {
    /// The [`Role`] of a [`Queue`].
    Both = members::PUT | members::GET, CanPut CanGet;
    /// The [`Role`] of a [`Producer`].
    Puts = members::PUT, CanPut;
    /// The [`Role`] of a [`Consumer`].
    Gets = members::GET, CanGet;
}

impl<T: Item + ?Sized> Queue<T> {
    /// A queue for at most `capacity` items. Python's `Queue(maxsize)`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a capacity of 0; what the system says if there is no memory.
    pub fn bounded(capacity: usize) -> io::Result<Self> {
        if capacity == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let core = Arc::new(Core::new(capacity)?);
        Ok(Self::of(Handle::new(core, <Both as sealed::Bits>::BITS)))
    }

    /// A queue for as many items as there is [memory](Queue#memory) for. Python's `Queue()`.
    ///
    /// # Errors
    ///
    /// What the system says if there is no memory.
    pub fn unbounded() -> io::Result<Self> {
        Self::bounded(usize::MAX)
    }
}

impl<T: ?Sized> Queue<T> {
    /// Gives up getting with this handle.
    pub fn into_producer(self) -> Producer<T> {
        Queue::of(self.handle.another(<Puts as sealed::Bits>::BITS))
    }

    /// Gives up putting with this handle.
    pub fn into_consumer(self) -> Consumer<T> {
        Queue::of(self.handle.another(<Gets as sealed::Bits>::BITS))
    }

    /// Two handles instead of one.
    pub fn split(self) -> (Producer<T>, Consumer<T>) {
        (self.clone().into_producer(), self.into_consumer())
    }
}

impl<T: Item + ?Sized, R: CanPut> Queue<T, R> {
    /// Puts an item at the end, waiting until there is room.
    ///
    /// # Errors
    ///
    /// [`PutError`], but not `Full`.
    pub fn put(&self, item: &T) -> Result<(), PutError> {
        self.put_within(item, Patience::Endless)
    }

    /// Puts an item at the end if there is room. Python's `put_nowait`. While another one is putting it
    /// waits for that; up to 50 ms if that one is stopped, and then says `Full`.
    ///
    /// # Errors
    ///
    /// [`PutError`], but not `Disconnected`: it does not look who is left.
    pub fn try_put(&self, item: &T) -> Result<(), PutError> {
        self.put_within(item, Patience::None)
    }

    /// Puts an item at the end, waiting for at most `timeout`. Python's `put(item, timeout=…)`.
    ///
    /// # Errors
    ///
    /// [`PutError`].
    pub fn put_timeout(&self, item: &T, timeout: Duration) -> Result<(), PutError> {
        self.put_within(item, Patience::of(timeout))
    }

    fn put_within(&self, item: &T, patience: Patience) -> Result<(), PutError> {
        let core = self.handle.core()?;
        // Encoded before any lock is taken: that is the user's code.
        let put = item.encoded(|bytes| core.put(bytes, patience));
        put.map_err(PutError::Encode)?
    }
}

impl<T: Item + ?Sized, R: CanGet> Queue<T, R> {
    /// Takes the first item, waiting until there is one.
    ///
    /// # Errors
    ///
    /// [`GetError`], but not `Empty`.
    pub fn get(&self) -> Result<T::Owned, GetError> {
        self.get_within(Patience::Endless)
    }

    /// Takes the first item if there is one. Python's `get_nowait`. While another one is getting it
    /// waits for that; up to 50 ms if that one is stopped, and then says `Empty`.
    ///
    /// # Errors
    ///
    /// [`GetError`], but not `Disconnected`: it does not look who is left.
    pub fn try_get(&self) -> Result<T::Owned, GetError> {
        self.get_within(Patience::None)
    }

    /// Takes the first item, waiting for at most `timeout`. Python's `get(timeout=…)`.
    ///
    /// # Errors
    ///
    /// [`GetError`].
    pub fn get_timeout(&self, timeout: Duration) -> Result<T::Owned, GetError> {
        self.get_within(Patience::of(timeout))
    }

    fn get_within(&self, patience: Patience) -> Result<T::Owned, GetError> {
        let mut bytes = Buffer::new();
        self.handle.core()?.get(&mut bytes, patience)?;
        T::decode(&mut bytes).map_err(GetError::Decode)
    }
}

impl<T: ?Sized, R: Role> Queue<T, R> {
    /// How many items there are now. Do not go by it: others may change it at any time. For the end of
    /// the stream there are [`close`](Self::close) and [`Disconnected`](GetError::Disconnected). Python's
    /// `qsize`.
    ///
    /// 0 in a process that may not use the handle.
    pub fn len(&self) -> usize {
        self.handle.core().map_or(0, Core::len)
    }

    /// Whether there is no item now. Do not go by it, as with [`len`](Self::len). Python's `empty`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Closes the queue for all processes: nothing more can be put, and who gets is told so after the
    /// last item. Closing it once more does nothing. Python's `close` is for one process only.
    ///
    /// It does nothing in a process that may not use the handle.
    pub fn close(&self) {
        if let Ok(core) = self.handle.core() {
            core.close();
        }
    }

    /// Whether anybody has closed the queue.
    pub fn is_closed(&self) -> bool {
        self.handle.core().is_ok_and(Core::is_closed)
    }

    fn of(handle: Arc<Handle>) -> Self {
        let types = PhantomData;
        Self { handle, types }
    }
}

impl<T: ?Sized, R: Role> Clone for Queue<T, R> {
    fn clone(&self) -> Self {
        Self::of(self.handle.another(R::BITS))
    }
}

impl<T: ?Sized, R: Role> Drop for Queue<T, R> {
    fn drop(&mut self) {
        self.handle.let_go();
    }
}

impl<T: ?Sized, R: Role> Pass for Queue<T, R> {
    fn ends(&self, ends: &mut Ends) {
        ends.add(self.handle.clone());
    }
}

impl<T: ?Sized, R: Role> fmt::Debug for Queue<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queue({} items)", self.len())
    }
}

impl From<Unusable> for PutError {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::NotPassed => Self::NotPassed,
            Unusable::NoRoom => Self::TooManyProcesses,
        }
    }
}

impl From<Unusable> for GetError {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::NotPassed => Self::NotPassed,
            Unusable::NoRoom => Self::TooManyProcesses,
        }
    }
}
