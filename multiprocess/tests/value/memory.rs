//! What is in the memory, and how long it is there.

use std::fmt::Debug;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU8, Ordering};

use multiprocess::array::{AccessError, Array, IndexError};
use multiprocess::shareable;
use multiprocess::shareable::Shareable;
use multiprocess::shared::Shared;
use multiprocess::value::Value;

use crate::children::spawn;
use crate::support::Line;

#[track_caller]
fn written_by_a_child<T: Shareable + PartialEq + Debug>(before: T, after: T) {
    let value = Value::new(before).unwrap();
    spawn(value.clone(), |value| {
        assert_eq!(value.get().unwrap(), before);
        value.set(after).unwrap();
    })
    .join();
    assert_eq!(value.get().unwrap(), after);
}

/// SH-01: for each type of number, and what is made of them.
pub fn what_a_child_writes_is_read() {
    written_by_a_child(1_i8, -1);
    written_by_a_child(i16::MIN, i16::MAX);
    written_by_a_child(0_i32, -7);
    written_by_a_child(-1_i64, i64::MAX);
    written_by_a_child(i128::MIN, 1);
    written_by_a_child(0_isize, -1);
    written_by_a_child(0_u8, 255);
    written_by_a_child(0_u16, 60_000);
    written_by_a_child(1_u32, u32::MAX);
    written_by_a_child(1_u64, u64::MAX);
    written_by_a_child(u128::MAX, 1 << 100);
    written_by_a_child(0_usize, 1);
    written_by_a_child(0.0_f32, 1.5);
    written_by_a_child(-0.1_f64, f64::INFINITY);
    written_by_a_child(false, true);
    written_by_a_child((), ());
    written_by_a_child([1.0, 2.0, 3.0], [0.0, -1.0, 0.5]);
    written_by_a_child((1_u8, 2_u64, [true; 3]), (3, 4, [false; 3]));
}

/// SH-02: a child that captured it replaces each element by the sum so far.
pub fn an_array_by_index_and_by_slice() {
    let array = Array::new((0..10).collect::<Vec<i64>>()).unwrap();
    assert_eq!((array.len(), array.is_empty()), (10, false));
    spawn((), |()| {
        let mut values = array.lock().unwrap();
        for index in 1..values.len() {
            values[index] += values[index - 1];
        }
    })
    .join();
    assert_eq!(
        array.to_vec().unwrap(),
        [0, 1, 3, 6, 10, 15, 21, 28, 36, 45]
    );
    assert_eq!(array.lock().unwrap()[2..4], [3, 6]);
    array.lock().unwrap()[8..].copy_from_slice(&[-1, -2]);
    array.set(0, 5).unwrap();
    assert_eq!(array.get(0).unwrap(), 5);
    assert_eq!(array.get(9).unwrap(), -2);
}

/// SH-03: also where there was another one before.
pub fn a_new_array_is_zeroed() {
    for _ in 0..3 {
        let array = Array::<u32>::zeroed(5000).unwrap();
        assert_eq!(array.to_vec().unwrap(), [0; 5000]);
        array.lock().unwrap().fill(u32::MAX);
    }
}

/// SH-04: and says which, of how many. R14: nothing outside is read or written.
pub fn an_index_out_of_range_is_an_error() {
    let array = Array::new([1_u8, 2, 3]).unwrap();
    for index in [3, 4, usize::MAX] {
        let error = AccessError::Index(IndexError { index, len: 3 });
        assert_eq!(array.get(index), Err(error));
        assert_eq!(array.set(index, 9), Err(error));
    }
    assert_eq!(array.to_vec().unwrap(), [1, 2, 3]);
    let error = array.get(3).unwrap_err().to_string();
    assert_eq!(error, "there is no element 3: the array has 3");
}

shareable! {
    #[derive(Debug, PartialEq)]
    struct Point {
        x: f64,
        y: f64,
        name: [u8; 8],
    }
}

/// SH-07: in a value, and several in an array.
pub fn a_struct_of_ones_own() {
    let point = Point {
        x: 1.0,
        y: -0.5,
        name: *b"origin  ",
    };
    let points = Array::new([point; 3]).unwrap();
    let value = Value::new(point).unwrap();
    spawn((points.clone(), value.clone()), |(points, value)| {
        points.lock().unwrap()[1].y = 7.0;
        value.lock().unwrap().name[0] = b'O';
    })
    .join();
    assert_eq!(
        points.to_vec().unwrap(),
        [point, Point { y: 7.0, ..point }, point]
    );
    assert_eq!(&value.get().unwrap().name, b"Origin  ");
    written_by_a_child(point, Point { x: 2.0, ..point });
}

/// SH-08
pub fn a_copy_is_independent_and_a_clone_is_not() {
    let array = Array::new([1, 2]).unwrap();
    let (clone, copy) = (array.clone(), Array::new(array.to_vec().unwrap()).unwrap());
    let value = Value::new(1).unwrap();
    let (same, other) = (value.clone(), Value::new(value.get().unwrap()).unwrap());
    spawn((), |()| {
        array.set(0, 9).unwrap();
        value.set(9).unwrap();
    })
    .join();
    assert_eq!(clone.to_vec().unwrap(), [9, 2]);
    assert_eq!(copy.to_vec().unwrap(), [1, 2]);
    assert_eq!(same.get().unwrap(), 9);
    assert_eq!(other.get().unwrap(), 1);
}

