//! [`Objects`]: how objects are made, counted and freed.

use std::mem;
use std::num::NonZeroU64;

use super::{ObjectRef, Value, refuse};

pub(super) const NONE: u32 = 0;
pub(super) const FALSE: u32 = 1; // and `True` after it

/// A heap that cannot grow as long as this is used, so its slots stay where they are.
///
/// It is for the machine's loop: the compiler keeps its fields in registers, unless a pointer to it is
/// handed to a function. That is why most of what follows is `inline(always)`, and [`free`] is given
/// the fields.
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
    fn empty(&mut self, index: usize, first_free: &mut u32) -> Value {
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

    #[inline(always)]
    pub(crate) fn bool(&mut self, value: bool) -> ObjectRef {
        self.share(FALSE + u32::from(value))
    }

    /// A new reference to an object that is always there.
    #[inline(always)]
    pub(super) fn share(&mut self, index: u32) -> ObjectRef {
        let object = self.object(index);
        self.count_up(index as usize, object);
        object
    }

    #[inline(always)]
    pub(crate) fn value(&self, object: ObjectRef) -> &Value {
        match self.slots.get(object.slot(self.number)) {
            Some(slot) if slot.count > 0 => &slot.value,
            _ => refuse(object, self.number),
        }
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

    /// Python's `bool(x)`.
    #[inline(always)]
    pub(crate) fn truth(&self, object: ObjectRef) -> bool {
        match *self.value(object) {
            Value::Bool(value) => value,
            ref value => truth_of_other(value),
        }
    }

    #[inline(always)]
    pub(crate) fn ref_count(&self, object: ObjectRef) -> u32 {
        self.value(object);
        self.slots[object.slot(self.number)].count
    }

    #[inline(always)]
    pub(crate) fn incref(&mut self, object: ObjectRef) {
        self.count_up(object.slot(self.number), object);
    }

    #[inline(always)]
    fn count_up(&mut self, index: usize, object: ObjectRef) {
        match self.slots.get_mut(index) {
            // 1 is what a free slot comes to, and 0 is one reference too many.
            Some(slot) if slot.count.wrapping_add(1) > 1 => slot.count += 1,
            _ => refuse(object, self.number),
        }
    }

    #[inline(always)]
    pub(crate) fn decref(&mut self, object: ObjectRef) {
        match self.slots.get_mut(object.slot(self.number)) {
            Some(slot) if slot.count > 1 => slot.count -= 1,
            _ => free(self.number, self.slots, self.first_free, object),
        }
    }

    /// The same for where the reference often is the last one: it frees without a call.
    #[inline(always)]
    pub(crate) fn decref_last(&mut self, object: ObjectRef) {
        let index = object.slot(self.number);
        match self.slots.get_mut(index) {
            Some(slot) if slot.count == 1 && !matches!(slot.value, Value::List(_)) => {
                mem::forget(slot.empty(index, self.first_free));
            }
            _ => self.decref(object),
        }
    }

    /// Not a recursion: lists in lists may be deeper than the thread's stack.
    #[cold]
    fn decref_all(mut self, mut pending: Vec<ObjectRef>) {
        while let Some(object) = pending.pop() {
            let slot = used(self.slots, object, self.number);
            if slot.count == 1
                && let Value::List(items) = &mut slot.value
            {
                pending.extend(mem::take(items));
            }
            self.decref(object);
        }
    }

    #[inline(always)]
    fn object(&self, index: u32) -> ObjectRef {
        ObjectRef(self.number | u64::from(index))
    }
}

#[inline(always)]
fn used(slots: &mut [Slot], object: ObjectRef, heap: NonZeroU64) -> &mut Slot {
    match slots.get_mut(object.slot(heap)) {
        Some(slot) if slot.count > 0 => slot,
        _ => refuse(object, heap),
    }
}

/// Counts down the last reference.
#[cold]
#[inline(never)]
fn free(number: NonZeroU64, slots: &mut [Slot], first_free: &mut u32, object: ObjectRef) {
    let index = object.slot(number);
    let Some(slot) = slots.get_mut(index).filter(|slot| slot.count > 0) else {
        refuse(object, number);
    };
    if let Value::List(items) = slot.empty(index, first_free) {
        let objects = Objects {
            number,
            slots,
            first_free,
        };
        objects.decref_all(items.into());
    }
}

#[cold]
fn truth_of_other(value: &Value) -> bool {
    value.truth()
}
