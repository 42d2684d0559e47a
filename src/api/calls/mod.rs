//! Calls, in both directions: of functions by the embedder, and of host functions by a guest; at once, in parts or awaited.
//!
//! `func` and `typed_func` are functions to be called, `host_func` and `caller` the embedder's side of host functions; `resumable`, `asynchronous` and
//! `interrupt` are calls that stop on their way.

pub(crate) mod asynchronous;
pub(crate) mod backtrace;
pub(crate) mod caller;
pub(crate) mod func;
pub(crate) mod host_func;
pub(crate) mod interrupt;
pub(crate) mod resumable;
pub(crate) mod typed_func;