/// SH-10, SH-11, Q09: the process that made it is killed; those it forked have it still, and with the last of
/// them it is gone: nothing in `/dev/shm` (the harness looks).
pub fn one_process_ends_and_the_others_keep_it() {
    let (ready, go, done) = (Line::new(), Line::new(), Line::new());
    let creator = spawn((), |()| {
        let array = Array::new([1_i64; 10_000]).unwrap();
        let atomics = Shared::new([const { AtomicU8::new(0) }; 2]).unwrap();
        let heir = spawn((array.clone(), atomics.clone()), |(array, atomics)| {
            go.receive(); // the parent is gone
            array.lock().unwrap()[9999] += 5;
            atomics[1].store(7, Ordering::Relaxed);
            let sum: i64 = array.lock().unwrap().iter().sum();
            done.send(sum + i64::from(atomics[1].load(Ordering::Relaxed)));
        });
        // And the other way round: a child's end takes nothing away.
        spawn((array.clone(), atomics), drop).join();
        assert_eq!(array.get(0).unwrap(), 1);
        ready.send(heir.0.as_raw().into());
        Line::new().receive(); // to be killed
    });
    ready.receive();
    creator.kill();
    go.send(1);
    assert_eq!(done.receive(), 10_012);
}

/// How many bytes of shared memory this process has.
pub fn shared_mappings() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let size = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let number = |text| usize::from_str_radix(text, 16).unwrap();
        rest.starts_with("rw-s")
            .then(|| number(end) - number(start))
    };
    maps.lines().filter_map(size).sum()
}

/// SH-10, Q09: the memory goes with the last handle, in each process; used or not, whoever died with it.
pub fn the_last_handle_lets_go_of_the_memory() {
    let before = shared_mappings();
    let value = Value::new(1).unwrap();
    let array = Array::<u8>::zeroed(1_000_000).unwrap();
    let atomic = Shared::new(AtomicU8::new(1)).unwrap();
    assert!(shared_mappings() >= before + 1_000_000);
    let clones = (value.clone(), array.clone(), atomic.clone());
    spawn((value, array, atomic), |(value, array, atomic)| {
        value.set(2).unwrap();
        array.set(999_999, 2).unwrap();
        drop((value, array, atomic));
        std::mem::forget(clones.1.lock().unwrap());
    })
    .join();
    assert_eq!(clones.0.get(), Ok(2));
    assert!(clones.1.try_lock().is_err());
    assert_eq!(clones.1.lock_anyway().unwrap()[999_999], 2);
    assert!(shared_mappings() >= before + 1_000_000);
    drop(clones);
    assert_eq!(shared_mappings(), before);
}

/// SH-12: none is a size, and one that no machine has is an error and no crash.
pub fn sizes() {
    let empty = Array::<u64>::zeroed(0).unwrap();
    assert!(empty.is_empty());
    assert_eq!(empty.to_vec().unwrap(), []);
    assert!(empty.get(0).is_err());
    for len in [
        usize::MAX,
        usize::MAX / 8,
        usize::MAX / 8 - 7,
        usize::MAX / 16,
    ] {
        let error = Array::<u64>::zeroed(len).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{len}");
    }
    assert_eq!(Array::<()>::zeroed(usize::MAX).unwrap().len(), usize::MAX);
}

/// A cache line of its own, and a page of its own.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line64(u8);

// SAFETY: every byte 0 is a value, and so is every other.
unsafe impl Shareable for Line64 {}

#[derive(Clone, Copy)]
#[repr(C, align(4096))]
struct Page(u8);

// SAFETY: as above.
unsafe impl Shareable for Page {}

#[track_caller]
fn aligned<T: Shareable>(value: T) -> usize {
    let value = Value::new(value).unwrap();
    let address = (&raw const *value.lock().unwrap()).addr();
    assert_eq!(address % align_of::<T>(), 0);
    address
}

/// SH-14: also what is aligned to a whole page. No two values are in one cache line; the elements of an
/// array are as their type says.
pub fn each_is_aligned_and_in_a_line_of_its_own() {
    aligned(1_u8);
    aligned(1_u16);
    aligned(1_u64);
    aligned((1_u8, 1_u128));
    aligned(Line64(1));
    aligned(Page(1));
    let values = [0; 8].map(|_: u8| Value::new(0_u8).unwrap());
    let pages = values
        .each_ref()
        .map(|value| (&raw const *value.lock().unwrap()).addr() / 4096);
    assert!((1..8).all(|n| !pages[..n].contains(&pages[n])), "{pages:?}");

    let lines = Array::new([Line64(1), Line64(2)]).unwrap();
    let guard = lines.lock().unwrap();
    assert_eq!(
        (&raw const guard[1]).addr() - (&raw const guard[0]).addr(),
        64
    );
    assert_eq!((guard[0].0, guard[1].0), (1, 2));
    let page = Value::new(Page(3)).unwrap();
    assert_eq!(page.get().unwrap().0, 3);
}
