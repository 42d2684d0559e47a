//! Abstract syntax: types, indices, instructions and modules, named as in the specification's second chapter.
//!
//! Nothing here decodes, checks or runs code. `instructions` is the one table of all instructions; `instr` is derived from
//! it.
//! <https://webassembly.github.io/spec/core/syntax/index.html>

pub(crate) mod cost;
pub(crate) mod index;
pub(crate) mod instr;
pub(crate) mod instructions;
pub(crate) mod module;
pub(crate) mod print;
pub(crate) mod types;
