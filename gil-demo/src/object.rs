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
//! To copy: this file. Needs: std only.

use std::error::Error;
use std::fmt;
use std::iter;
use std::mem;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU32, Ordering};

/// Which object. CPython's `PyObject *`: copying it does not count, [`Heap::incref`] does.
///
/// Two that are equal are the same object: Python's `is`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectRef(NonZeroU64); // the heap's number in the upper half, the slot in the lower

/// What an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An `int`, of 64 bits.
    Int(i64),
    /// A `list`, which owns a reference to each of its items.
    List(Box<[ObjectRef]>),
}

impl Value {
    /// The name of its type. Python's `type(x).__name__`.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::List(_) => "list",
        }
    }

    /// Python's `bool(x)`.
    pub const fn truth(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::List(items) => !items.is_empty(),
        }
    }

    /// The number an int is, or a bool, which is an int in Python.
    #[inline]
    pub const fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => self.bool_as_int(),
        }
    }

    #[cold]
    const fn bool_as_int(&self) -> Option<i64> {
        match self {
            Self::Bool(value) => Some(*value as i64),
            _ => None,
        }
    }
}

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
/// an object of this heap ([`get`](Self::get) does not).
#[derive(Debug)]
pub struct Heap {
    /// Its number in the upper half, as in its references: what remains of one when that is taken
    /// away (`^`) is the slot, and for a reference to another heap's object more than any slot. So
    /// the bounds check is the check for the heap as well.
    number: NonZeroU64,
    slots: Box<[Slot]>,
    /// The first `free_len` are the slots that no object is in; the one freed last is used first.
    /// CPython's free lists: `count += 1` makes and frees an int each time, and allocates nothing.
    free: Box<[u32]>,
    free_len: usize,
    none: ObjectRef,
    bools: [ObjectRef; 2],
}

#[derive(Debug)]
struct Slot {
    /// 0: there is no object.
    count: u32,
    value: Value,
}

