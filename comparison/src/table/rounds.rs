//! The engine: all cells of a measure in turn, round by round, until the time is up.

use std::time::Instant;

use crate::measures::Sample;

/// Where a cell's samples come from.
pub trait Source {
    /// Takes one.
    ///
    /// # Errors
    ///
    /// Why there is none. It is not asked again.
    fn sample(&mut self) -> Result<Sample, String>;
}

/// For how long to go on.
pub struct Plan {
    /// So many rounds there should be.
    pub least: usize,
    /// And no more than so many.
    pub most: usize,
    /// Between these, as long as a round like the last would be over by then.
    pub until: Instant,
    /// Where it would not be over by then, [`FEWEST`] rounds must do.
    pub latest: Instant,
}

/// So many rounds in any case.
pub const FEWEST: usize = 3;

/// Samples of every source; those of one that failed are no longer there, only why.
pub type Samples = Vec<Result<Vec<Sample>, String>>;

/// Takes samples in turn. Each round begins one source later than the last, so that none always comes after
/// the same one; `tell` hears of each round before it begins. Returns the number of rounds.
pub fn take(
    sources: &mut [Box<dyn Source + '_>],
    plan: &Plan,
    mut tell: impl FnMut(usize),
) -> (Samples, usize) {
    let count = sources.len();
    let mut samples: Samples = vec![Ok(Vec::new()); count];
    let mut rounds = 0;
    while rounds < plan.most {
        tell(rounds);
        let begin = Instant::now();
        for place in 0..count {
            let index = (place + rounds) % count;
            if let Ok(taken) = &mut samples[index] {
                match sources[index].sample() {
                    Ok(sample) => taken.push(sample),
                    Err(reason) => samples[index] = Err(reason),
                }
            }
        }
        rounds += 1;
        let alive = samples.iter().any(Result::is_ok);
        let next = Instant::now() + begin.elapsed();
        let is_enough = rounds >= plan.least && next > plan.until;
        let must_do = rounds >= plan.least.min(FEWEST) && next > plan.latest;
        if !alive || is_enough || must_do {
            break;
        }
    }
    (samples, rounds)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use super::*;

    struct Fake<'a> {
        name: char,
        log: &'a RefCell<String>,
        fails_at: usize,
    }

    impl Source for Fake<'_> {
        fn sample(&mut self) -> Result<Sample, String> {
            self.log.borrow_mut().push(self.name);
            match self.fails_at {
                0 => Err("gave up".to_owned()),
                _ => {
                    self.fails_at -= 1;
                    Ok(Sample::default())
                }
            }
        }
    }

    fn run(fails_at: [usize; 3], plan: &Plan) -> (String, Samples, usize) {
        let log = RefCell::new(String::new());
        let mut sources: Vec<Box<dyn Source + '_>> = Vec::new();
        for (name, fails_at) in "abc".chars().zip(fails_at) {
            let log = &log;
            sources.push(Box::new(Fake {
                name,
                log,
                fails_at,
            }));
        }
        let (samples, rounds) = take(&mut sources, plan, |_| log.borrow_mut().push(' '));
        drop(sources);
        (log.into_inner(), samples, rounds)
    }

    const NEVER: usize = usize::MAX;

    fn plan(least: usize, most: usize, seconds: u64) -> Plan {
        let until = Instant::now() + Duration::from_secs(seconds);
        Plan {
            least,
            most,
            until,
            latest: until + Duration::from_secs(600),
        }
    }

    #[test]
    fn the_order_rotates() {
        let (log, _, rounds) = run([NEVER; 3], &plan(2, 4, 600));
        assert_eq!((log.as_str(), rounds), (" abc bca cab abc", 4));
    }

    #[test]
    fn when_the_time_is_up_the_least_is_done_all_the_same() {
        let (_, samples, rounds) = run([NEVER; 3], &plan(2, 4, 0));
        assert_eq!(rounds, 2);
        assert!(samples.iter().flatten().all(|samples| samples.len() == 2));
    }

    #[test]
    fn when_it_is_too_late_the_fewest_must_do() {
        let too_late = |least, seconds| {
            let plan = plan(least, 9, seconds);
            Plan {
                latest: Instant::now(),
                ..plan
            }
        };
        assert_eq!(run([NEVER; 3], &too_late(5, 0)).2, FEWEST);
        assert_eq!(run([NEVER; 3], &too_late(5, 600)).2, FEWEST);
        assert_eq!(run([NEVER; 3], &too_late(2, 600)).2, 2);
    }

    #[test]
    fn one_that_fails_is_left_out_and_the_others_go_on() {
        let (log, samples, _) = run([NEVER, 1, NEVER], &plan(3, 3, 600));
        assert_eq!(log, " abc bca ca");
        assert_eq!(samples[1], Err("gave up".to_owned()));
        assert_eq!(samples[0].as_ref().map(Vec::len), Ok(3));
    }

    #[test]
    fn when_all_have_failed_it_is_over() {
        assert_eq!(run([0; 3], &plan(3, 9, 600)).2, 1);
    }
}
