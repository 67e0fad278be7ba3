//! Bodies that run over every executor, through the trait.

use futures_pool::executor::Executor;
use futures_pool::rayon_pool::RayonExecutor;
use futures_pool::thread_pool::ThreadPoolExecutor;

fn square(n: u64) -> u64 {
    n * n
}

fn works<E: Executor>(executor: &E) {
    assert_eq!(executor.submit(square, 7).unwrap().into_result(), Ok(49));
    let failing = executor.try_submit(|text: String| text.parse::<u8>(), "x".into());
    assert!(failing.unwrap().into_result().is_err());
    let squares: Vec<u64> = executor
        .map(square, 0..100)
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(squares, (0..100).map(square).collect::<Vec<_>>());
    assert_eq!(executor.map(square, 0..).take(10).count(), 10);
}

#[test]
fn threads() {
    works(&ThreadPoolExecutor::new(4).unwrap());
}

#[test]
fn rayon() {
    works(&RayonExecutor::new(2).unwrap());
}
