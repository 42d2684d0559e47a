//! tickwasm runs WebAssembly: an interpreter in pure Rust, written from scratch.

mod features;
mod limits;
mod syntax;
