//! `connection.rs` between processes. What the types make impossible is shown in its doc tests: the
//! wrong direction (PI-02) and a use after the close (PI-10). Offset and size of a part (PI-09) are a
//! slice's, which is checked before `send_bytes` is called. No descriptors are passed (PI-15).

#[cfg(target_os = "linux")]
mod children;
#[cfg(target_os = "linux")]
mod pipe {
    pub mod ends;
    pub mod messages;
    pub mod signals;
    pub mod waiting;
}
#[cfg(target_os = "linux")]
mod support;

#[cfg(target_os = "linux")]
fn main() {
    use pipe::{ends, messages, signals, waiting};
    support::main(cases![
        messages::an_echo_of_values_and_bytes,
        messages::a_message_of_100_mib,
        messages::messages_are_neither_merged_nor_cut,
        messages::a_message_that_is_too_long_for_the_buffer_stays,
        messages::a_message_that_does_not_decode_costs_itself_only,
        messages::a_value_that_does_not_encode_sends_nothing,
        messages::both_sides_may_send_at_once,
        messages::one_way,
        ends::the_parents_copy_closes_with_the_arguments,
        ends::dropping_both_ends_closes_both,
        ends::a_child_closes_an_end_before_it_ends,
        ends::the_end_of_all_writers_is_the_end,
        ends::a_writer_killed_in_a_message,
        ends::no_reader_is_an_error_and_no_signal,
        ends::a_reader_that_left_something_unread,
        ends::a_child_keeps_only_what_it_was_given,
        ends::a_captured_end_never_reaches_another_file,
        ends::what_was_read_before_the_fork_goes_with_the_end,
        ends::four_children_and_each_ones_end_is_seen,
        waiting::poll_looks_and_takes_nothing,
        waiting::poll_waits_for_the_whole_message,
        waiting::poll_is_true_at_the_end,
        waiting::wait_tells_which,
        waiting::wait_with_a_sentinel,
        signals::signals_in_a_receive,
        signals::signals_in_a_send,
        signals::signals_in_a_timed_wait,
    ])
}

#[cfg(not(target_os = "linux"))]
fn main() {}
