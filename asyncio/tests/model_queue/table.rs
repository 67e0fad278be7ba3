//! The models, and what each comes to. A number after a name bounds the preemptions.

use crate::faulty::*;
use crate::loom_harness::models;
use crate::models::*;
use crate::queue::Queue;

type Real = Queue<u8>;

/// No mistake, to show that it is the mistake that a model catches.
type Sound = Faulty<NONE>;

models! {
    real_put_against_get: put_against_get::<Real> => [()];
    real_two_put_against_get (3): two_put_against_get::<Real> => [1, 2];
    real_dropped_get: dropped_get::<Real> => [false, true];
    real_dropped_get_later: dropped_get_later::<Real> => [()];
    real_dropped_put: dropped_put::<Real> => [()];
    real_newcomer: newcomer::<Real> => [false, true];
    real_moved: moved::<Real> => [false, true];
    real_shutdown_against_get: shutdown_against_get::<Real, false> => [()];
    real_immediate_against_get: shutdown_against_get::<Real, true> => [()];
    real_last_item: last_item::<Real> => [false, true];
    real_shutdown_against_put: shutdown_against_put::<Real, false> => [false, true];
    real_immediate_against_put: shutdown_against_put::<Real, true> => [false, true];
    real_shutdown_when_full: shutdown_when_full::<Real, false> => [()];
    real_immediate_when_full: shutdown_when_full::<Real, true> => [()];
    real_join_against_last: join_against_last::<Real> => [()];
    real_join_against_shutdown: join_against_shutdown::<Real> => [false, true];
}

// ---- the same with a mistake

models! {
    sound_put_against_get: put_against_get::<Sound> => [()];
    sound_two_put_against_get (3): two_put_against_get::<Sound> => [1, 2];
    sound_dropped_get: dropped_get::<Sound> => [false, true];
    sound_dropped_get_later: dropped_get_later::<Sound> => [()];
    sound_dropped_put: dropped_put::<Sound> => [()];
    sound_newcomer: newcomer::<Sound> => [false, true];
    sound_moved: moved::<Sound> => [false, true];
    sound_shutdown_against_get: shutdown_against_get::<Sound, false> => [()];
    sound_immediate_against_get: shutdown_against_get::<Sound, true> => [()];
    sound_last_item: last_item::<Sound> => [false, true];
    sound_shutdown_against_put: shutdown_against_put::<Sound, false> => [false, true];
    sound_immediate_against_put: shutdown_against_put::<Sound, true> => [false, true];
    sound_shutdown_when_full: shutdown_when_full::<Sound, false> => [()];
    sound_immediate_when_full: shutdown_when_full::<Sound, true> => [()];
    sound_join_against_last: join_against_last::<Sound> => [()];
    sound_join_against_shutdown: join_against_shutdown::<Sound> => [false, true];

    #[should_panic(expected = "deadlock")]
    a_dropped_get_that_eats_the_call: dropped_get_later::<Faulty<EATS_THE_CALL>> => [()];

    #[should_panic(expected = "deadlock")]
    a_dropped_get_that_eats_the_call_at_once: dropped_get::<Faulty<EATS_THE_CALL>> => [false, true];

    #[should_panic(expected = "deadlock")]
    a_dropped_put_that_keeps_the_room: dropped_put::<Faulty<KEEPS_THE_ROOM>> => [()];

    #[should_panic(expected = "deadlock")]
    a_dropped_get_that_stays_in_line: dropped_get_later::<Faulty<STAYS_IN_LINE>> => [()];

    #[should_panic(expected = "deadlock")]
    a_dropped_put_that_stays_in_line: dropped_put::<Faulty<STAYS_IN_LINE>> => [()];

    #[should_panic(expected = "deadlock")]
    who_enters_late: put_against_get::<Faulty<ENTERS_LATE>> => [()];

    #[should_panic(expected = "deadlock")]
    a_join_that_enters_late: join_against_last::<Faulty<ENTERS_LATE>> => [()];

    #[should_panic(expected = "deadlock")]
    the_waker_of_the_first_poll_stays: moved::<Faulty<KEEPS_WAKER>> => [false, true];

    #[should_panic(expected = "it was promised")]
    a_newcomer_that_overtakes: newcomer::<Faulty<OVERTAKES>> => [false, true];

    #[should_panic(expected = "deadlock")]
    a_shutdown_that_leaves_getters: shutdown_against_get::<Faulty<LEAVES_GETTERS>, false> => [()];

    #[should_panic(expected = "deadlock")]
    an_immediate_one_that_leaves_getters: shutdown_against_get::<Faulty<LEAVES_GETTERS>, true> => [()];

    #[should_panic(expected = "deadlock")]
    a_shutdown_that_leaves_putters: shutdown_when_full::<Faulty<LEAVES_PUTTERS>, false> => [()];

    #[should_panic(expected = "what is left")]
    a_putter_that_puts_anyway: shutdown_against_put::<Faulty<PUTS_ANYWAY>, true> => [false, true];

    #[should_panic(expected = "deadlock")]
    a_last_item_that_ends_silently: last_item::<Faulty<ENDS_SILENTLY>> => [false, true];

    #[should_panic(expected = "it is not done")]
    an_item_that_is_done_when_taken: join_against_last::<Faulty<DONE_WHEN_TAKEN>> => [()];

    #[should_panic(expected = "deadlock")]
    a_last_token_that_is_silent: join_against_last::<Faulty<DONE_SILENTLY>> => [()];

    #[should_panic(expected = "deadlock")]
    a_shutdown_that_is_never_done: join_against_shutdown::<Faulty<NEVER_DONE>> => [false, true];
}
