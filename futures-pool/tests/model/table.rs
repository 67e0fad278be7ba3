//! The models, and what each comes to. A number after a name bounds the preemptions.

use crate::explore;
use crate::faulty::*;
use crate::faulty_wait::*;
use crate::pair::Real as Cell;
use crate::several::Real as Waits;
use crate::{awaited_models, callback_models, future_models, wait_models};

/// No mistake, to show that it is the mistake that a model catches.
type Sound = Faulty<NONE>;
type SoundWaits = FaultyWaits<SOUND>;

/// A test for each line. The attributes are its own.
macro_rules! models {
    ($($(#[$attribute:meta])* $name:ident $(($preemptions:literal))?: $model:path => $outcomes:expr;)*) => {
        $(
            #[test]
            $(#[$attribute])*
            fn $name() {
                explore(None$(.or(Some($preemptions)))?, $model, $outcomes);
            }
        )*
    };
}

models! {
    cancel_against_complete: future_models::cancel_against_complete::<Cell> => [false, true];
    cancel_against_set: future_models::cancel_against_set::<Cell> => [false, true];
    two_cancels: future_models::two_cancels::<Cell> => [false, true];
    two_look: future_models::two_look::<Cell> => [()];
    taken: future_models::taken::<Cell> => [()];
    dropped: future_models::dropped::<Cell> => [()];
    dropped_and_taken: future_models::dropped_and_taken::<Cell> => [()];
    disturbed: future_models::disturbed::<Cell> => [()];
    set_at_the_last_moment: future_models::set_at_the_last_moment::<Cell> => [()];
    set_against_the_clock: future_models::set_against_the_clock::<Cell> => [false, true];
    only_the_clock: future_models::only_the_clock::<Cell> => [()];

    callbacks_added_meanwhile: callback_models::added_meanwhile::<Cell> => ["12", "21"];
    callbacks_added_by_two: callback_models::added_by_two::<Cell> => ["am", "ma"];
    callbacks_added_against_cancel:
        callback_models::added_against_cancel::<Cell> => ["cancelled", "returned"];
    callbacks_then_taken: callback_models::taken::<Cell> => [()];
    callbacks_then_awaited: callback_models::awaited::<Cell> => [()];
    callbacks_then_taken_after_cancel:
        callback_models::taken_after_cancel::<Cell> => [false, true];

    awaited_set: awaited_models::set::<Cell> => [()];
    awaited_dropped: awaited_models::dropped::<Cell> => [()];
    awaited_moved: awaited_models::moved::<Cell> => [false, true];
    awaited_given_up: awaited_models::given_up::<Cell> => [false, true];

    wait_all: wait_models::all::<Waits> => [()];
    wait_one_by_one: wait_models::one_by_one::<Waits> => ["0", "01", "1"];
    wait_first_failure: wait_models::first_failure::<Waits> => ["01", "1"];
    wait_no_failure: wait_models::no_failure::<Waits> => [()];
    wait_against_the_clock: wait_models::wait_against_the_clock::<Waits> => [false, true];
    wait_in_time: wait_models::wait_in_time::<Waits> => [()];
    wait_at_the_last_moment: wait_models::wait_at_the_last_moment::<Waits> => [()];
    wait_disturbed: wait_models::wait_disturbed::<Waits> => [()];
    wait_only_the_clock: wait_models::wait_only_the_clock::<Waits> => [()];

    completed: wait_models::completed::<Waits> => ["01", "10"];
    completed_in_order: wait_models::completed_in_order::<Waits> => ["01", "10"];
    completed_meanwhile: wait_models::completed_meanwhile::<Waits> => ["201"];
    completed_against_the_clock:
        wait_models::completed_against_the_clock::<Waits> => [false, true];
    completed_at_the_last_moment: wait_models::completed_at_the_last_moment::<Waits> => [()];
    completed_stopped_early: wait_models::stopped_early::<Waits> => ["0", "1"];
    completed_disturbed: wait_models::completed_disturbed::<Waits> => [()];
}

// ---- the same with a mistake

models! {
    sound_cancel_against_complete:
        future_models::cancel_against_complete::<Sound> => [false, true];
    sound_cancel_against_set: future_models::cancel_against_set::<Sound> => [false, true];
    sound_two_look: future_models::two_look::<Sound> => [()];
    sound_dropped: future_models::dropped::<Sound> => [()];
    sound_disturbed: future_models::disturbed::<Sound> => [()];
    sound_set_at_the_last_moment: future_models::set_at_the_last_moment::<Sound> => [()];
    sound_only_the_clock: future_models::only_the_clock::<Sound> => [()];
    sound_callbacks_added_meanwhile: callback_models::added_meanwhile::<Sound> => ["12", "21"];
    sound_callbacks_then_taken: callback_models::taken::<Sound> => [()];
    sound_callbacks_then_awaited: callback_models::awaited::<Sound> => [()];
    sound_awaited_set: awaited_models::set::<Sound> => [()];
    sound_awaited_moved: awaited_models::moved::<Sound> => [false, true];

    #[should_panic(expected = "set when it was done")]
    done_before_the_outcome_is_there: future_models::cancel_against_set::<Faulty<DONE_FIRST>> => [false, true];

    #[should_panic(expected = "begun and cancelled")]
    a_cancel_that_looks_and_then_ends:
        future_models::cancel_against_complete::<Faulty<CANCELS_LATE>> => [false, true];

    #[should_panic(expected = "another outcome later")]
    a_result_that_does_not_look: future_models::cancel_against_set::<Faulty<SETS_ANYWAY>> => [false, true];

    #[should_panic(expected = "deadlock")]
    one_woken_of_two: future_models::two_look::<Faulty<WAKES_ONE>> => [()];

    #[should_panic(expected = "deadlock")]
    a_lost_promise_that_says_nothing: future_models::dropped::<Faulty<DROPS_SILENTLY>> => [()];

    #[should_panic(expected = "set when it was done")]
    a_waiter_that_looks_once: future_models::disturbed::<Faulty<LOOKS_ONCE>> => [()];

    #[should_panic(expected = "it was in time")]
    a_waiter_that_looks_at_the_clock_first:
        future_models::set_at_the_last_moment::<Faulty<CLOCK_FIRST>> => [()];

    #[should_panic(expected = "somebody left the count")]
    a_waiter_that_stays_in_the_count: future_models::only_the_clock::<Faulty<STAYS_IN_COUNT>> => [()];

    #[should_panic(expected = r#"came to {"1", "12", "2", "21"}"#)]
    a_callback_that_is_added_late:
        callback_models::added_meanwhile::<Faulty<ADDS_LATE>> => ["12", "21"];

    #[should_panic(expected = "called once")]
    a_callback_that_is_added_and_called:
        callback_models::added_meanwhile::<Faulty<ADDS_AND_CALLS>> => ["12", "21"];

    #[should_panic(expected = "Causality violation")]
    a_result_taken_from_a_callback:
        callback_models::taken::<Faulty<TAKES_FROM_CALLBACKS>> => [()];

    #[should_panic(expected = "Causality violation")]
    a_result_awaited_from_a_callback:
        callback_models::awaited::<Faulty<TAKES_FROM_CALLBACKS>> => [()];

    #[should_panic(expected = "deadlock")]
    callbacks_that_return_silently_taken:
        callback_models::taken::<Faulty<RETURNS_SILENTLY>> => [()];

    #[should_panic(expected = "deadlock")]
    callbacks_that_return_silently_awaited:
        callback_models::awaited::<Faulty<RETURNS_SILENTLY>> => [()];

    #[should_panic(expected = "deadlock")]
    the_waker_of_the_first_poll_stays: awaited_models::moved::<Faulty<KEEPS_WAKER>> => [false, true];

    #[should_panic(expected = "deadlock")]
    a_poll_that_leaves_its_waker_late: awaited_models::set::<Faulty<WATCHES_LATE>> => [()];
}

models! {
    sound_wait_all: wait_models::all::<SoundWaits> => [()];
    sound_wait_one_by_one: wait_models::one_by_one::<SoundWaits> => ["0", "01", "1"];
    sound_wait_no_failure: wait_models::no_failure::<SoundWaits> => [()];
    sound_wait_disturbed: wait_models::wait_disturbed::<SoundWaits> => [()];
    sound_wait_in_time: wait_models::wait_in_time::<SoundWaits> => [()];
    sound_completed: wait_models::completed::<SoundWaits> => ["01", "10"];
    sound_completed_at_the_last_moment:
        wait_models::completed_at_the_last_moment::<SoundWaits> => [()];

    #[should_panic(expected = "deadlock")]
    a_wait_that_forgets_the_done:
        wait_models::all::<FaultyWaits<FORGETS_THE_DONE>> => [()];

    #[should_panic(expected = "deadlock")]
    a_wait_that_sleeps_late: wait_models::all::<FaultyWaits<SLEEPS_LATE>> => [()];

    #[should_panic(expected = "deadlock")]
    an_iterator_that_sleeps_late: wait_models::completed::<FaultyWaits<SLEEPS_LATE>> => ["01", "10"];

    /// This copy puts those that were done before the call behind those that are done meanwhile.
    #[should_panic(expected = r#"came to {"021"}"#)]
    an_iterator_with_one_list: wait_models::completed_meanwhile::<SoundWaits> => ["201"];

    #[should_panic(expected = "removal index")]
    a_wait_that_looks_once: wait_models::wait_disturbed::<FaultyWaits<WAITS_ONCE>> => [()];

    #[should_panic(expected = "it was in time")]
    an_iterator_that_looks_at_the_clock_first:
        wait_models::completed_at_the_last_moment::<FaultyWaits<TIME_FIRST>> => [()];

    #[should_panic(expected = "deadlock")]
    a_wait_that_is_woken_first: wait_models::all::<FaultyWaits<WAKES_FIRST>> => [()];

    #[should_panic(expected = "deadlock")]
    a_wait_that_is_woken_for_two:
        wait_models::wait_in_time::<FaultyWaits<WAKES_FOR_TWO>> => [()];

    #[should_panic(expected = "returned early")]
    a_wait_that_takes_a_cancel_for_a_failure:
        wait_models::no_failure::<FaultyWaits<CANCELLED_FAILS>> => [()];

    #[should_panic(expected = "one is lost")]
    a_wait_that_loses_the_late:
        wait_models::one_by_one::<FaultyWaits<LOSES_THE_LATE>> => ["0", "01", "1"];
}
