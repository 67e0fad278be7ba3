//! The models of `gil.rs`, and what each comes to: one holder at a time, no waiter is forgotten, and who was
//! asked to let go does not have the lock again before another had it.
//!
//! An outcome is mostly the model's log: who had the lock, in order. `m` is the model's main thread. A
//! number after a name bounds the preemptions.

use crate::explore;
use crate::faulty::*;
use crate::gil::Gil;
use crate::lock::Value;
use crate::releases::*;
use crate::requests::*;

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

type Real = Gil<Value>;

models! {
    gil_one_holder(5): one_holder::<Real> => [()];
    gil_one_holder_against_the_clock(4): one_holder_against_the_clock::<Real> => [2_usize, 3, 4];
    gil_asked: asked::<Real> => ["mam"];
    gil_asked_back: asked_back::<Real> => ["mama"];
    gil_asked_at_any_time(5): asked_at_any_time::<Real> => ["mammm", "mmamm", "mmmam", "mmmma"];
    gil_two_asked(3): two_asked::<Real> => ["mabm", "mamb", "mbam", "mbma"];
    gil_one_of_two_asked(3): one_of_two_asked::<Real> => [3_usize, 4];
    gil_served_otherwise(4): served_otherwise::<Real> => ["m", "ma", "mabb", "mbb", "mbba"];
    gil_a_switch_starts_the_interval_anew(4):
        a_switch_starts_the_interval_anew::<Real> => ["maaba", "mbbab"];

    gil_let_in: let_in::<Real> => ["mam"];
    gil_let_in_against_the_clock: let_in_against_the_clock::<Real> => ["mam"];
    gil_two_let_in_against_the_clock(5): two_let_in_against_the_clock::<Real> => [4_usize];
    gil_overtaken: overtaken::<Real> => ["mamm", "mmam", "mmma"];
    gil_woken_in_vain: woken_in_vain::<Real> => ["mam", "mma"];
    gil_asked_then_let_in: asked_then_let_in::<Real> => ["mam"];
    gil_dropped_when_asked: dropped_when_asked::<Real> => ["mamm"];
    gil_dropped_against_the_clock: dropped_against_the_clock::<Real> => [1_u64, 2];
    gil_disturbed(3): disturbed::<Real> => ["mam", "mma"];

    gil_panicked: panicked::<Real> => ["ma"];
    gil_panicked_when_asked: panicked_when_asked::<Real> => ["ma"];
    gil_panicked_without_it: panicked_without_it::<Real> => ["mam"];
    gil_twice(5): twice::<Real> => [()];
    gil_twice_while_it_has_let_go(3): twice_while_it_has_let_go::<Real> => [()];
}

// ---- the same with a mistake

/// No mistake, to show that it is the mistake that a model catches.
type Sound = Faulty<NONE>;

models! {
    sound_one_holder(2): one_holder::<Sound> => [()];
    sound_asked: asked::<Sound> => ["mam"];
    sound_asked_at_any_time(2): asked_at_any_time::<Sound> => ["mammm", "mmamm", "mmmam", "mmmma"];
    sound_asked_then_let_in: asked_then_let_in::<Sound> => ["mam"];
    sound_overtaken: overtaken::<Sound> => ["mamm", "mmam", "mmma"];
    sound_woken_in_vain: woken_in_vain::<Sound> => ["mam", "mma"];
    sound_dropped_when_asked: dropped_when_asked::<Sound> => ["mamm"];
    sound_a_switch_starts_the_interval_anew(2):
        a_switch_starts_the_interval_anew::<Sound> => ["maaba", "mbbab"];
    sound_let_in: let_in::<Sound> => ["mam"];
    sound_panicked: panicked::<Sound> => ["ma"];
    sound_twice(2): twice::<Sound> => [()];

    #[should_panic(expected = "Causality violation")]
    a_lock_that_looks_once_has_two_holders(2): one_holder::<Faulty<LOOKS_ONCE>> => [()];

    #[should_panic(expected = "deadlock")]
    a_lock_that_wakes_nobody_forgets_who_asked: asked::<Faulty<WAKES_NOBODY>> => ["mam"];

    #[should_panic(expected = "deadlock")]
    a_lock_that_wakes_nobody_lets_nobody_in: let_in::<Faulty<WAKES_NOBODY>> => ["mam"];

    /// Starvation: the one that asked has not had the lock when the one that was asked has it again.
    #[should_panic(expected = r#"came to {"mam", "mma"}"#)]
    a_lock_that_does_not_force_the_switch_is_back_at_once: asked::<Faulty<NOT_FORCED>> => ["mam"];

    #[should_panic(expected = "was back at once")]
    a_lock_that_does_not_force_the_switch_starves_at_any_time(2):
        asked_at_any_time::<Faulty<NOT_FORCED>> => ["mammm", "mmamm", "mmmam", "mmmma"];

    #[should_panic(expected = "has not waited for the switch")]
    a_lock_that_does_not_force_the_switch_does_not_when_dropped:
        dropped_when_asked::<Faulty<NOT_FORCED>> => ["mamm"];

    #[should_panic(expected = "deadlock")]
    a_lock_that_forces_a_switch_nobody_asked_for_waits_for_ever:
        overtaken::<Faulty<ALWAYS_FORCED>> => ["mamm", "mmam", "mmma"];

    #[should_panic(expected = "deadlock")]
    a_lock_that_switches_silently_leaves_who_waits_for_it: asked::<Faulty<SWITCHES_SILENTLY>> => ["mam"];

    #[should_panic(expected = "deadlock")]
    a_lock_that_notes_its_holder_first_sees_no_switch: asked::<Faulty<NOTES_FIRST>> => ["mam"];

    #[should_panic(expected = "deadlock")]
    a_lock_that_keeps_the_request_waits_for_who_has_gone: asked::<Faulty<KEEPS_REQUEST>> => ["mam"];

    #[should_panic(expected = "was asked as soon as it came")]
    an_impatient_lock_asks_who_has_just_come(2):
        a_switch_starts_the_interval_anew::<Faulty<IMPATIENT>> => ["maaba", "mbbab"];

    #[should_panic(expected = "was asked within the interval")]
    a_hasty_lock_asks_when_it_is_woken: woken_in_vain::<Faulty<HASTY>> => ["mam", "mma"];

    #[should_panic(expected = "deadlock")]
    a_lock_that_a_panic_does_not_let_go_is_lost: panicked::<Faulty<STAYS_IN_PANIC>> => ["ma"];

    #[should_panic(expected = "deadlock")]
    a_lock_that_does_not_know_its_holder_waits_for_itself(2):
        twice::<Faulty<WAITS_FOR_ITSELF>> => [()];
}
