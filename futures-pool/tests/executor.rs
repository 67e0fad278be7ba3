//! What must hold for every executor (`executor/bodies.rs`), for those whose workers are threads.

mod support;

#[path = "executor/bodies.rs"]
mod bodies;

use bodies::all_bodies;

macro_rules! over_threads {
    ($($body:ident),* $(,)?) => {
        mod threads {
            use futures_pool::thread_pool::ThreadPoolExecutor;
            $(
                #[test]
                fn $body() {
                    crate::support::bounded(|| crate::bodies::$body(ThreadPoolExecutor::new));
                }
            )*
        }
    };
}
all_bodies!(over_threads);

macro_rules! over_rayon {
    ($($body:ident),* $(,)?) => {
        mod rayon {
            use futures_pool::rayon_pool::RayonExecutor;
            $(
                #[test]
                fn $body() {
                    crate::support::bounded(|| crate::bodies::$body(RayonExecutor::new));
                }
            )*
        }
    };
}
all_bodies!(over_rayon);
