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
