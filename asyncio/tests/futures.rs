//! Every future of the chapter in every state: new, waiting, moved to another task, woken, ready at once, over. In each it
//! is dropped or polled once more.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use asyncio::context::{AsyncContext, Exit, with};
use asyncio::event_loop::{self, EventLoop};
use asyncio::gather::gather;
use asyncio::generator::generator;
use asyncio::queue::Queue;
use asyncio::task::{TaskError, create_task, with_name, with_next_name};
use asyncio::task_group::task_group;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio_stream::Stream;

/// What a future is put through.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Dropped before it was polled.
    New,
    /// Dropped while it waits: it lets go of its waker, and nobody is woken.
    Waiting,
    /// Polled by one task and then by another: it keeps the waker of the last, and wakes that.
    Moved,
    /// Dropped after it was woken.
    Woken,
    /// Ready at the first poll, if it is a future that can be.
    AtOnce,
    /// Polled again after the end, then dropped.
    Over,
}

const STATES: [State; 6] = [
    State::New,
    State::Waiting,
    State::Moved,
    State::Woken,
    State::AtOnce,
    State::Over,
];

/// What a poll after the end does.
#[derive(Clone, Copy)]
enum Again {
    /// It panics, and says so.
    Panics(&'static str),
    /// It is ready again.
    Ready,
}

/// What the compiler makes an `async fn` say.
const ASYNC_FN: Again = Again::Panics("resumed after completion");

/// Counts how often it is woken. How many have its waker, its `Arc` tells.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A task that polls, and how many references it holds to its own waker: two.
struct Poller(Arc<Count>, Waker);

impl Poller {
    fn new() -> Self {
        let count = Arc::<Count>::default();
        let waker = Waker::from(count.clone());
        Self(count, waker)
    }

    fn woken(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    #[track_caller]
    fn is_let_go(&self, when: &str) {
        assert_eq!(Arc::strong_count(&self.0), 2, "a waker is kept {when}");
    }
}

/// What the futures run on.
enum World {
    Tokio(Runtime),
    Loop(EventLoop),
}

impl World {
    fn tokio() -> Self {
        let builder = &mut Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build();
        Self::Tokio(runtime.unwrap())
    }

    fn event_loop() -> Self {
        Self::Loop(EventLoop::with_paused_clock())
    }

    fn enter<R>(&self, act: impl FnOnce() -> R) -> R {
        self.run(async { act() })
    }

    /// Runs it inside, and lets the tasks there run as far as they can.
    fn run<R>(&self, act: impl Future<Output = R>) -> R {
        let main = async {
            let result = act.await;
            for _ in 0..8 {
                event_loop::yield_now().await; // any runtime will do
            }
            result
        };
        match self {
            Self::Tokio(runtime) => runtime.block_on(main),
            Self::Loop(event_loop) => event_loop.run_until_complete(main).unwrap(),
        }
    }

    fn poll<F: Future>(&self, future: &mut Pin<Box<F>>, poller: &Poller) -> bool {
        let mut context = Context::from_waker(&poller.1);
        self.enter(|| future.as_mut().poll(&mut context).is_ready())
    }
}

impl State {
    /// Puts a future that is not ready before `finish` through this state.
    fn check<F: Future>(
        self,
        world: &World,
        future: impl FnOnce() -> F,
        finish: impl Future<Output = ()>,
        is_ready_at_once: bool,
        again: Again,
    ) {
        let mut future = world.enter(|| Box::pin(future()));
        let (first, last) = (Poller::new(), Poller::new());
        let drop_it = |future: Pin<Box<F>>| {
            world.enter(|| {
                drop(future);
                first.is_let_go("by one that is dropped");
                last.is_let_go("by one that is dropped");
            });
        };
        match self {
            Self::New => {
                drop_it(future);
                world.run(finish);
            }
            Self::Waiting => {
                assert!(!world.poll(&mut future, &last));
                let before = last.woken();
                drop_it(future);
                world.run(finish);
                assert_eq!(last.woken(), before, "it is dropped, and wakes");
            }
            Self::Moved | Self::Woken | Self::Over => {
                assert!(!world.poll(&mut future, &first));
                assert!(!world.poll(&mut future, &last));
                first.is_let_go("by one that is polled elsewhere");
                let before = (first.woken(), last.woken());
                world.run(finish);
                assert!(last.woken() > before.1, "it wakes nobody");
                assert_eq!(first.woken(), before.0, "it wakes who polled it first");
                if let Self::Moved | Self::Over = self {
                    world.finish(&mut future, &last);
                }
                if let Self::Over = self {
                    world.poll_again(&mut future, &last, again);
                }
                drop_it(future);
            }
            Self::AtOnce => {
                world.run(finish);
                let is_ready = world.poll(&mut future, &last);
                assert_eq!(is_ready, is_ready_at_once, "ready at the first poll");
                drop_it(future);
            }
        }
    }
}

impl World {
    /// Polls as often as it is woken, until it is ready.
    fn finish<F: Future>(&self, future: &mut Pin<Box<F>>, poller: &Poller) {
        loop {
            let before = poller.woken();
            if self.poll(future, poller) {
                return;
            }
            assert!(poller.woken() > before, "it waits, and nothing wakes it");
        }
    }

