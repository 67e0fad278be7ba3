//! The models, and what each comes to. A number after a name bounds the preemptions.

use crate::ends::*;
use crate::event_loop::EventLoop;
use crate::faulty::*;
use crate::loom_harness::models;
use crate::models::*;

type Real = EventLoop;

/// No mistake, to show that it is the mistake that a model catches.
type Sound = Faulty<NONE>;

models! {
    real_main_hears: main_hears::<Real> => [1_usize, 2];
    real_task_hears: task_hears::<Real> => [1_usize, 2];
    real_hears_twice: hears_twice::<Real> => [1_usize, 2, 3];
    real_hears_two (4): hears_two::<Real> => [1_usize, 2, 3];
    real_hears_after_stranger: hears_after_stranger::<Real> => [1_usize, 2];
    real_there_and_back: there_and_back::<Real> => [()];
    real_wake_against_end: wake_against_end::<Real, false> => [()];
    real_wake_against_panic: wake_against_end::<Real, true> => [()];
    real_wake_against_next_run: wake_against_next_run::<Real, false> => [()];
    real_wake_against_next_run_after_panic: wake_against_next_run::<Real, true> => [()];
    real_joined (4): joined::<Real> => [()];
    real_abort_against_wake: abort_against_wake::<Real> => [false, true];
    real_abort_of_itself: abort_of_itself_against_wake::<Real> => [false, true];
    real_close_against_wake: close_against_wake::<Real> => [false, true];
    real_hears_beside_timer: hears_beside_timer::<Real> => [1_usize, 2];
    real_sleeps: sleeps::<Real> => [()];
    real_hears_and_sleeps (4): hears_and_sleeps::<Real> => [()];
}

// ---- the same with a mistake

models! {
    sound_main_hears: main_hears::<Sound> => [1_usize, 2];
    sound_task_hears: task_hears::<Sound> => [1_usize, 2];
    sound_hears_twice: hears_twice::<Sound> => [1_usize, 2, 3];
    sound_hears_two (4): hears_two::<Sound> => [1_usize, 2, 3];
    sound_hears_after_stranger: hears_after_stranger::<Sound> => [1_usize, 2];
    sound_there_and_back: there_and_back::<Sound> => [()];
    sound_wake_against_end: wake_against_end::<Sound, false> => [()];
    sound_wake_against_panic: wake_against_end::<Sound, true> => [()];
    sound_wake_against_next_run: wake_against_next_run::<Sound, false> => [()];
    sound_wake_against_next_run_after_panic: wake_against_next_run::<Sound, true> => [()];
    sound_joined (4): joined::<Sound> => [()];
    sound_abort_against_wake: abort_against_wake::<Sound> => [false, true];
    sound_abort_of_itself: abort_of_itself_against_wake::<Sound> => [false, true];
    sound_close_against_wake: close_against_wake::<Sound> => [false, true];
    sound_hears_beside_timer: hears_beside_timer::<Sound> => [1_usize, 2];
    sound_sleeps: sleeps::<Sound> => [()];
    sound_hears_and_sleeps (4): hears_and_sleeps::<Sound> => [()];

    #[should_panic(expected = "deadlock")]
    a_wake_up_that_skips_when_due: hears_twice::<Faulty<SKIPS_WHEN_DUE>> => [1_usize, 2, 3];

    #[should_panic(expected = "deadlock")]
    a_wake_up_that_looks_first: hears_two::<Faulty<LOOKS_THEN_WAKES>> => [1_usize, 2, 3];

    #[should_panic(expected = "was polled after its abort")]
    a_wake_up_that_undoes_an_abort: abort_against_wake::<Faulty<WAKES_THE_ABORTED>> => [false, true];

    #[should_panic(expected = "was polled in vain")]
    a_wake_up_that_queues_who_is_polled: hears_two::<Faulty<QUEUES_WHILE_RUNNING>> => [1_usize, 2, 3];

    #[should_panic(expected = "deadlock")]
    a_poll_that_begins_blindly: hears_twice::<Faulty<BEGINS_BLINDLY>> => [1_usize, 2, 3];

    #[should_panic(expected = "deadlock")]
    a_poll_that_is_due_to_its_end: main_hears::<Faulty<BEGINS_LATE>> => [1_usize, 2];

    #[should_panic(expected = "deadlock")]
    a_poll_that_ends_blindly: main_hears::<Faulty<SUSPENDS_BLINDLY>> => [1_usize, 2];

    #[should_panic(expected = "deadlock")]
    a_task_whose_poll_ends_blindly: task_hears::<Faulty<SUSPENDS_BLINDLY>> => [1_usize, 2];

    #[should_panic(expected = "was polled after its abort")]
    a_poll_that_forgets_an_abort: abort_of_itself_against_wake::<Faulty<SUSPENDS_ALL>> => [false, true];

    #[should_panic(expected = "was polled in vain")]
    a_task_that_is_never_done: wake_against_end::<Faulty<NEVER_DONE>, false> => [()];

    #[should_panic(expected = "was polled in vain")]
    a_task_that_panics_and_is_never_done: wake_against_end::<Faulty<NEVER_DONE>, true> => [()];

    #[should_panic(expected = "was polled in vain")]
    a_main_that_is_never_done: wake_against_next_run::<Faulty<NEVER_DONE>, false> => [()];

    #[should_panic(expected = "was polled in vain")]
    a_main_that_is_idle_after_a_panic: wake_against_next_run::<Faulty<IDLE_AFTER_PANIC>, true> => [()];

    #[should_panic(expected = "deadlock")]
    an_abort_that_queues_nobody: abort_against_wake::<Faulty<ABORTS_LATER>> => [false, true];

    #[should_panic(expected = "deadlock")]
    who_unparks_nobody: main_hears::<Faulty<UNPARKS_NOBODY>> => [1_usize, 2];

    #[should_panic(expected = "deadlock")]
    who_unparks_nobody_between_loops: there_and_back::<Faulty<UNPARKS_NOBODY>> => [()];

    #[should_panic(expected = "deadlock")]
    who_unparks_nobody_beside_a_timer: hears_beside_timer::<Faulty<UNPARKS_NOBODY>> => [1_usize, 2];

    #[should_panic(expected = "deadlock")]
    who_unparks_first: main_hears::<Faulty<UNPARKS_FIRST>> => [1_usize, 2];

    #[should_panic(expected = "deadlock")]
    a_loop_that_says_late_that_it_sleeps: main_hears::<Faulty<ASLEEP_LATE>> => [1_usize, 2];

    #[should_panic(expected = "a park has ended for nobody")]
    a_loop_that_trusts_the_park: hears_after_stranger::<Faulty<TRUSTS_THE_PARK>> => [1_usize, 2];

    #[should_panic(expected = "deadlock")]
    a_loop_that_parks_with_a_task: hears_beside_timer::<Faulty<PARKS_FOR_ALL>> => [1_usize, 2];

    #[should_panic(expected = "deadlock")]
    a_loop_that_forgets_its_timers: sleeps::<Faulty<FORGETS_TIMERS>> => [()];

    #[should_panic(expected = "deadlock")]
    a_loop_that_forgets_its_timers_for_news: hears_and_sleeps::<Faulty<FORGETS_TIMERS>> => [()];

    #[should_panic(expected = "deadlock")]
    a_task_that_ends_silently: joined::<Faulty<ENDS_SILENTLY>> => [()];

    #[should_panic(expected = "is not dropped")]
    a_close_that_leaves_the_woken: close_against_wake::<Faulty<LEAVES_THE_WOKEN>> => [false, true];
}
