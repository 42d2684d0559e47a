//! tickwasm runs WebAssembly: an interpreter in pure Rust, written from scratch.

mod code;
mod compile;
mod decode;
mod exec;
mod features;
mod limits;
mod lower;
mod runtime;
mod syntax;
mod validate;
