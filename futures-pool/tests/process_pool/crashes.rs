//! The crash table: each way to go wrong, in each phase of a task.

use std::os::unix::process::ExitStatusExt;
use std::process::{self, ExitStatus};

use futures_pool::future::FutureError;
use nix::sys::signal::{Signal, raise};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{assert_broken, assert_works, died, executor, square};
use crate::support::{again, role};

/// When it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Phase {
    EncodeArgument,
    DecodeArgument,
    Run,
    EncodeResult,
    DecodeResult,
    None,
}

/// How it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Way {
    Error,
    Panic,
    Exit(u8),
    Abort,
    Overflow,
    Segfault,
    Terminate,
    Kill,
}

const DEADLY: [Way; 7] = [
    Way::Exit(0),
    Way::Exit(7),
    Way::Abort,
    Way::Overflow,
    Way::Segfault,
    Way::Terminate,
    Way::Kill,
];

impl Way {
    fn strike(self) -> Result<(), &'static str> {
        match self {
            Self::Error => return Err("an error"),
            Self::Panic => panic!("a panic"),
            Self::Exit(code) => process::exit(code.into()),
            Self::Abort => process::abort(),
            Self::Overflow => drop(std::hint::black_box(deep(1))),
            // The first one is seen by std's handler for stack overflows, which it is not.
            Self::Segfault => drop([(); 2].map(|()| raise(Signal::SIGSEGV))),
            Self::Terminate => drop(raise(Signal::SIGTERM)),
            Self::Kill => drop(raise(Signal::SIGKILL)),
        }
        Ok(())
    }

    /// How it ends a process.
    fn is(self, status: ExitStatus) -> bool {
        match self {
            Self::Exit(code) => status.code() == Some(code.into()),
            Self::Abort | Self::Overflow => status.signal() == Some(Signal::SIGABRT as i32),
            Self::Segfault => status.signal() == Some(Signal::SIGSEGV as i32),
            Self::Terminate => status.signal() == Some(Signal::SIGTERM as i32),
            Self::Kill => status.signal() == Some(Signal::SIGKILL as i32),
            _ => false,
        }
    }
}

/// Calls itself until the stack is at its end.
fn deep(n: u64) -> u64 {
    let frame = std::hint::black_box([n; 128]);
    if n == 0 { 0 } else { deep(n + 1) + frame[1] }
}

/// An argument that goes wrong, or whose result does.
#[derive(Clone, Copy, Debug)]
pub struct Bad {
    pub phase: Phase,
    pub way: Way,
}

impl Bad {
    /// The function that is called with it.
    pub fn pass(self) -> BadResult {
        if self.phase == Phase::Run {
            self.way.strike().unwrap();
        }
        BadResult(self)
    }

    fn try_pass(self) -> Result<BadResult, &'static str> {
        if self.phase == Phase::Run {
            self.way.strike()?;
        }
        Ok(BadResult(self))
    }
}

impl Serialize for Bad {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.phase == Phase::EncodeArgument {
            self.way.strike().map_err(S::Error::custom)?;
        }
        (self.phase, self.way).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bad {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (phase, way) = Deserialize::deserialize(deserializer)?;
        if phase == Phase::DecodeArgument {
            Way::strike(way).map_err(D::Error::custom)?;
        }
        Ok(Self { phase, way })
    }
}

#[derive(Debug)]
pub struct BadResult(Bad);

impl Serialize for BadResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Bad { phase, way } = self.0;
        // Half of it is there already.
        if phase == Phase::EncodeResult {
            return (phase, Strike(way)).serialize(serializer);
        }
        (phase, way).serialize(serializer)
    }
}

/// Strikes when it is encoded.
struct Strike(Way);

impl Serialize for Strike {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.strike().map_err(S::Error::custom)?;
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for BadResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (phase, way) = Deserialize::deserialize(deserializer)?;
        if phase == Phase::DecodeResult {
            Way::strike(way).map_err(D::Error::custom)?;
        }
        Ok(Self(Bad { phase, way }))
    }
}

/// PP-02 to PP-13, P03: error and panic fail the task alone, whatever ends the worker breaks the pool, and
/// says how.
pub fn in_the_worker() {
    for phase in [Phase::DecodeArgument, Phase::Run, Phase::EncodeResult] {
        let executor = executor(2);
        for way in [Way::Error, Way::Panic] {
            let future = executor.try_submit(Bad::try_pass, Bad { phase, way });
            let error = future.unwrap().into_result().unwrap_err();
            let right = match (phase, way) {
                (Phase::DecodeArgument, _) => matches!(error, FutureError::Argument(_)),
                (Phase::EncodeResult, _) => matches!(error, FutureError::Result(_)),
                (_, Way::Error) => error.is_failure_of::<&str>(),
                _ => error.is_panic(),
            };
            assert!(right, "{phase:?} {way:?}: {error:?}");
            let text = if way == Way::Error && phase != Phase::Run {
                None
            } else {
                Some(way)
            };
            let text = text.map_or("", |way| {
                if way == Way::Error {
                    "an error"
                } else {
                    "a panic"
                }
            });
            assert!(error.to_string().contains(text), "{error}");
            assert_works(&executor);
        }
        drop(executor);
        for way in DEADLY {
            let executor = super::executor(1);
            assert_works(&executor);
            let future = executor.submit(Bad::pass, Bad { phase, way }).unwrap();
            let behind: Vec<_> = (0..5).flat_map(|n| executor.submit(square, n)).collect();
            let (pid, status) = died(future);
            assert!(way.is(status), "{phase:?} {way:?}: {status}");
            for future in behind {
                let (same, how) = died(future);
                assert_eq!((same, how), (pid, status));
            }
            assert_broken(&executor);
        }
    }
}

/// PP-02 to PP-13: an argument is encoded and a result decoded in the parent. What ends it there ends
/// the program, workers and all.
pub fn in_the_parent() {
    for phase in [Phase::EncodeArgument, Phase::DecodeResult] {
        for way in DEADLY {
            let wanted = format!("{phase:?} {way:?}");
            match role() {
                None => {
                    let ended = again(&wanted);
                    assert!(way.is(ended.status), "{wanted}: {ended:?}");
                }
                Some(role) if role == wanted => {
                    let executor = executor(2);
                    assert_works(&executor);
                    let future = executor.submit(Bad::pass, Bad { phase, way });
                    unreachable!("{:?}", future.unwrap().into_result());
                }
                Some(_) => {}
            }
        }
    }
}
