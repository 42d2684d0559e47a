//! Tests of the public interface, which use nothing else. Scripts of the official suite cover everything that they can express.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod asynchronous;
mod bulk;
mod costs;
mod engine;
mod errors;
mod exceptions;
mod externs;
mod fuel;
mod handles;
mod heap;
mod hosts;
mod instances;
mod interruption;
mod limits;
mod linking;
mod memory64;
mod modules;
mod proposals;
mod recursion;
mod simd;
mod suspension;
mod threads;
mod traps;
mod types;
mod workloads;

use tickwasm::{Engine, Instance, Module, Store};

/// An instance of a module that imports nothing, in a store of its own.
fn instance(wat: &str) -> (Store<()>, Instance) {
    let engine = Engine::default();
    let module = Module::new(&engine, wat).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    (store, instance)
}
