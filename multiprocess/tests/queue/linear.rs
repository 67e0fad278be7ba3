//! A queue against a model, with several processes at it at once.
//!
//! Four producers and four consumers do what they are told, up to four operations at a time. What comes of
//! these must be what comes of them one after the other, in some order, on a `VecDeque`. All states that
//! the model can be in are kept; there must always be one.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use multiprocess::queue::{Consumer, GetError, Producer, PutError, Queue};

use crate::family::{Random, child, join};
use crate::support::{CEILING, Line};

type Item = (i64, Vec<u8>);

/// What the model is: the items, and whether it is closed.
type State = (VecDeque<i64>, bool);

const EACH: usize = 4;

// How an operation is done, and `CLOSE`, which both kinds can do.
const WAIT: i64 = 0;
const TRY: i64 = 1;
const SHORT: i64 = 2;
const CLOSE: i64 = 3;
const END: i64 = 4;

// What comes of it; of a get that has an item, that one's number.
const DONE: i64 = 0;
const NOT_NOW: i64 = -1;
const CLOSED: i64 = -2;
const OTHER: i64 = -3;

/// One operation: who does it, how, with which item, and what came of it.
#[derive(Clone, Copy, Debug)]
struct Operation {
    actor: usize,
    how: i64,
    item: i64,
    result: i64,
}

impl Operation {
    fn puts(&self) -> bool {
        self.actor < EACH && self.how != CLOSE
    }

    fn gets(&self) -> bool {
        self.actor >= EACH && self.how != CLOSE
    }
}

/// A process, and how it is told what to do and tells what came of it.
struct Actor {
    orders: Line,
    results: Line,
}

fn bytes(item: i64) -> Vec<u8> {
    let len = [0, 10, 1000, 100_000][item as usize % 4];
    vec![item as u8; len]
}

/// Does what it is told: two numbers, how and with which item.
fn obey(actor: &Actor, close: impl Fn(), act: impl Fn(i64, i64) -> i64) {
    loop {
        let (how, item) = (actor.orders.receive(), actor.orders.receive());
        match how {
            END => return,
            CLOSE => {
                close();
                actor.results.send(DONE);
            }
            how => actor.results.send(act(how, item)),
        }
    }
}

fn produce(producer: &Producer<Item>, how: i64, item: i64) -> i64 {
    let item = (item, bytes(item));
    let put = match how {
        TRY => producer.try_put(&item),
        SHORT => producer.put_timeout(&item, Duration::from_millis(1)),
        _ => producer.put_timeout(&item, CEILING),
    };
    match put {
        Ok(()) => DONE,
        Err(PutError::Full) => NOT_NOW,
        Err(PutError::Closed) => CLOSED,
        Err(_) => OTHER,
    }
}

fn consume(consumer: &Consumer<Item>, how: i64) -> i64 {
    let got = match how {
        TRY => consumer.try_get(),
        SHORT => consumer.get_timeout(Duration::from_millis(1)),
        _ => consumer.get_timeout(CEILING),
    };
    match got {
        Ok((number, data)) if data == bytes(number) => number,
        Err(GetError::Empty) => NOT_NOW,
        Err(GetError::Closed) => CLOSED,
        _ => OTHER,
    }
}

/// What the model becomes, if the operation can have had this result. `crowded`: others were at the same
/// side, and one of them may have kept it from the lock for so long that it gave up.
fn apply(state: &State, operation: &Operation, capacity: usize, crowded: bool) -> Option<State> {
    let (mut items, mut closed) = state.clone();
    let full = items.len() >= capacity;
    let gave_up = crowded && operation.how != WAIT;
    let possible = match operation.result {
        DONE if operation.how == CLOSE => {
            closed = true;
            true
        }
        DONE if operation.puts() => {
            items.push_back(operation.item);
            !full && !closed
        }
        NOT_NOW if operation.puts() => gave_up || full && !closed && operation.how != WAIT,
        NOT_NOW => gave_up || items.is_empty() && !closed && operation.how != WAIT,
        CLOSED if operation.puts() => closed,
        CLOSED => closed && items.is_empty(),
        OTHER => false,
        number => items.pop_front() == Some(number),
    };
    possible.then_some((items, closed))
}

