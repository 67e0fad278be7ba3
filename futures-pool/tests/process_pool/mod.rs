//! The cases, by what they are about, and what they have in common.

#[path = "../executor/bodies.rs"]
mod bodies;
mod crashes;
mod deaths;
mod errors;
mod life;
mod program;
mod recycling;
mod results;
mod runtime;
mod signals;
mod system;

use std::process;

use futures_pool::future::{Broken, Future, FutureError};
use futures_pool::process_pool::ProcessPoolExecutor;
use nix::unistd::Pid;

use crate::cases;
use crate::support::{Case, role};

/// What stands first in `main`. Some cases are about its absence.
pub fn begin() {
    let is_worker = std::env::args().any(|arg| arg == "__futures_pool_worker");
    match role().as_deref() {
        Some("without init") => {}
        Some("init in the parent alone") if is_worker => {}
        Some("another main") if is_worker => process::exit(5),
        Some("workers may be refused") if is_worker && system::is_refused() => process::exit(5),
        _ => futures_pool::init(),
    }
}

/// What must hold for every executor, and what for this one.
pub fn cases() -> Vec<Case> {
    [every_executor::CASES, CASES].concat()
}

macro_rules! over_processes {
    ($($body:ident),* $(,)?) => {
        mod every_executor {
            use crate::support::{children, descriptors, eventually};
            use futures_pool::process_pool::ProcessPoolExecutor;
            $(
                pub fn $body() {
                    let before = descriptors();
                    super::bodies::$body(ProcessPoolExecutor::new);
                    // Some leave an executor that was told not to wait.
                    eventually("all is gone", || {
                        children().is_empty() && descriptors() == before
                    });
                }
            )*
            pub const CASES: &[crate::support::Case] = crate::cases![$($body),*];
        }
    };
}
bodies::all_bodies!(over_processes);

const CASES: &[Case] = cases![
    results::a_future_has_the_result,
    results::a_map_begins_before_it_is_asked_and_not_without_end,
    results::settings_that_make_no_sense_are_refused,
    results::sixty_tasks_have_four_workers,
    results::one_idle_worker_is_enough,
    results::all_workers_run_at_the_same_time,
    results::tasks_that_wait_for_each_other_meet,
    results::nobody_waits_behind_a_slow_task,
    results::the_initialiser_has_run_in_each_worker,
    results::a_task_may_have_a_pool,
    results::a_hundred_megabytes_both_ways,
    results::a_hundred_submits_at_once,
    errors::an_error_keeps_its_kind_and_a_panic_its_message,
    errors::what_cannot_be_sent_fails_alone,
    errors::the_error_of_one_item_of_a_chunk_is_its_own,
    errors::a_failing_initialiser_breaks_the_pool,
    errors::nothing_keeps_an_argument_or_a_result,
    crashes::in_the_worker,
    crashes::in_the_parent,
    deaths::a_busy_worker_is_killed,
    deaths::an_idle_worker_is_killed,
    deaths::all_workers_are_killed_at_once,
    deaths::a_worker_dies_in_the_middle_of_a_big_task,
    deaths::a_worker_dies_in_the_middle_of_a_big_result,
    deaths::finished_results_outlive_their_worker,
    deaths::a_worker_that_leaves_its_socket_to_a_child_is_seen_to_die,
    deaths::workers_are_killed_while_they_start,
    deaths::stopped_workers_can_be_killed,
    life::shutdown_can_cancel,
    life::shutdown_need_not_wait,
    life::shutdown_from_everywhere,
    life::a_callback_may_drop_the_executor,
    life::shutdown_and_then_a_death,
    life::shutdown_and_then_an_error,
    life::terminate_and_kill,
    life::terminate_with_much_to_do,
    life::a_worker_may_handle_the_signal,
    life::a_worker_outlives_the_thread_that_submitted,
    recycling::a_worker_has_its_number_of_tasks,
    recycling::a_backlog,
    recycling::tasks_taken_together_meet,
    recycling::shutdown_without_waiting,
    recycling::dropped,
    recycling::no_replacement_can_be_started,
    recycling::no_replacement_after_a_kill,
    program::the_parent_is_killed,
    program::the_parent_leaves,
    program::init_is_missing,
    program::a_worker_that_does_not_get_to_init_starts_nothing,
    program::the_executable_is_replaced,
    program::a_worker_has_no_input_and_no_descriptor,
    program::started_by_hand,
    signals::what_the_parent_ignores_or_handles,
    signals::while_workers_start,
    signals::from_the_terminal,
    signals::the_stop_key,
    signals::a_worker_and_its_own,
    signals::terminated_all_the_same,
    signals::a_broken_pipe,
    signals::children_are_ignored,
    system::a_worker_without_privileges_ends_with_its_parent,
    system::a_parent_without_privileges_ends_its_workers,
    system::other_pid_namespaces,
    system::closed_standard_descriptors,
    system::a_privileged_program,
    system::an_initialiser_that_cannot_be_sent,
    system::a_start_fails_beside_a_running_task,
    system::a_worker_ends_before_init,
    runtime::two_hundred_workers_among_busy_threads,
];

fn square(n: u64) -> u64 {
    n * n
}

fn pid<A>(_: A) -> u32 {
    process::id()
}

fn executor(workers: usize) -> ProcessPoolExecutor {
    ProcessPoolExecutor::new(workers).expect("an executor")
}

/// How the worker died.
#[track_caller]
fn died<T: std::fmt::Debug>(future: Future<T>) -> (u32, process::ExitStatus) {
    match future.into_result() {
        Err(FutureError::Broken(Broken::WorkerDied { pid, status })) => (pid, status),
        other => panic!("{other:?}"),
    }
}

/// The executor takes tasks, and they have their results.
#[track_caller]
fn assert_works(executor: &ProcessPoolExecutor) {
    let squares: Result<Vec<u64>, _> = executor.map(square, 0..20).collect();
    assert_eq!(
        squares.expect("good tasks"),
        (0..20).map(square).collect::<Vec<_>>()
    );
}

#[track_caller]
fn assert_broken(executor: &ProcessPoolExecutor) {
    let refused = executor.submit(square, 1);
    assert!(
        refused.as_ref().is_err_and(|error| error.is_broken()),
        "{refused:?}"
    );
}

/// Whether this process's thread of that name sleeps.
fn thread_sleeps(name: &str) -> bool {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return false; // there may be too many descriptors for the moment
    };
    let stats = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")));
    let asleep = format!(" ({name}) S ");
    stats.flatten().any(|stat| stat.contains(&asleep))
}

fn to_pid(number: i64) -> Pid {
    Pid::from_raw(number.try_into().expect("a pid"))
}
