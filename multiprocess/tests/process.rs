//! `process.rs`: processes from their start to their end.
//!
//! Not offered, so not tested here: PR-03's negative time-outs and PR-01's and PR-06's questions before
//! the start do not compile; PR-15 is about a fork server, which there is none of;
//! X05, a program that starts itself anew without end for want of a main guard, cannot happen to a fork.

#[cfg(target_os = "linux")]
#[path = "support/sandbox.rs"]
mod sandbox;
#[cfg(target_os = "linux")]
mod support;

#[cfg(target_os = "linux")]
#[path = "process/basics.rs"]
mod basics;
#[cfg(target_os = "linux")]
#[path = "process/family.rs"]
mod family;
#[cfg(target_os = "linux")]
#[path = "process/outcome.rs"]
mod outcome;
#[cfg(target_os = "linux")]
#[path = "process/system.rs"]
mod system;

#[cfg(target_os = "linux")]
fn main() {
    support::main(cases![
        basics::one_from_start_to_end,
        basics::arguments_and_names_arrive,
        basics::names_are_numbered,
        basics::a_join_with_a_timeout,
        basics::terminate_and_kill,
        basics::the_sentinel_is_readable_at_the_end,
        basics::close_is_for_those_that_have_ended,
        basics::a_hundred_that_return,
        basics::a_hundred_that_are_terminated,
        basics::joined_twice_and_by_several_threads,
        outcome::exit_codes,
        outcome::a_panic_is_reported,
        outcome::a_panic_whose_payload_panics,
        outcome::an_error_is_reported,
        outcome::a_realtime_signal_is_an_exit_code,
        outcome::threads_of_the_child_are_not_waited_for,
        outcome::what_was_printed_before_comes_once,
        outcome::what_the_child_prints_comes_once,
        outcome::printed_while_the_parent_holds_stdout,
        family::children_of_children_of_children,
        family::a_grandchild_sees_its_parent_die,
        family::daemons_by_default_and_by_inheritance,
        family::a_daemon_ends_with_a_drop,
        family::a_daemon_ends_when_its_parent_returns_or_exits,
        family::a_daemon_and_its_daemon_end_with_a_killed_parent,
        family::a_daemon_ends_also_if_its_parent_was_gone_first,
        family::dropped_without_a_join,
        family::nobody_asks_and_the_next_call_reaps,
        family::a_handle_in_another_process,
        family::a_fork_is_no_process,
        system::no_start_beside_threads,
        system::descriptors_do_not_grow_with_siblings,
        system::a_child_keeps_the_ends_it_was_given,
        system::stdin_is_empty,
        system::closed_stdio,
        system::broken_stdio,
        system::signals_do_not_end_a_join,
        system::signals_do_not_shorten_a_timeout,
        system::sigpipe_stays_ignored,
        system::signals_that_the_parent_blocks_are_blocked,
        system::a_reaped_number_is_not_signalled,
        system::reaped_by_others,
        system::sigchld_ignored,
        system::no_descriptor_left,
        system::one_descriptor_left,
        system::no_pidfd,
        system::threads_are_counted_in_proc,
        system::threads_that_cannot_be_counted,
    ])
}

#[cfg(not(target_os = "linux"))]
fn main() {}
