//! tickwasm runs WebAssembly: an interpreter in pure Rust, written from scratch.

mod api;
mod code;
mod compile;
mod decode;
mod error;
mod exec;
mod features;
mod limits;
mod lower;
mod runtime;
mod syntax;
mod validate;

pub use api::*;
pub use error::{
    CompilationError, CompilationStage, Error, HostFailure, MemoryAccessError, Misuse, Result,
    TrapError,
};

#[cfg(feature = "harness")]
pub mod harness;

/// The examples of the README are tested as those of the documentation are.
#[cfg(all(doctest, feature = "wat"))]
#[doc = include_str!("../README.md")]
struct Readme;
