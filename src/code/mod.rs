//! Threaded code: what lowering writes and the executor runs.
//!
//! Code belongs to a module, not to an instance: it mentions indices and offsets, never an address of a store, so that all
//! instances of a module, on all threads, share it.

mod unit;

pub(crate) use unit::{Code, CodeUnit, LowerError, Position, Source};
