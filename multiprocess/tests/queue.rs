//! `queue.rs`: items between processes, whoever is killed.
//!
//! Not offered, so not tested here: MQ-05 and Q08, `task_done` and `join`; MQ-07's hook for what a feeder
//! thread could not encode, since `put` itself says so.

#[cfg(target_os = "linux")]
#[path = "support/sandbox.rs"]
mod sandbox;
#[cfg(target_os = "linux")]
mod support;

#[cfg(target_os = "linux")]
#[path = "queue/basics.rs"]
mod basics;
#[cfg(target_os = "linux")]
#[path = "queue/ends.rs"]
mod ends;
#[cfg(target_os = "linux")]
#[path = "queue/family.rs"]
mod family;
#[cfg(target_os = "linux")]
#[path = "queue/kills.rs"]
mod kills;
#[cfg(target_os = "linux")]
#[path = "queue/linear.rs"]
mod linear;
#[cfg(target_os = "linux")]
#[path = "queue/many.rs"]
mod many;
#[cfg(target_os = "linux")]
#[path = "queue/members.rs"]
mod members;
#[cfg(target_os = "linux")]
#[path = "queue/trouble.rs"]
mod trouble;

#[cfg(target_os = "linux")]
fn main() {
    support::main(cases![
        basics::all_ways_to_put_and_get,
        basics::full_and_empty,
        basics::used_before_the_child_starts,
        basics::what_cannot_be_encoded,
        basics::what_cannot_be_decoded,
        basics::closed,
        basics::closing_wakes_who_waits,
        basics::sizes,
        basics::no_capacity,
        basics::memory_is_used_again,
        basics::little_memory,
        basics::against_a_model,
        ends::captured_and_not_passed,
        ends::producers_that_return,
        ends::producers_that_are_killed,
        ends::killed_while_signals_come,
        ends::killed_while_waits_are_short,
        ends::a_producer_that_drops_its_handle_and_goes_on,
        ends::a_producer_that_has_left_before_it_is_entered,
        ends::producers_of_producers,
        ends::several_consumers_end,
        ends::consumers_that_are_killed,
        ends::alone,
        ends::alone_with_threads,
        ends::what_was_put_before_the_end_comes,
        ends::one_process_too_many,
        kills::small_items_and_little_room,
        kills::small_items_and_much_room,
        kills::large_items,
        linear::four_and_four_against_a_model,
        many::four_producers_and_four_consumers,
        many::large_items_of_many,
        members::without_descriptors_for_processes,
        members::a_number_given_anew,
        members::a_stopped_owner_of_the_lock,
        trouble::a_reader_killed_while_it_waits,
        trouble::a_reader_stopped_while_it_waits,
        trouble::a_writer_killed_in_a_large_item,
        trouble::a_stopped_owner_delays_no_timeout,
        trouble::joined_with_items_unread,
        trouble::signals,
    ]);
}

#[cfg(not(target_os = "linux"))]
fn main() {}
