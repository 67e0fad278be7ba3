//! The cases, by what they are about.

mod deaths;
mod errors;
mod life;
mod results;
mod traffic;

use crate::cases;
use crate::support::Case;

pub const CASES: &[Case] = cases![
    results::every_variant_equals_the_serial_result,
    results::no_input_gives_no_result_at_once,
    results::imap_keeps_the_order_and_ends_for_good,
    results::an_endless_input_is_taken_as_it_is_used,
    results::an_input_that_panics_does_so_after_what_came_before,
    results::a_timeout_can_be_asked_again,
    results::ready_and_successful_tell_without_waiting,
    results::two_workers_run_at_the_same_time,
    results::a_task_may_have_a_pool,
    life::what_a_task_has_started_ends_with_the_pool,
    life::stdin_is_the_parents,
    errors::an_error_keeps_its_kind_and_a_panic_its_message,
    errors::an_argument_that_cannot_be_encoded_fails_alone,
    errors::an_argument_that_cannot_be_decoded_fails_alone,
    errors::a_result_that_cannot_be_encoded_loses_no_worker,
    errors::a_result_that_cannot_be_decoded_fails_alone,
    errors::two_big_panics_do_not_hold_up_the_end,
    errors::settings_that_make_no_sense_are_refused,
    errors::threads_are_refused,
    life::terminate_does_not_wait_for_what_is_queued,
    life::a_dropped_pool_resolves_its_handles,
    life::a_closed_pool_takes_nothing_and_finishes_the_rest,
    life::a_worker_is_replaced_after_its_tasks,
    life::a_limit_of_one_task_and_an_early_close,
    life::workers_that_cannot_all_be_started_leave_nothing,
    life::the_memory_of_a_large_task_is_given_back,
    life::arguments_and_results_are_dropped,
    life::the_program_may_end_without_a_word,
    life::the_initialiser_runs_once_in_each_worker,
    life::a_failing_initialiser_breaks_the_pool,
    life::a_child_of_the_parent_cannot_use_the_pool,
    life::workers_keep_the_ends_they_were_given,
    life::shutdown_can_be_done_twice_in_any_order,
    deaths::a_busy_worker_is_killed,
    deaths::an_idle_worker_is_killed_fifty_times,
    deaths::a_worker_is_killed_in_the_middle_of_being_sent_a_task,
    deaths::a_task_that_kills_whoever_is_sent_it_fails,
    deaths::idle_workers_that_are_killed_again_and_again_break_the_pool,
    deaths::idle_workers_that_are_killed_now_and_then_do_not,
    deaths::each_way_to_die_has_its_status,
    deaths::all_workers_are_killed_at_once,
    deaths::the_broker_is_killed,
    deaths::no_replacement_can_be_started,
    deaths::a_worker_that_holds_nothing_but_has_a_child_is_seen_to_die,
    traffic::big_messages_both_ways,
    traffic::one_stuck_task_holds_up_no_other,
    traffic::what_was_handed_over_goes_on_alone,
    traffic::it_goes_so_far_while_the_parent_is_elsewhere,
    traffic::more_than_the_broker_keeps,
    traffic::all_stand_until_the_parent_reads,
    traffic::one_result_fills_what_is_kept,
    traffic::signals_disturb_nobody,
    traffic::a_finished_result_outlives_its_worker,
];
