//! Faults that were found by trying the blocks, each with its number: that they stay mended.

#[cfg(target_os = "linux")]
mod children;
#[cfg(target_os = "linux")]
mod support;
#[cfg(target_os = "linux")]
#[path = "support/workers.rs"]
mod workers;
#[cfg(target_os = "linux")]
mod faults {
    pub mod descriptors;
    pub mod ends;
    pub mod guards;
    pub mod memory;
    pub mod numbers;
    pub mod signals;
    pub mod unwinding;
}

#[cfg(target_os = "linux")]
fn main() {
    use faults::{descriptors, ends, guards, memory, numbers, signals, unwinding};
    support::main(cases![
        guards::a_thread_that_leaked_a_guard_ends_the_process,
        guards::a_guard_that_the_end_of_a_thread_leaks,
        guards::other_ends_with_a_leaked_guard,
        guards::what_is_killed_with_the_lock_has_stopped_writing,
        guards::no_more_locks_than_the_system_frees,
        memory::what_is_reserved_is_in_no_core_file,
        memory::what_is_reserved_is_not_locked,
        signals::what_the_parent_ignores,
        signals::what_the_parent_handles_later,
        signals::what_ends_the_parent,
        signals::a_child_of_a_worker_ends_when_it_is_asked_to,
        signals::idle_workers_that_are_asked_to_end_now_and_then,
        ends::a_daemon_that_changed_its_user,
        ends::a_worker_that_changed_its_user,
        ends::without_the_parent_death_signal,
        unwinding::a_process_that_a_destructor_starts,
        unwinding::a_pool_that_a_destructor_builds,
        numbers::children_in_another_namespace_are_refused,
        numbers::a_namespace_of_its_own,
        numbers::random_numbers_of_workers,
        descriptors::none_is_taken_for_a_standard_stream,
    ]);
}

#[cfg(not(target_os = "linux"))]
fn main() {}
