//! A WebAssembly interpreter in pure Rust, written from scratch: no JIT, no executable memory, no C.
//!
//! ```
//! use tickwasm::{Engine, Linker, Module, Store};
//!
//! // Modules are compiled for an engine, from text or from the binary format.
//! let engine = Engine::default();
//! let module = Module::new(&engine, r#"(module
//!     (import "host" "double" (func $double (param i32) (result i32)))
//!     (func (export "run") (param i32) (result i32)
//!         (i32.add (call $double (local.get 0)) (i32.const 1))))"#)?;
//!
//! // A linker defines their imports,
//! let mut linker = Linker::new(&engine);
//! linker.func_wrap("host", "double", |x: i32| x * 2)?;
//!
//! // and their instances live in a store.
//! let mut store = Store::new(&engine, ());
//! let instance = linker.instantiate(&mut store, &module)?;
//! let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
//! assert_eq!(run.call(&mut store, 20)?, 41);
//! # Ok::<(), tickwasm::Error>(())
//! ```
//!
//! # Where to look
//!
//! | to | see |
//! |---|---|
//! | configure features, fuel and limits | [`Config`], [`Engine`] |
//! | load a program, and look at its imports and exports | [`Module`] |
//! | offer functions and other things to programs | [`Linker`], [`Func::wrap`], [`Caller`] |
//! | compile programs once, and bound their resources | [`EngineConfig`], [`Engine::compile_wat`], [`CacheStats`] |
//! | follow a convention for small programs | [`tape`], [`status`] |
//! | run a program | [`Linker::instantiate`], [`InstancePre`], [`Instance`], [`TypedFunc`] |
//! | exchange data with it | [`Memory`], [`Global`], [`Table`], [`ExternRef`] |
//! | stop it from outside, go on with it later | [`InterruptHandle`], [`TypedFunc::call_resumable`], [`MaySuspend`] |
//! | let it wait for async functions | [`TypedFunc::call_async`], [`Linker::func_wrap_async`] |
//! | bound its resources | [`Store::set_fuel`], [`Store::set_max_memory_bytes`], [`Store::limiter`], [`Config::max_wasm_stack`] |
//! | find the cause of an error | [`enum@Error`], [`Trap`], [`WasmBacktrace`] |
//! | print names from a program safely | [`Escaped`] |
//!
//! Names and meanings are those of `wasmtime` wherever there is no reason against it.
//!
//! # Untrusted programs
//!
//! A program can use its limits and no more: memory and tables up to the store's limits, value stack up to
//! [`Config::max_wasm_stack`], time up to the fuel. Any bytes lead to a [`Result`], not to a panic, and no nesting or
//! recursion of a guest uses the host's stack. Host functions decide what else it can do.
//!
//! # Features of the crate
//!
//! | feature | on by default | it adds | dependencies |
//! |---|---|---|---|
//! | `wat` | yes | [`Module::new`] takes the text format as well as binaries, and errors show the line of the text | `wat`, `wast` |
//! | `anyhow` | no | errors of `anyhow` convert into [`enum@Error`] and keep their types | `anyhow` |
//! | `loop-dispatch` | no | dispatch by a loop where tail calls would be used otherwise: slower, for comparisons | |
//!
//! The only other dependency is `thiserror`. Proposals of WebAssembly are no features of the crate: [`Config`] switches them.

mod api;
mod code;
mod compile;
mod decode;
mod error;
mod escape;
mod exec;
mod features;
mod limits;
mod lower;
mod runtime;
mod support;
mod syntax;
#[cfg(feature = "wat")]
mod text;
mod validate;

#[doc(hidden)]
pub mod internals;
pub mod status;
pub mod tape;

pub use api::*;
pub use error::{
    CompilationError, CompilationStage, Error, HostFailure, MemoryAccessError, MemoryFault, Misuse,
    Result, ThrownException, TrapError,
};
pub use escape::Escaped;

/// The examples of the README are tested as those of the documentation are.
#[cfg(all(doctest, feature = "wat"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// The examples of the guides are tested as well.
#[cfg(all(doctest, feature = "wat"))]
#[doc = include_str!("../docs/suspending.md")]
struct Suspending;

#[cfg(all(doctest, feature = "wat"))]
#[doc = include_str!("../docs/metering.md")]
struct Metering;

#[cfg(all(doctest, feature = "wat"))]
#[doc = include_str!("../docs/programs.md")]
struct Programs;