    fn poll_again<F: Future>(&self, future: &mut Pin<Box<F>>, poller: &Poller, again: Again) {
        for _ in 0..2 {
            let polled = catch_unwind(AssertUnwindSafe(|| self.poll(future, poller)));
            match (again, polled) {
                (Again::Ready, Ok(ready)) => assert!(ready, "it waits again"),
                (Again::Ready, Err(_)) => panic!("it panics"),
                (Again::Panics(_), Ok(_)) => panic!("it is polled after its end, and says nothing"),
                (Again::Panics(message), Err(payload)) => {
                    let said = payload.downcast_ref::<String>().cloned();
                    let said = said.or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).into()));
                    let said = said.expect("a text");
                    assert!(said.contains(message), "it says '{said}'");
                }
            }
        }
    }
}

fn in_every_state(scene: fn(State)) {
    for state in STATES {
        let checked = catch_unwind(|| scene(state));
        checked.unwrap_or_else(|_| panic!("{state:?}"));
    }
}

/// A test for each future.
macro_rules! futures {
    ($($name:ident: $scene:expr;)*) => {
        $(
            /// F21, F30.
            #[test]
            fn $name() {
                in_every_state($scene);
            }
        )*
    };
}

const QUEUE: Again = Again::Panics("polled after it was ready");
const TASK: Again = Again::Panics("JoinHandle polled after completion");
const NAMED: Again = Again::Panics("polled after completion");
const GATHER: Again = Again::Panics("a Gather was polled after it was ready");
const CHILD: Again = Again::Panics("a Child was polled after it was ready");
const JOIN_HANDLE: Again = Again::Panics("a JoinHandle was polled after it was ready");

