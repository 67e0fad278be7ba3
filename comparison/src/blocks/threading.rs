//! Chapter 2's blocks.

use std::hint::black_box;
use std::sync::Mutex;

use threading::bounded_semaphore::BoundedSemaphore;
use threading::reentrant_lock::ReentrantLock;
use threading::semaphore::Semaphore;

use super::{Goal, Group, Row, timed};

pub(super) const GROUP: Group = Group {
    rows: ROWS,
    python: include_str!("../../../scripts/python/threading_blocks.py"),
};

const ROWS: &[Row] = &[
    Row {
        name: "thread",
        label: "线程创建与等待\nthread create + join",
        times: 20,
        rounds: 101,
        ours: thread,
        rivals: &[
            ("std", std_thread),
            #[cfg(unix)]
            ("pthread", limit::pthread),
        ],
        goal: Goal::OfRival(1.10),
    },
    Row {
        name: "reentrant-lock",
        label: "可重入锁 加锁与释放\nReentrantLock lock + unlock",
        times: 20_000,
        rounds: 21,
        ours: reentrant_lock,
        rivals: &[
            ("std Mutex", std_mutex),
            #[cfg(feature = "peers")]
            ("parking_lot ReentrantMutex", peers::reentrant_mutex),
        ],
        goal: Goal::OfRival(3.0),
    },
    Row {
        name: "semaphore",
        label: "信号量 获取与释放\nSemaphore acquire + release",
        times: 20_000,
        rounds: 21,
        ours: semaphore,
        rivals: &[("std Mutex", std_mutex)],
        goal: Goal::OfRival(3.0),
    },
    Row {
        name: "bounded-semaphore",
        label: "有界信号量 获取与释放\nBoundedSemaphore acquire + release",
        times: 20_000,
        rounds: 21,
        ours: bounded_semaphore,
        rivals: &[("std Mutex", std_mutex)],
        goal: Goal::OfRival(3.0),
    },
];

fn thread(times: u64) -> f64 {
    timed(|| {
        for _ in 0..times {
            let handle = threading::thread::spawn(|| ()).expect("the system has a thread to give");
            handle.join().expect("nothing does not panic");
        }
    })
}

fn std_thread(times: u64) -> f64 {
    timed(|| {
        for _ in 0..times {
            std::thread::spawn(|| ())
                .join()
                .expect("nothing does not panic");
        }
    })
}

fn std_mutex(times: u64) -> f64 {
    let lock = Mutex::new(());
    timed(|| {
        for _ in 0..times {
            drop(black_box(&lock).lock());
        }
    })
}

fn reentrant_lock(times: u64) -> f64 {
    let lock = ReentrantLock::new(());
    timed(|| {
        for _ in 0..times {
            drop(black_box(&lock).lock());
        }
    })
}

fn semaphore(times: u64) -> f64 {
    let semaphore = Semaphore::new(1);
    timed(|| {
        for _ in 0..times {
            drop(black_box(&semaphore).acquire());
        }
    })
}

fn bounded_semaphore(times: u64) -> f64 {
    let semaphore = BoundedSemaphore::new(1);
    timed(|| {
        for _ in 0..times {
            drop(black_box(&semaphore).acquire());
        }
    })
}

/// The least that the system needs.
#[cfg(unix)]
mod limit {
    use std::ffi::c_void;
    use std::ptr;

    use crate::blocks::timed;

    extern "C" fn nothing(_: *mut c_void) -> *mut c_void {
        ptr::null_mut()
    }

    pub(super) fn pthread(times: u64) -> f64 {
        timed(|| {
            for _ in 0..times {
                let mut thread = std::mem::MaybeUninit::uninit();
                // SAFETY: `thread` is valid for a write, null attributes are the defaults, and `nothing`
                // neither reads its argument nor unwinds.
                let created = unsafe {
                    libc::pthread_create(thread.as_mut_ptr(), ptr::null(), nothing, ptr::null_mut())
                };
                assert_eq!(created, 0, "the system has a thread to give");
                // SAFETY: `pthread_create` succeeded, so it wrote `thread`, which is joined here, once.
                let joined = unsafe { libc::pthread_join(thread.assume_init(), ptr::null_mut()) };
                assert_eq!(joined, 0, "a thread that was created can be joined");
            }
        })
    }
}

#[cfg(feature = "peers")]
mod peers {
    use std::hint::black_box;

    use parking_lot::ReentrantMutex;

    use crate::blocks::timed;

    pub(super) fn reentrant_mutex(times: u64) -> f64 {
        let lock = ReentrantMutex::new(());
        timed(|| {
            for _ in 0..times {
                drop(black_box(&lock).lock());
            }
        })
    }
}