/// All states that the operations, in any order, can lead to.
fn after(state: &State, left: &[Operation], all: &[Operation], capacity: usize) -> BTreeSet<State> {
    if left.is_empty() {
        return [state.clone()].into();
    }
    let mut states = BTreeSet::new();
    for (at, operation) in left.iter().enumerate() {
        let same_side = |other: &&Operation| {
            (other.puts() && operation.puts()) || (other.gets() && operation.gets())
        };
        let crowded = all.iter().filter(same_side).count() > 1;
        if let Some(next) = apply(state, operation, capacity, crowded) {
            let rest = [&left[..at], &left[at + 1..]].concat();
            states.extend(after(&next, &rest, all, capacity));
        }
    }
    states
}

/// Up to four operations of as many processes. One that waits as long as it takes is only among them if
/// the others make sure that it comes to an end.
fn choose(
    random: &mut Random,
    states: &BTreeSet<State>,
    capacity: usize,
    next: &mut i64,
) -> Vec<Operation> {
    let count = if states.len() > 50 {
        1
    } else {
        1 + random.below(4)
    };
    let (mut actors, close) = (BTreeSet::new(), random.below(300) == 0);
    while actors.len() < count {
        actors.insert(random.below(2 * EACH));
    }
    let closer = random.below(count);
    let mut all: Vec<_> = (0..)
        .zip(actors)
        .map(|(at, actor)| {
            *next += 1; // so that 0 is no item
            let how = if close && at == closer { CLOSE } else { TRY };
            Operation {
                actor,
                how,
                item: *next,
                result: OTHER,
            }
        })
        .collect();
    let puts = all.iter().filter(|operation| operation.puts()).count();
    let gets = all.iter().filter(|operation| operation.gets()).count();
    let is_closed = close || states.iter().any(|(_, closed)| *closed);
    let lens = || states.iter().map(|(items, _)| items.len());
    let most = lens().max().unwrap_or_default();
    let least = lens().min().unwrap_or_default();
    let puts_are_done = is_closed || most + puts <= capacity;
    // A put that does not wait may find the lock taken.
    let gets_are_done = is_closed || least >= gets;
    for operation in all.iter_mut().filter(|operation| operation.how != CLOSE) {
        let sure = if operation.puts() {
            puts_are_done
        } else {
            gets_are_done
        };
        operation.how = [TRY, SHORT, WAIT][random.below(if sure { 3 } else { 2 })];
    }
    // One that waits for another.
    if let [one, other] = &mut all[..]
        && one.puts()
        && other.gets()
        && puts_are_done
    {
        (one.how, other.how) = (WAIT, WAIT);
    }
    all
}

/// MQ-01, MQ-02, MQ-08: random operations of four producers and four consumers at once.
pub fn four_and_four_against_a_model() {
    let mut random = Random::new();
    for capacity in [1, 2, 5, usize::MAX] {
        for _ in 0..3 {
            run(&mut random, capacity);
        }
    }
}

fn run(random: &mut Random, capacity: usize) {
    let queue = Queue::<Item>::bounded(capacity).unwrap();
    let (producer, consumer) = queue.clone().split();
    let actors: Vec<_> = (0..2 * EACH)
        .map(|_| Actor {
            orders: Line::new(),
            results: Line::new(),
        })
        .collect();
    let children: Vec<_> = actors
        .iter()
        .enumerate()
        .map(|(number, actor)| match number < EACH {
            true => child(producer.clone(), |producer| {
                obey(
                    actor,
                    || producer.close(),
                    |how, item| produce(&producer, how, item),
                );
            }),
            false => child(consumer.clone(), |consumer| {
                obey(actor, || consumer.close(), |how, _| consume(&consumer, how));
            }),
        })
        .collect();
    let mut states: BTreeSet<State> = [Default::default()].into();
    let mut next = 0;
    for _ in 0..600 {
        let mut all = choose(random, &states, capacity, &mut next);
        for operation in &all {
            let orders = &actors[operation.actor].orders;
            orders.send(operation.how);
            orders.send(operation.item);
        }
        for operation in &mut all {
            operation.result = actors[operation.actor].results.receive();
        }
        let possible: BTreeSet<State> = states
            .iter()
            .flat_map(|state| after(state, &all, &all, capacity))
            .filter(|(items, closed)| (items.len(), *closed) == (queue.len(), queue.is_closed()))
            .collect();
        assert!(!possible.is_empty(), "{all:?} in one of {states:?}");
        states = possible;
    }
    for actor in &actors {
        actor.orders.send(END);
        actor.orders.send(0);
    }
    children.into_iter().for_each(join);
}
