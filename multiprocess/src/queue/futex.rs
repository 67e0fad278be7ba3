//! Sleeping on a word of shared memory until another process changes it. futex(2)

use std::ptr;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Sleeps while the upper half of the word is that of `expected` (the system compares 32 bits), for at
/// most `timeout`. It may return early for no reason, as after a signal: look, and sleep again.
pub fn wait(word: &AtomicU64, expected: u64, timeout: Duration) {
    let timeout = libc::timespec {
        tv_sec: timeout.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    // Not FUTEX_PRIVATE_FLAG: that is for the threads of one process.
    // SAFETY: the word is there for as long as it is borrowed, and so is the time.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            upper_half(word),
            libc::FUTEX_WAIT,
            (expected >> 32) as u32,
            ptr::from_ref(&timeout),
        );
    }
}

/// Wakes all who sleep on the word, in all processes.
pub fn wake_all(word: &AtomicU64) {
    // SAFETY: the word is there for as long as it is borrowed; nothing is written.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            upper_half(word),
            libc::FUTEX_WAKE,
            i32::MAX,
        );
    }
}

fn upper_half(word: &AtomicU64) -> *const u32 {
    let half = word.as_ptr().cast::<u32>();
    half.wrapping_add(usize::from(cfg!(target_endian = "little")))
}
