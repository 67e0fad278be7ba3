//! [`Objects`]: how objects are made, counted and freed.

use std::mem;
use std::num::NonZeroU64;

use super::{Heap, ObjectRef, RefError, Value};

pub(super) const NONE: u32 = 0;
pub(super) const FALSE: u32 = 1; // `bool` counts on `True` coming next
const TRUE: u32 = 2;

/// A heap in the simple cases, which are nearly all: there is room, a reference is good, its object is
/// of the usual type, what is freed is no list. In the others a method changes nothing and says so, and
/// [`Heap`]'s method of this name is for them: it does the rest, or panics.
///
/// It is for the machine's loop. Nothing here is a call (`inline(always)`) or makes one, not even to
/// panic, so the compiler keeps the fields in registers.
pub(crate) struct Objects<'h> {
    pub(super) number: NonZeroU64,
    pub(super) slots: &'h mut [Slot],
    /// Each free slot has the number of the next one, the last one has the number of slots. The one
    /// freed last is used first. CPython's free lists: `count += 1` makes and frees an int each time,
    /// and allocates nothing.
    pub(super) first_free: &'h mut u32,
}

#[derive(Debug)]
pub(super) struct Slot {
    /// 0: there is no object.
    pub(super) count: u32,
    next_free: u32,
    /// `None` in a free slot.
    pub(super) value: Value,
}

impl Slot {
    pub(super) fn free(next_free: u32) -> Self {
        Self {
            count: 0,
            next_free,
            value: Value::None,
        }
    }

    /// Makes it the first free one; what was in it.
    #[inline(always)]
    pub(super) fn empty(&mut self, index: usize, first_free: &mut u32) -> Value {
        self.count = 0;
        self.next_free = mem::replace(first_free, index as u32); // there are fewer than 2^32
        mem::replace(&mut self.value, Value::None)
    }
}

impl Objects<'_> {
    /// A new object, if there is room for one.
    #[inline(always)]
    pub(crate) fn make(&mut self, value: Value) -> Option<ObjectRef> {
        let index = *self.first_free;
        let slot = self.slots.get_mut(index as usize)?;
        *self.first_free = slot.next_free;
        slot.count = 1;
        // There is nothing to drop in a free slot, and the compiler need not look.
        mem::forget(mem::replace(&mut slot.value, value));
        Some(self.object(index))
    }

    /// `True` or `False`: a new reference to it.
    #[inline(always)]
    pub(crate) fn bool(&mut self, value: bool) -> Option<ObjectRef> {
        let object = self.object(FALSE + u32::from(value));
        self.incref(object).then_some(object)
    }

    /// The numbers, if both are ints. (A bool is one too in Python: [`Value::as_int`].)
    #[inline(always)]
    pub(crate) fn ints(&self, a: ObjectRef, b: ObjectRef) -> Option<(i64, i64)> {
        Some((self.int(a)?, self.int(b)?))
    }

    #[inline(always)]
    fn int(&self, object: ObjectRef) -> Option<i64> {
        let slot = self.slots.get(object.slot(self.number))?;
        match slot.value {
            Value::Int(value) => Some(value), // so it is not a free slot
            _ => None,
        }
    }

    /// Python's `x is False`.
    #[inline(always)]
    pub(crate) fn is_false(&self, object: ObjectRef) -> bool {
        object.slot(self.number) == FALSE as usize
    }

    /// Python's `x is True`.
    #[inline(always)]
    pub(crate) fn is_true(&self, object: ObjectRef) -> bool {
        object.slot(self.number) == TRUE as usize
    }

    /// Whether it was counted: an object of this heap, with room for one reference more.
    #[inline(always)]
    #[must_use]
    pub(crate) fn incref(&mut self, object: ObjectRef) -> bool {
        match self.slots.get_mut(object.slot(self.number)) {
            // 1 is what a free slot comes to, and 0 is one reference too many.
            Some(slot) if slot.count.wrapping_add(1) > 1 => {
                slot.count += 1;
                true
            }
            _ => false,
        }
    }

    /// Whether it was counted down: an object of this heap, and it was not the last reference.
    #[inline(always)]
    #[must_use]
    pub(crate) fn decref(&mut self, object: ObjectRef) -> bool {
        match self.slots.get_mut(object.slot(self.number)) {
            Some(slot) if slot.count > 1 => {
                slot.count -= 1;
                true
            }
            _ => false,
        }
    }

    /// The same for where the reference often is the last one: frees all but a list.
    #[inline(always)]
    #[must_use]
    pub(crate) fn decref_last(&mut self, object: ObjectRef) -> bool {
        let index = object.slot(self.number);
        match self.slots.get_mut(index) {
            Some(slot) if slot.count == 1 && !matches!(slot.value, Value::List(_)) => {
                mem::forget(slot.empty(index, self.first_free));
                true
            }
            _ => self.decref(object),
        }
    }

    #[inline(always)]
    pub(super) fn object(&self, index: u32) -> ObjectRef {
        ObjectRef(self.number | u64::from(index))
    }
}

impl Heap {
    /// [`decref`](Self::decref) without a panic, for destructors: those abort if they panic while another
    /// panic unwinds.
    pub(crate) fn try_decref(&mut self, object: ObjectRef) -> Result<(), RefError> {
        if self.objects().decref_last(object) {
            return Ok(());
        }
        self.decref_list(object)
    }

    /// Counts down a reference that [`Objects::decref_last`] did not: to a list, or not a good one. What
    /// the list has is given up, also when one of its items is not good.
    #[cold]
    fn decref_list(&mut self, list: ObjectRef) -> Result<(), RefError> {
        let mut result = Ok(());
        // Not a recursion: lists in lists may be deeper than the thread's stack.
        let mut pending = vec![list];
        while let Some(object) = pending.pop() {
            if self.objects().decref_last(object) {
                continue;
            }
            if let Err(error) = self.get(object) {
                result = Err(error);
                continue;
            }
            let index = object.slot(self.number);
            let value = self.slots[index].empty(index, &mut self.first_free);
            if let Value::List(items) = value {
                pending.extend(items);
            }
        }
        result
    }
}
