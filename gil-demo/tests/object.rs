//! `object.rs`: what is counted is freed once, and a reference is good for its heap alone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gil_demo::object::{Heap, ObjectRef, RefError, Value};

/// The text that `f` panics with.
fn panic_text<R>(f: impl FnOnce() -> R) -> String {
    let result = catch_unwind(AssertUnwindSafe(f));
    let payload = result.err().expect("it panics");
    let text = payload.downcast::<String>();
    *text.expect("with a formatted text")
}

#[test]
fn a_new_heap_has_three_objects() {
    assert_eq!(Heap::new().live(), 3);
    assert_eq!(Heap::default().live(), 3);
}

#[test]
fn the_last_reference_frees() {
    let mut heap = Heap::new();
    let object = heap.int(7);
    heap.incref(object);
    assert_eq!((heap.ref_count(object), heap.live()), (2, 4));
    heap.decref(object);
    assert_eq!((heap.ref_count(object), heap.live()), (1, 4));
    heap.decref(object);
    assert_eq!(heap.live(), 3);
    assert_eq!(heap.get(object), Err(RefError::Freed));
}

#[test]
fn none_and_the_bools_are_one_object_each() {
    let mut heap = Heap::new();
    for make in [Heap::none, |h| h.bool(false), |h| h.bool(true)] as [fn(&mut Heap) -> _; 3] {
        let (one, other) = (make(&mut heap), make(&mut heap));
        assert_eq!(one, other);
        assert_eq!(heap.ref_count(one), 3); // with the heap's own
        heap.decref(one);
        heap.decref(one);
        assert_eq!(heap.ref_count(one), 1);
    }
    assert_ne!(heap.bool(true), heap.bool(false));
    assert_eq!(heap.live(), 3);
}

#[test]
fn equal_ints_are_two_objects() {
    let mut heap = Heap::new();
    let (one, other) = (heap.int(7), heap.int(7));
    assert_ne!(one, other);
    assert_eq!(heap.value(one), heap.value(other));
}

#[test]
fn a_freed_slot_is_the_first_to_be_used_again() {
    let mut heap = Heap::new();
    let (first, second) = (heap.int(1), heap.int(2));
    heap.decref(first);
    heap.decref(second);
    assert_eq!(heap.int(3), second);
    assert_eq!(heap.int(4), first);
}

#[test]
fn many_objects_keep_their_values() {
    let mut heap = Heap::new();
    let objects: Vec<ObjectRef> = (0..1000).map(|value| heap.int(value)).collect();
    assert_eq!(heap.live(), 1003);
    for (value, &object) in (0..).zip(&objects) {
        assert_eq!(heap.value(object), &Value::Int(value));
    }
    objects.into_iter().for_each(|object| heap.decref(object));
    assert_eq!(heap.live(), 3);
}

#[test]
fn a_list_frees_what_only_it_refers_to() {
    let mut heap = Heap::new();
    let (kept, given) = (heap.int(1), heap.int(2));
    heap.incref(kept);
    let list = heap.list([kept, given, kept]);
    heap.incref(kept); // the list owns two of the three there are
    assert_eq!(heap.ref_count(kept), 3);
    heap.decref(list);
    assert_eq!(heap.ref_count(kept), 1);
    assert_eq!(heap.get(given), Err(RefError::Freed));
    assert_eq!(heap.live(), 4);
}

#[test]
fn lists_nest_deeper_than_the_stack() {
    let mut heap = Heap::new();
    let mut list = heap.list([]);
    for _ in 0..1_000_000 {
        list = heap.list([list]);
    }
    heap.decref(list);
    assert_eq!(heap.live(), 3);
}

#[test]
fn an_object_of_another_heap_is_refused() {
    let (mut heap, mut other) = (Heap::new(), Heap::new());
    let foreign = other.int(7);
    assert_eq!(heap.get(foreign), Err(RefError::HeapMismatch));
    let uses: [fn(&mut Heap, ObjectRef); 5] = [
        |heap, object| heap.incref(object),
        |heap, object| heap.decref(object),
        |heap, object| _ = heap.ref_count(object),
        |heap, object| _ = heap.value(object),
        |heap, object| _ = heap.list([object]),
    ];
    for used in uses {
        let text = panic_text(|| used(&mut heap, foreign));
        assert_eq!(text, RefError::HeapMismatch.to_string());
    }
    assert_eq!((other.ref_count(foreign), heap.live()), (1, 3));
}

#[test]
fn a_freed_object_is_refused() {
    let mut heap = Heap::new();
    let object = heap.int(7);
    heap.decref(object);
    let text = panic_text(|| heap.decref(object));
    assert_eq!(text, RefError::Freed.to_string());
    assert_eq!(heap.live(), 3); // and is not freed twice
}

#[test]
fn values_have_pythons_type_truth_and_number() {
    let object = Heap::new().none();
    let list = |items: &[ObjectRef]| Value::List(items.into());
    let table = [
        (Value::None, "NoneType", false, None),
        (Value::Bool(false), "bool", false, Some(0)),
        (Value::Bool(true), "bool", true, Some(1)),
        (Value::Int(0), "int", false, Some(0)),
        (Value::Int(-7), "int", true, Some(-7)),
        (list(&[]), "list", false, None),
        (list(&[object]), "list", true, None),
    ];
    for (value, name, truth, number) in table {
        assert_eq!(
            (value.type_name(), value.truth(), value.as_int()),
            (name, truth, number)
        );
    }
}
