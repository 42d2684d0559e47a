//! Values as the embedder has them: numbers, references and the objects behind them, and Rust's types for WebAssembly's.
//!
//! `slots` is the form in which calls pass them.

pub(crate) mod exn;
pub(crate) mod gc;
pub(crate) mod refs;
pub(crate) mod slots;
pub(crate) mod val;
pub(crate) mod wasm_ty;
