//! Guests that reach all of tickwasm's unsafe code outside of single handlers, small enough for Miri: calls of every kind, growth, host
//! functions that call back, suspension, exceptions, objects and their collection, shared memories.
//!
//! `tests/miri.sh` runs them under Miri, after the unit test that runs every handler. Under `cargo test` they are ordinary tests.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod calls;
mod objects;
mod suspension;
mod threads;

use tickwasm::{Config, Engine, Instance, Linker, Module, Store};

/// The configurations that lower code differently.
fn engines() -> Vec<Engine> {
    [false, true]
        .map(|fuel| engine(Config::new().consume_fuel(fuel)))
        .into()
}

fn engine(config: &mut Config) -> Engine {
    // Small, so that calls get to its end.
    Engine::new(config.max_wasm_stack(16 << 10)).unwrap()
}

/// A store, with fuel if the engine counts it.
fn store<T>(engine: &Engine, data: T) -> Store<T> {
    let mut store = Store::new(engine, data);
    let _ = store.set_fuel(1 << 40);
    store
}

fn instance<T>(store: &mut Store<T>, linker: &Linker<T>, text: &str) -> Instance {
    let module = Module::new(linker.engine(), text).unwrap();
    linker.instantiate(store, &module).unwrap()
}
