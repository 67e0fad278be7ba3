//! [`Heap`]: objects with a plain count of references each. CPython's `PyObject` and its `ob_refcnt`.
//!
//! The counts are ordinary integers, neither atomic nor locked, as in CPython with a GIL. That is why
//! CPython needs one: two threads that count the same object up and down at the same time would lose
//! a step, and free an object that is in use. Here `incref` takes `&mut Heap`, so two threads can
//! share a heap only behind a lock, and the program that forgets it does not compile:
//!
//! ```compile_fail,E0499
//! use gil_demo::object::Heap;
//!
//! let mut heap = Heap::new();
//! let object = heap.int(7);
//! std::thread::scope(|scope| {
//!     scope.spawn(|| heap.incref(object));
//!     scope.spawn(|| heap.incref(object)); // a second exclusive borrow
//! });
//! ```
//!
//! With [`Gil`](crate::gil::Gil) around it, it does:
//!
//! ```
//! use gil_demo::{gil::Gil, object::Heap};
//!
//! let mut heap = Heap::new();
//! let object = heap.int(7);
//! let gil = Gil::new(heap);
//! let incref = || gil.acquire().expect("not held").incref(object);
//! std::thread::scope(|scope| {
//!     scope.spawn(incref);
//!     scope.spawn(incref);
//! });
//! assert_eq!(gil.into_inner().ref_count(object), 3);
//! ```
//!
//! Where Rust differs: an [`ObjectRef`] is a number and not a pointer, so one of another heap, or of an
//! object that was freed, is found out (a panic), or at worst is another object; never is it undefined
//! behaviour. `None`, `True` and
//! `False` are counted, as up to CPython 3.11, and no int is made in advance.
//!
//! To copy: this file and the folder `object`. Needs: std only.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU32, Ordering};

mod error; // a reference that is not good
mod objects; // making, counting and freeing
mod value; // what an object can be

pub use error::RefError;
pub use value::Value;

use objects::{FALSE, NONE, Objects, Slot};

/// Which object. CPython's `PyObject *`: copying it does not count, [`Heap::incref`] does.
///
/// Two that are equal are the same object: Python's `is`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectRef(NonZeroU64); // the heap's number in the upper half, the slot in the lower

/// Objects and their counts.
///
/// As in C, whoever is given a *new* reference owns it, and counts it down when done with it.
///
/// ```
/// use gil_demo::object::{Heap, Value};
///
/// let mut heap = Heap::new();
/// let before = heap.live();
/// let item = heap.int(7);
/// let list = heap.list([item]); // the list owns the int now
/// assert_eq!(heap.value(item), &Value::Int(7));
/// heap.incref(list);
/// assert_eq!(heap.ref_count(list), 2);
/// heap.decref(list);
/// heap.decref(list); // frees the list, and the int with it
/// assert_eq!(heap.live(), before);
/// ```
///
/// # Panics
///
/// Every method that takes an [`ObjectRef`] panics, with the text of the [`RefError`], if it is not
/// an object of this heap ([`get`](Self::get) does not). So does one that would make the 2^32nd reference
/// to an object. A heap has room for fewer than 2^32 objects, a process for fewer than 2^32 heaps.
#[derive(Debug)]
pub struct Heap {
    number: NonZeroU64,
    slots: Vec<Slot>,
    first_free: u32,
}

