//! The models, and what each comes to.

use std::sync::Arc;

use crate::added::Added;
use crate::faulty::*;
use crate::loom_harness::models;
use crate::models::*;

type Real = Added<u8>;

/// No mistake, to show that it is the mistake that a model catches.
type Sound = Faulty<u8, NONE>;

models! {
    real_wakes: wakes::<Real> => [()];
    real_wakes_for_both: wakes_for_both::<Real> => [vec![1], vec![1, 2], vec![2], vec![2, 1]];
    real_last_child_adds: last_child_adds::<Real> => [false, true];
    real_stranger_adds: stranger_adds::<Real> => [false, true];
    real_stranger_adds_in_vain: stranger_adds_in_vain::<Real> => [false, true];
    real_the_group_is_dropped: the_group_is_dropped::<Added<Arc<()>>> => [false, true];
}

// ---- the same with a mistake

models! {
    sound_wakes: wakes::<Sound> => [()];
    sound_wakes_for_both: wakes_for_both::<Sound> => [vec![1], vec![1, 2], vec![2], vec![2, 1]];
    sound_last_child_adds: last_child_adds::<Sound> => [false, true];
    sound_stranger_adds: stranger_adds::<Sound> => [false, true];
    sound_stranger_adds_in_vain: stranger_adds_in_vain::<Sound> => [false, true];
    sound_the_group_is_dropped: the_group_is_dropped::<Faulty<Arc<()>, NONE>> => [false, true];

    #[should_panic(expected = "deadlock")]
    who_adds_wakes_nobody: wakes::<Faulty<u8, ADDS_SILENTLY>> => [()];

    #[should_panic(expected = "deadlock")]
    who_takes_sleeps_without_another_look: wakes::<Faulty<u8, SLEEPS_LATE>> => [()];

    #[should_panic(expected = "a child that runs adds one")]
    closing_before_looking: last_child_adds::<Faulty<u8, CLOSES_FIRST>> => [false, true];

    #[should_panic(expected = "assertion")]
    closing_after_looking: stranger_adds::<Faulty<u8, CLOSES_LATE>> => [false, true];

    #[should_panic(expected = "assertion")]
    adding_after_looking: stranger_adds::<Faulty<u8, ADDS_LATE>> => [false, true];

    #[should_panic(expected = "who has it?")]
    keeping_what_is_left: the_group_is_dropped::<Faulty<Arc<()>, KEEPS_WHAT_IS_LEFT>> => [false, true];
}
