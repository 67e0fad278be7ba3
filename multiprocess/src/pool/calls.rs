//! The calls of a [`Pool`]: apply, map, starmap, imap.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Pool;
use super::code::Function;
use super::error::TaskError;
use super::handle;
use super::handle::AsyncResult;
use super::imap::{Imap, ImapUnordered};
use super::task;
use super::task::Star;
use super::wire::Ticket;
use crate::frame;

/// So many tasks a worker are on their way in an `imap`.
const AHEAD: usize = 64;

/// So many bytes of arguments are worth a system call.
const BATCH: usize = 16 * 1024;

impl Pool {
    /// Calls the function and waits for the result. `args` is a tuple, as in Python.
    ///
    /// # Errors
    ///
    /// See [`TaskError`].
    pub fn apply<F, Args, R>(&self, function: F, args: Args) -> Result<R, TaskError>
    where
        F: Star<Args, Output = R>,
        Args: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.apply_async(function, args).get()
    }

    /// As [`apply`](Self::apply), without waiting.
    pub fn apply_async<F, Args, R>(&self, function: F, args: Args) -> AsyncResult<R>
    where
        F: Star<Args, Output = R>,
        Args: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        let function = Function::of(move |args: Args| function.call(args));
        let handle = AsyncResult::new(&self.parent, self.parent.refuses(), handle::one::<R>);
        self.submit(handle, function, vec![args], 1)
    }

    /// Calls the function on each item; returns the results in the order of the items. They are sent
    /// in chunks, four a worker, as Python does.
    ///
    /// # Errors
    ///
    /// The first item's that failed. All items are tried: a failed one does not stop the rest of its
    /// chunk (it does in Python). But if a worker dies, the whole chunk it was in has no result.
    pub fn map<A, R, F>(
        &self,
        function: F,
        items: impl IntoIterator<Item = A>,
    ) -> Result<Vec<R>, TaskError>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.map_async(function, items).get()
    }

    /// As [`map`](Self::map), in chunks of `size` items.
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map).
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    pub fn map_chunked<A, R, F>(
        &self,
        function: F,
        items: impl IntoIterator<Item = A>,
        size: usize,
    ) -> Result<Vec<R>, TaskError>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.map_chunked_async(function, items, size).get()
    }

    /// As [`map`](Self::map), without waiting. All items are taken now.
    ///
    /// While the parent does something else, about 1 MiB of arguments that were sent are worked on, until
    /// about 1 MiB of results waits. For the rest it has to call something of the pool's now and then,
    /// [`ready`](AsyncResult::ready) say. (Python has a thread for that, and so cannot fork soundly.)
    pub fn map_async<A, R, F>(
        &self,
        function: F,
        items: impl IntoIterator<Item = A>,
    ) -> AsyncResult<Vec<R>>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        let items: Vec<A> = items.into_iter().collect();
        let size = items.len().div_ceil(4 * self.workers).max(1);
        self.map_chunked_async(function, items, size)
    }

    /// As [`map_chunked`](Self::map_chunked), without waiting.
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    pub fn map_chunked_async<A, R, F>(
        &self,
        function: F,
        items: impl IntoIterator<Item = A>,
        size: usize,
    ) -> AsyncResult<Vec<R>>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        assert!(size > 0, "a chunk has at least one item");
        let function = Function::of(function);
        let items = items.into_iter().collect();
        let handle = AsyncResult::new(&self.parent, self.parent.refuses(), handle::all::<R>);
        self.submit(handle, function, items, size)
    }

    /// As [`map`](Self::map), for a function of several arguments, which come as a tuple.
    ///
    /// ```standalone_crate
    /// # let pool = multiprocess::pool::Pool::new(4)?;
    /// assert_eq!(pool.starmap(|a: i32, b: i32| a + b, [(1, 2), (3, 4)])?, [3, 7]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map).
    pub fn starmap<F, Args, R>(
        &self,
        function: F,
        items: impl IntoIterator<Item = Args>,
    ) -> Result<Vec<R>, TaskError>
    where
        F: Star<Args, Output = R>,
        Args: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.starmap_async(function, items).get()
    }

    /// As [`starmap`](Self::starmap), without waiting.
    pub fn starmap_async<F, Args, R>(
        &self,
        function: F,
        items: impl IntoIterator<Item = Args>,
    ) -> AsyncResult<Vec<R>>
    where
        F: Star<Args, Output = R>,
        Args: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        self.map_async(move |args: Args| function.call(args), items)
    }

    /// Calls the function on each item; yields the results in order, each when it is there.
    ///
    /// The input is taken as the results are: at most 64 items a worker ahead, so it may be endless.
    /// (Python takes all of it at once.) Nothing begins before the first `next`. Take all results
    /// before [`close`](Self::close). If the input panics, so does `next`, after the results of what
    /// came before.
    ///
    /// # Errors
    ///
    /// Each item is a result of its own: see [`TaskError`]. If the pool ends, each item on its way says why,
    /// and one more does in place of all input that is left.
    pub fn imap<A, R, F, I>(&self, function: F, items: I) -> Imap<I::IntoIter, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
        I: IntoIterator<Item = A>,
    {
        self.imap_chunked(function, items, 1)
    }

    /// As [`imap`](Self::imap), in chunks of `size` items: with quick tasks less is spent on sending.
    ///
    /// # Errors
    ///
    /// As [`imap`](Self::imap); a worker's death fails each item of its chunk.
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    pub fn imap_chunked<A, R, F, I>(
        &self,
        function: F,
        items: I,
        size: usize,
    ) -> Imap<I::IntoIter, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
        I: IntoIterator<Item = A>,
    {
        let (function, ahead) = (Function::of(function), AHEAD * self.workers);
        Imap::new(&self.parent, function, items.into_iter(), size, ahead)
    }

    /// As [`imap`](Self::imap), with the results in the order in which they come.
    ///
    /// # Errors
    ///
    /// As [`imap`](Self::imap).
    pub fn imap_unordered<A, R, F, I>(&self, function: F, items: I) -> ImapUnordered<I::IntoIter, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
        I: IntoIterator<Item = A>,
    {
        self.imap_unordered_chunked(function, items, 1)
    }

    /// As [`imap_unordered`](Self::imap_unordered), in chunks of `size` items.
    ///
    /// # Errors
    ///
    /// As [`imap_chunked`](Self::imap_chunked).
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    pub fn imap_unordered_chunked<A, R, F, I>(
        &self,
        function: F,
        items: I,
        size: usize,
    ) -> ImapUnordered<I::IntoIter, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
        I: IntoIterator<Item = A>,
    {
        let (function, ahead) = (Function::of(function), AHEAD * self.workers);
        ImapUnordered::new(&self.parent, function, items.into_iter(), size, ahead)
    }

    fn submit<T, A: Serialize>(
        &self,
        handle: AsyncResult<T>,
        function: Function,
        items: Vec<A>,
        size: usize,
    ) -> AsyncResult<T> {
        if self.parent.refuses().is_some() {
            return handle;
        }
        let (mut arguments, mut unsent) = (Vec::new(), 0);
        for (index, chunk) in (0..).zip(items.chunks(size)) {
            chunk
                .iter()
                .for_each(|item| task::encode(item, &mut arguments));
            let job = handle.job();
            self.parent
                .submit(Ticket { job, index }, function, &arguments);
            unsent += arguments.len();
            frame::clear(&mut arguments);
            if unsent > BATCH {
                self.parent.exchange(); // the workers begin with the first ones meanwhile
                unsent = 0;
            }
        }
        self.parent.exchange();
        handle
    }
}
