//! Values as the embedder has them: numbers, references and the objects behind them, and Rust's types in the place of WebAssembly's.

pub(crate) mod exn;
pub(crate) mod gc;
pub(crate) mod refs;
pub(crate) mod val;
pub(crate) mod wasm_ty;
