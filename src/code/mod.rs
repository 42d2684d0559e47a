//! Threaded code: what lowering writes and the executor runs.
//!
//! Code belongs to a module, not to an instance: it mentions indices and offsets, never an address of a store, so that all
//! instances of a module, on all threads, share it. `ops` says what there is, `builder` writes it, `meter` keeps its
//! accounts of fuel, `map` says where ops came from, `catches` is what is known of exceptions, `unit` keeps it.
//!
//! Words: a *cell* is four bytes of code; an *op* is a handler's address and its operands; a *slot* is eight bytes of the value
//! stack; the *accumulator* is the register in which every op leaves its result, one for each bank; a *pin* is a register that
//! mirrors a local, whose *home* is the local's slot.

pub(crate) mod builder;
pub(crate) mod catches;
mod cells;
pub(crate) mod layout;
pub(crate) mod map;
pub(crate) mod meter;
pub(crate) mod ops;
mod unit;

pub(crate) use unit::{Code, CodeUnit, Form, Held, LowerError, MemAccess, Source};
