//! Runtime structure: stores and the instances in them, named as in the specification's fourth chapter.
//!
//! This module knows neither threaded code nor the embedder's data. `instantiate` makes instances.
//! <https://webassembly.github.io/spec/core/exec/runtime.html>

pub(crate) mod addr;
pub(crate) mod const_expr;
pub(crate) mod exceptions;
pub(crate) mod func_inst;
pub(crate) mod global_inst;
pub(crate) mod heap;
pub(crate) mod instantiate;
pub(crate) mod interrupt;
pub(crate) mod limiter;
pub(crate) mod mem_inst;
pub(crate) mod module_inst;
pub(crate) mod parked;
pub(crate) mod registry;
pub(crate) mod shared_mem;
pub(crate) mod stack;
pub(crate) mod store;
pub(crate) mod table_inst;
pub(crate) mod tag_inst;
pub(crate) mod trap;
pub(crate) mod zeroed;
