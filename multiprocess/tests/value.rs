//! `value.rs`, `array.rs` and `shared.rs` between processes.
//!
//! Python's `multiprocessing.shared_memory` has names, and what belongs to a name: to attach by it from
//! a process that is no child (SH-09), to be told that it is wrong (SH-12), and a tracker that takes it
//! away too early (SH-11) or is killed itself (SH-15). Here there are no names. What is left of that is
//! tested: that a size may be refused (SH-12), that one process's end takes nothing from another (SH-11).
//! That a value with a lock has no operation without it, and the other way round (SH-05), is a matter of
//! types, and shown in the doc tests.
//!
//! Locks are all that is offered to wait for one another with. There is no semaphore across processes
//! (SM-14, R13), no event (EV-10 to EV-12) and no condition (CV-14, CV-15, R12): a queue's items do what
//! these do, and are not lost with whoever is killed.

#[cfg(target_os = "linux")]
mod children;
#[cfg(target_os = "linux")]
mod support;
#[cfg(target_os = "linux")]
mod value {
    pub mod counts;
    pub mod deaths;
    pub mod locks;
    pub mod memory;
}

#[cfg(target_os = "linux")]
fn main() {
    use value::{counts, deaths, locks, memory};
    support::main(cases![
        memory::what_a_child_writes_is_read,
        memory::an_array_by_index_and_by_slice,
        memory::a_new_array_is_zeroed,
        memory::an_index_out_of_range_is_an_error,
        memory::a_struct_of_ones_own,
        memory::a_copy_is_independent_and_a_clone_is_not,
        memory::one_process_ends_and_the_others_keep_it,
        memory::the_last_handle_lets_go_of_the_memory,
        memory::sizes,
        memory::each_is_aligned_and_in_a_line_of_its_own,
        counts::locked_increments_are_exact,
        counts::atomic_increments_are_exact,
        counts::a_lost_update,
        counts::unlocked_increments_do_no_other_harm,
        counts::a_float_without_a_lock,
        locks::a_lock_without_a_value,
        locks::a_second_lock_in_a_thread_is_an_error,
        locks::a_stopped_owner_and_a_timed_lock,
        locks::a_timed_lock_sleeps_by_the_monotonic_clock,
        locks::a_fork_with_the_lock_is_refused,
        locks::a_guard_forgotten_and_its_value_dropped,
        locks::threads_of_one_process,
        deaths::killed_half_way,
        deaths::everybody_is_told_until_one_has_looked,
        deaths::those_who_wait_are_told,
        deaths::killed_by_chance,
        deaths::the_one_who_mends_is_killed_too,
        deaths::other_ways_to_die,
        deaths::errors_go_through_anyhow,
    ])
}

#[cfg(not(target_os = "linux"))]
fn main() {}
