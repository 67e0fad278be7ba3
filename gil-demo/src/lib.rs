//! Chapter 1 of the companion, GIL: CPython's lock, and the smallest honest interpreter that needs one.
//!
//! Each block is one file, some with a folder of the same name, and can be copied out with what its
//! header names. The story that uses them is in [`sections`].

pub mod convoy; // what a thread that answers suffers from one that computes
pub mod gil; // CPython's global interpreter lock: handed over on request
pub mod machine; // the interpreter loop: with the lock or without
pub mod object; // objects with plain reference counts, and the heap they are in
pub mod program; // bytecode: read from text and verified
pub mod timeline; // who had the lock when, as text

pub mod sections;