futures! {
    queue_get: |state| {
        let queue = Queue::bounded(1);
        let put = async { queue.put_nowait(1).unwrap() };
        state.check(&World::tokio(), || queue.get(), put, true, QUEUE);
    };
    queue_get_shut_down: |state| {
        let queue = Queue::<()>::bounded(1);
        let end = async { queue.shutdown() };
        state.check(&World::tokio(), || queue.get(), end, true, QUEUE);
    };
    queue_put: |state| {
        let queue = Queue::bounded(1);
        queue.put_nowait(1).unwrap();
        let get = async { drop(queue.get_nowait()) };
        state.check(&World::tokio(), || queue.put(2), get, true, QUEUE);
    };
    queue_put_shut_down: |state| {
        let queue = Queue::bounded(1);
        queue.put_nowait(1).unwrap();
        let end = async { queue.shutdown() };
        state.check(&World::tokio(), || queue.put(2), end, true, QUEUE);
    };
    queue_join: |state| {
        let queue = Queue::bounded(1);
        queue.put_nowait(1).unwrap();
        let get = async { drop(queue.get_nowait()) };
        state.check(&World::tokio(), || queue.join(), get, true, QUEUE);
    };
    task: |state| {
        let (go, goes) = gate();
        state.check(&World::tokio(), || create_task(goes), go, true, TASK);
    };
    task_cancel_on_drop: |state| {
        let (go, goes) = gate();
        let task = || create_task(goes).cancel_on_drop();
        state.check(&World::tokio(), task, go, true, TASK);
    };
    task_with_name: |state| {
        let (go, goes) = gate();
        state.check(&World::tokio(), || with_name("name", goes), go, true, NAMED);
    };
    task_with_next_name: |state| {
        let (go, goes) = gate();
        state.check(&World::tokio(), || with_next_name(goes), go, true, NAMED);
    };
    gather_results: |state| {
        let (go, goes) = gate();
        let all = || gather([ok(async {}), ok(goes), ok(async {})]);
        state.check(&World::tokio(), all, go, true, GATHER);
    };
    gather_error: |state| {
        let (go, goes) = gate();
        let fails: Fallible = Box::pin(async { goes.await; Err(TaskError::Cancelled) });
        let all = || gather([ok(pending()), fails]);
        state.check(&World::tokio(), all, go, true, GATHER);
    };
    gather_return_exceptions: |state| {
        let (go, goes) = gate();
        let all = || gather([ok(async {}), ok(goes)]).return_exceptions();
        state.check(&World::tokio(), all, go, true, ASYNC_FN);
    };
    group: |state| {
        let (go, goes) = gate();
        let group = || task_group(async |group| {
            let _child = group.spawn(ok(goes))?;
            Ok::<_, TaskError>(())
        });
        state.check(&World::tokio(), group, go, false, ASYNC_FN); // its first poll begins the child
    };
    group_child: |state| {
        let (go, goes) = gate();
        let (give, child) = std::sync::mpsc::channel();
        let world = World::tokio();
        let group = task_group(async move |group| {
            give.send(group.spawn(ok(goes))?).unwrap();
            Ok::<_, TaskError>(())
        });
        let _group = world.enter(|| tokio::spawn(group));
        state.check(&world, || child.recv().unwrap(), go, true, CHILD);
    };
    context_entering: |state| {
        let (go, goes) = gate();
        let gates = Gates { entering: Some(goes), leaving: None };
        let entering = || with(gates, async |_| Ok::<_, ()>(()));
        state.check(&World::tokio(), entering, go, true, ASYNC_FN);
    };
    context_body: |state| {
        let (go, goes) = gate();
        let gates = Gates::<Fallible> { entering: None, leaving: None };
        let body = || with(gates, async |_| { goes.await; Ok::<_, ()>(()) });
        state.check(&World::tokio(), body, go, true, ASYNC_FN);
    };
    context_leaving: |state| {
        let (go, goes) = gate();
        let gates = Gates { entering: None, leaving: Some(goes) };
        let leaving = || with(gates, async |_| Ok::<_, ()>(()));
        state.check(&World::tokio(), leaving, go, true, ASYNC_FN);
    };
    generator_next: |state| {
        let (go, goes) = gate();
        let next = || {
            let mut stream = generator(async |mut out| { goes.await; out.emit(1).await; });
            poll_fn(move |context| Pin::new(&mut stream).poll_next(context))
        };
        state.check(&World::tokio(), next, go, true, Again::Ready); // its end, as often as you like
    };
    loop_join_handle: |state| {
        let (go, goes) = gate();
        let task = || event_loop::current().unwrap().spawn(goes);
        state.check(&World::event_loop(), task, go, true, JOIN_HANDLE);
    };
    loop_sleep_until: |state| {
        let sleep = || event_loop::sleep_until(event_loop::current().unwrap().now() + SECOND);
        let pass = event_loop::sleep(2 * SECOND);
        state.check(&World::event_loop(), sleep, pass, true, Again::Ready);
    };
    loop_sleep: |state| {
        let (sleep, pass) = (|| event_loop::sleep(SECOND), event_loop::sleep(2 * SECOND));
        state.check(&World::event_loop(), sleep, pass, false, ASYNC_FN); // from its first poll on
    };
}

const SECOND: Duration = Duration::from_secs(1);

/// Opens the second.
fn gate() -> (impl Future<Output = ()>, impl Future<Output = ()> + Send) {
    let (give, given) = oneshot::channel();
    let go = async { give.send(()).unwrap_or(()) }; // nobody need wait
    (go, async { given.await.unwrap() })
}

type Fallible = Pin<Box<dyn Future<Output = Result<(), TaskError>> + Send>>;

fn ok(future: impl Future<Output = ()> + Send + 'static) -> Fallible {
    Box::pin(async {
        future.await;
        Ok(())
    })
}

/// A context that waits on the way in, or on the way out.
struct Gates<F> {
    entering: Option<F>,
    leaving: Option<F>,
}

impl<F: Future + Send> AsyncContext for Gates<F> {
    type Error = ();

    async fn enter(&mut self) -> Result<(), ()> {
        if let Some(gate) = self.entering.take() {
            gate.await;
        }
        Ok(())
    }

    async fn exit(&mut self, _: Exit) -> Result<(), ()> {
        if let Some(gate) = self.leaving.take() {
            gate.await;
        }
        Ok(())
    }
}

/// F21, F30: one that is always put off once, and wakes itself for that.
#[test]
fn loop_yield_now() {
    let world = World::event_loop();
    for polls in 0..3 {
        let mut future = Box::pin(event_loop::yield_now());
        let poller = Poller::new();
        for poll in 0..polls {
            assert_eq!(world.poll(&mut future, &poller), poll == 1);
            assert_eq!(poller.woken(), 1);
        }
        if polls == 2 {
            world.poll_again(&mut future, &poller, ASYNC_FN);
        }
        drop(future);
        poller.is_let_go("by one that is dropped");
    }
}
