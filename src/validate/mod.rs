//! Validation: whether a decoded module keeps the rules of the specification's third chapter.
//!
//! [`check_module`] checks everything but the function bodies and returns the [`Context`]. A [`FuncValidator`] then checks bodies one
//! instruction at a time, and reports the type that each has in its place, so that lowering can run alongside. This module reads no bytes
//! and does not depend on how instructions are executed.
//!
//! `modules` and `types` have the rules for everything outside of bodies, `instructions` those for instructions; `stack` is the machine of
//! the specification's appendix that the latter work on; `matching` and `canonical` are subtyping and equality of types.
//! <https://webassembly.github.io/spec/core/valid/index.html>

#![forbid(unsafe_code)]

pub mod canonical;
pub mod matching;

mod const_expr;
mod context;
mod error;
mod instructions;
mod modules;
mod operand;
mod stack;
mod types;

#[cfg(test)]
mod suite;
#[cfg(test)]
mod tests;

pub use context::Context;
pub use error::ValidateError;
pub use modules::check_module;
pub use stack::FuncValidator;