impl Heap {
    /// A heap with `None`, `False` and `True` in it, which it has a reference to each.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_add(1))
            .expect("fewer than 2^32 heaps");
        let number = NonZeroU64::new(u64::from(number) << 32).expect("counted from 1");
        let mut heap = Self {
            number,
            slots: Box::default(),
            free: Box::default(),
            free_len: 0,
            none: ObjectRef(number),
            bools: [1, 2].map(|slot| ObjectRef(number | slot)),
        };
        for value in [Value::None, Value::Bool(false), Value::Bool(true)] {
            heap.alloc(value);
        }
        heap
    }

    /// `None`: a new reference to the one there is. C's `Py_RETURN_NONE`.
    pub fn none(&mut self) -> ObjectRef {
        self.incref(self.none);
        self.none
    }

    /// `True` or `False`: a new reference to the one there is. C's `PyBool_FromLong`.
    #[inline]
    pub fn bool(&mut self, value: bool) -> ObjectRef {
        let object = self.bools[usize::from(value)];
        self.incref(object);
        object
    }

    /// A new int. C's `PyLong_FromLongLong`.
    #[inline]
    pub fn int(&mut self, value: i64) -> ObjectRef {
        self.alloc(Value::Int(value))
    }

    /// A new list, which takes over the caller's references to the items. C's `PyList_New` and
    /// `PyList_SET_ITEM`.
    pub fn list(&mut self, items: impl Into<Box<[ObjectRef]>>) -> ObjectRef {
        let items = items.into();
        for &item in &items {
            self.value(item); // panics if there is no such object here
        }
        self.alloc(Value::List(items))
    }

    /// What the object is.
    #[inline]
    pub fn value(&self, object: ObjectRef) -> &Value {
        self.get(object).unwrap_or_else(|error| refuse(error))
    }

    /// What the object is, if it is one of this heap.
    ///
    /// # Errors
    ///
    /// [`RefError`] if it is not, or has been freed.
    #[inline]
    pub fn get(&self, object: ObjectRef) -> Result<&Value, RefError> {
        match self.slots.get(self.index(object)) {
            Some(slot) if slot.count > 0 => Ok(&slot.value),
            _ => Err(RefError::of(object, self.number)),
        }
    }

    /// One reference more. C's `Py_INCREF`.
    #[inline]
    pub fn incref(&mut self, object: ObjectRef) {
        let slot = self.slot(object);
        slot.count = slot
            .count
            .checked_add(1)
            .expect("fewer than 2^32 references");
    }

    /// One reference less; the last one frees the object. C's `Py_DECREF`.
    #[inline]
    pub fn decref(&mut self, object: ObjectRef) {
        let slot = self.slot(object);
        slot.count -= 1;
        if slot.count == 0 {
            self.free(object);
        }
    }

    /// How many references there are. C's `Py_REFCNT`; Python's `sys.getrefcount(x)` is one more,
    /// since its argument is a reference too.
    pub fn ref_count(&self, object: ObjectRef) -> u32 {
        self.value(object);
        self.slots[self.index(object)].count
    }

    /// How many objects there are, with `None`, `False` and `True`.
    pub fn live(&self) -> usize {
        self.slots.len() - self.free_len
    }

    #[inline]
    fn alloc(&mut self, value: Value) -> ObjectRef {
        if self.free_len == 0 {
            self.grow();
        }
        self.free_len -= 1;
        let index = self.free[self.free_len];
        let slot = &mut self.slots[index as usize];
        slot.count = 1;
        slot.value = value;
        ObjectRef(self.number | u64::from(index))
    }

    /// Twice as many slots; all there were are in use.
    #[cold]
    fn grow(&mut self) {
        let len = self.slots.len();
        let new_len = (2 * len).max(4);
        let new = len as u32..u32::try_from(new_len).expect("fewer than 2^32 objects");
        let empty = new.clone().map(|_| Slot {
            count: 0,
            value: Value::None,
        });
        self.slots = mem::take(&mut self.slots)
            .into_iter()
            .chain(empty)
            .collect();
        self.free_len = new.len();
        self.free = new.rev().chain(iter::repeat_n(0, len)).collect();
    }

    /// Empties a slot that is counted down to 0.
    #[cold] // not that it is rare: it keeps the registers of the machine's loop out of memory
    fn free(&mut self, object: ObjectRef) {
        let index = self.index(object);
        self.free[self.free_len] = index as u32; // below the number of slots
        self.free_len += 1;
        if let Value::List(items) = &mut self.slots[index].value {
            let items = mem::take(items);
            self.free_items(items.into());
        }
    }

    /// Not a recursion: lists in lists may be deeper than the thread's stack.
    #[cold]
    fn free_items(&mut self, mut pending: Vec<ObjectRef>) {
        while let Some(object) = pending.pop() {
            let slot = self.slot(object);
            if slot.count == 1
                && let Value::List(items) = &mut slot.value
            {
                pending.extend(mem::take(items));
            }
            self.decref(object);
        }
    }

    #[inline]
    fn index(&self, object: ObjectRef) -> usize {
        let index = object.0.get() ^ self.number.get();
        usize::try_from(index).unwrap_or(usize::MAX)
    }

    #[inline]
    fn slot(&mut self, object: ObjectRef) -> &mut Slot {
        match self.slots.get_mut(self.index(object)) {
            Some(slot) if slot.count > 0 => slot,
            _ => refuse(RefError::of(object, self.number)),
        }
    }
}

impl Default for Heap {
    fn default() -> Self {
        Self::new()
    }
}

#[cold]
fn refuse(error: RefError) -> ! {
    panic!("{error}")
}

/// An [`ObjectRef`] that is not good for this heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefError {
    /// The object is in another heap.
    HeapMismatch,
    /// The object has been freed: somebody counted it down once too often, or forgot to count it up.
    /// Found out until another object is made in its place.
    Freed,
}

impl RefError {
    fn of(object: ObjectRef, heap: NonZeroU64) -> Self {
        if object.0.get() >> 32 == heap.get() >> 32 {
            Self::Freed
        } else {
            Self::HeapMismatch
        }
    }
}

impl fmt::Display for RefError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HeapMismatch => "the object belongs to another heap",
            Self::Freed => "the object has been freed",
        })
    }
}

impl Error for RefError {}