impl Heap {
    /// A heap with `None`, `False` and `True` in it, which it has a reference to each.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_add(1))
            .expect("fewer than 2^32 heaps");
        let mut heap = Self {
            number: NonZeroU64::new(u64::from(number) << 32).expect("counted from 1"),
            slots: Vec::new(),
            first_free: 0,
        };
        // In the order that `Objects` knows them in.
        for value in [Value::None, Value::Bool(false), Value::Bool(true)] {
            heap.make(value);
        }
        heap
    }

    /// `None`: a new reference to the one there is. C's `Py_RETURN_NONE`.
    pub fn none(&mut self) -> ObjectRef {
        let none = self.objects().object(NONE);
        self.incref(none);
        none
    }

    /// `True` or `False`: a new reference to the one there is. C's `PyBool_FromLong`.
    pub fn bool(&mut self, value: bool) -> ObjectRef {
        let object = self.objects().object(FALSE + u32::from(value));
        self.incref(object);
        object
    }

    /// A new int. C's `PyLong_FromLongLong`.
    pub fn int(&mut self, value: i64) -> ObjectRef {
        self.make(Value::Int(value))
    }

    /// A new list, which takes over the caller's references to the items. C's `PyList_New` and
    /// `PyList_SET_ITEM`.
    pub fn list(&mut self, items: impl Into<Box<[ObjectRef]>>) -> ObjectRef {
        let items = items.into();
        for &item in &items {
            self.value(item); // panics if there is no such object here
        }
        self.make(Value::List(items))
    }

    /// What the object is.
    pub fn value(&self, object: ObjectRef) -> &Value {
        self.get(object).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What the object is, if it is one of this heap.
    ///
    /// # Errors
    ///
    /// [`RefError`] if it is not, or has been freed.
    pub fn get(&self, object: ObjectRef) -> Result<&Value, RefError> {
        match self.slots.get(object.slot(self.number)) {
            Some(slot) if slot.count > 0 => Ok(&slot.value),
            _ => Err(RefError::of(object, self.number)),
        }
    }

    /// One reference more. C's `Py_INCREF`.
    pub fn incref(&mut self, object: ObjectRef) {
        if !self.objects().incref(object) {
            let error = self.get(object).err().unwrap_or(RefError::TooMany);
            panic!("{error}");
        }
    }

    /// One reference less; the last one frees the object. C's `Py_DECREF`.
    pub fn decref(&mut self, object: ObjectRef) {
        self.try_decref(object)
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// How many references there are. C's `Py_REFCNT`; Python's `sys.getrefcount(x)` is one more,
    /// since its argument is a reference too.
    pub fn ref_count(&self, object: ObjectRef) -> u32 {
        self.value(object);
        self.slots[object.slot(self.number)].count
    }

    /// How many objects there are, with `None`, `False` and `True`.
    pub fn live(&self) -> usize {
        self.slots.iter().filter(|slot| slot.count > 0).count()
    }

    /// The objects there are, for the simple cases.
    #[inline]
    pub(crate) fn objects(&mut self) -> Objects<'_> {
        Objects {
            number: self.number,
            slots: &mut self.slots,
            first_free: &mut self.first_free,
        }
    }

    /// Twice as many slots. There must be no free one.
    #[cold]
    fn grow(&mut self) {
        let len = self.slots.len();
        let new_len = u32::try_from((2 * len).max(4)).expect("fewer than 2^32 objects");
        // Where the list of free slots ended, at `len`, it now goes on; its new end is `new_len`.
        self.slots
            .extend((len as u32 + 1..=new_len).map(Slot::free));
    }

    fn make(&mut self, value: Value) -> ObjectRef {
        if self.first_free as usize == self.slots.len() {
            self.grow();
        }
        self.objects().make(value).expect("there is room")
    }
}

impl Default for Heap {
    fn default() -> Self {
        Self::new()
    }
}

impl ObjectRef {
    /// No object: no heap has the number 0. C's `NULL`.
    pub(crate) const NULL: Self = Self(NonZeroU64::MIN);

    /// Its slot, if it is an object of this heap: what remains when the heap's number is taken away.
    /// Else it is more than any slot, so that the bounds check is the check for the heap as well.
    #[inline(always)]
    fn slot(self, heap: NonZeroU64) -> usize {
        usize::try_from(self.0.get() ^ heap.get()).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// The 2^32nd reference is refused in words that say why, and the object is as it was. (Nothing but this
    /// module can set a count; to count up to it would take a while.)
    #[test]
    fn one_reference_too_many() {
        let mut heap = Heap::new();
        for index in 0..=FALSE + 1 {
            heap.slots[index as usize].count = u32::MAX;
        }
        let makes: [fn(&mut Heap) -> ObjectRef; 3] =
            [Heap::none, |heap| heap.bool(false), |heap| heap.bool(true)];
        for make in makes {
            let made = catch_unwind(AssertUnwindSafe(|| make(&mut heap)));
            let text = made.expect_err("it is refused").downcast::<String>();
            assert_eq!(*text.unwrap(), RefError::TooMany.to_string());
        }
        let none = heap.objects().object(NONE);
        assert_eq!(heap.ref_count(none), u32::MAX);
        heap.decref(none);
        assert_eq!(heap.none(), none, "there is room again");
    }
}
