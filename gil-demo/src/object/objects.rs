//! [`Objects`]: how objects are made, counted and freed.

use std::mem;
use std::num::NonZeroU64;

use super::{ObjectRef, Value, refuse};

pub(super) const NONE: u32 = 0;
pub(super) const FALSE: u32 = 1; // and `True` after it

/// A heap that cannot grow as long as this is used, so its slots stay where they are.
///
/// It is there for the machine's loop, which the compiler translates with all of these in registers.
/// `inline(always)` below is for the same: a call would need them in memory.
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

    /// The number that an int is; for all else ask [`Value::as_int`].
    #[inline(always)]
    pub(crate) fn int(&self, object: ObjectRef) -> Option<i64> {
        match self.slots.get(object.slot(self.number)) {
            // Not in a free slot.
            Some(&Slot {
                value: Value::Int(value),
                ..
            }) => Some(value),
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

    /// The same as [`decref`](Self::decref), where the last reference is no surprise.
    #[inline(always)]
    pub(crate) fn decref_last(&mut self, object: ObjectRef) {
        match self.slots.get_mut(object.slot(self.number)) {
            Some(slot) if slot.count > 1 => slot.count -= 1,
            Some(slot) if slot.count == 1 && !matches!(slot.value, Value::List(_)) => {
                slot.count = 0;
                mem::forget(mem::replace(&mut slot.value, Value::None));
                slot.next_free = *self.first_free;
                *self.first_free = object.slot(self.number) as u32;
            }
            _ => free(self.number, self.slots, self.first_free, object),
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

#[cold]
#[inline(never)]
fn free(number: NonZeroU64, slots: &mut [Slot], first_free: &mut u32, object: ObjectRef) {
    let index = object.slot(number);
    let Some(slot) = slots.get_mut(index).filter(|slot| slot.count > 0) else {
        refuse(object, number);
    };
    slot.count = 0;
    slot.next_free = *first_free;
    *first_free = index as u32; // below the number of slots
    if let Value::List(items) = &mut slot.value {
        let items = mem::take(items);
        slot.value = Value::None;
        Objects {
            number,
            slots,
            first_free,
        }
        .decref_all(items.into());
    } else {
        mem::forget(mem::replace(&mut slot.value, Value::None));
    }
}

#[cold]
fn truth_of_other(value: &Value) -> bool {
    value.truth()
}
