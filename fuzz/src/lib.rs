//! The engines that tickwasm is compared with, as peers of the comparison in `crates/fuzz-driver`.

#[cfg(feature = "peers")]
mod wasmi;
#[cfg(feature = "peers")]
mod wasmtime;

#[cfg(feature = "peers")]
pub use self::{wasmi::Wasmi, wasmtime::Wasmtime};
