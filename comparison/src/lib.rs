//! Chapter 6 of the companion, 并发模型对比: runs every chapter against its contract, and measures.
//!
//! A new chapter joins in [`chapters`], a new model of the table in [`models`], a block's
//! rivals in [`blocks`].

pub mod blocks; //   blocks against what a user would otherwise pick
pub mod chapters; // the chapters that are present
pub mod child; //    this executable, started again to do one thing
pub mod choose; //   which model the document recommends, and what was measured
pub mod contract; // what a section must print, and the check
pub mod cores; //    which cores there are, and to stay on one
pub mod machine; //  what it was measured on
pub mod measures; // what can be measured of a model
pub mod models; //   the models of the table
#[cfg(target_os = "linux")]
pub mod network; //  thousands of connections against a server of each model
pub mod python; //   a CPython to measure beside
pub mod report; //   what was measured, as data, text, JSON, Markdown, HTML
pub mod rows; //     the document's eight rows
pub mod run; //      sections against their contracts
pub mod stats; //    median, spread, units
pub mod table; //    measures the rows
pub mod timeline; // who ran when, under each model
