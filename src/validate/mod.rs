//! Validation: whether a decoded module keeps the rules of the specification's third chapter.
//!
//! [`check_module`] checks all but the function bodies and yields the [`Context`]; bodies are then checked one instruction at a time by a
//! [`FuncValidator`], which says of each the type it has in its place, so that lowering can follow along. Nothing here reads bytes, and
//! nothing is known of how instructions are run.
//!
//! `modules` and `types` are the rules for what is outside of bodies, `instructions` those for instructions, `stack` is the machine of
//! the specification's appendix on which the latter work, `matching` and `canonical` are subtyping and equality of types.
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
