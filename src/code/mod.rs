//! Threaded code: the output of lowering, which the executor runs.
//!
//! Code belongs to a module, not to an instance: it contains indices and offsets, never an address of a store, so that all
//! instances of a module, on all threads, share it. `ops` lists the ops, `builder` writes them, `meter` keeps the
//! accounts of fuel, `map` has the origins of ops, `catches` the clauses for exceptions, and `unit` owns the code.
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
