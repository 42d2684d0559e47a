//! Real programs: the workloads of the benches give the results that another engine gave, and damaged copies of them give
//! errors, never panics.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use tickwasm::{CompilationStage, Config, Engine, Error, Instance, Module, Store};

fn workloads() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/workloads")
}

/// Name, argument and result of each workload. Debug builds get arguments that ask for less work.
fn expected() -> Vec<(String, i32, i32)> {
    let list = if cfg!(debug_assertions) {
        "expected-small.txt"
    } else {
        "expected.txt"
    };
    let list = fs::read_to_string(workloads().join(list)).unwrap();
    let lines = list.lines().map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        (
            words[0].to_owned(),
            words[1].parse().unwrap(),
            words[2].parse().unwrap(),
        )
    });
    lines.collect()
}

/// Runs all workloads; returns the fuel each has used, if it is counted.
fn run(fuel: bool, eager: bool) -> Vec<u64> {
    let mut config = Config::new();
    config.consume_fuel(fuel).eager_lowering(eager);
    let engine = Engine::new(&config).unwrap();
    let mut used = Vec::new();
    for (name, argument, result) in expected() {
        let module = Module::from_file(&engine, workloads().join(&name)).unwrap();
        let mut store = Store::new(&engine, ());
        if fuel {
            store.set_fuel(u64::MAX).unwrap();
        }
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_typed_func::<i32, i32>(&mut store, "run")
            .unwrap();
        assert_eq!(run.call(&mut store, argument).unwrap(), result, "{name}");
        if fuel {
            used.push(u64::MAX - store.get_fuel().unwrap());
        }
    }
    used
}

#[test]
fn workloads_give_the_results_of_another_engine() {
    run(false, false);
}

#[test]
fn workloads_give_the_same_results_lowered_at_once() {
    run(false, true);
}

#[test]
fn workloads_use_the_same_fuel_however_they_are_lowered() {
    let used = run(true, false);
    assert!(used.iter().all(|&fuel| fuel > 0));
    assert_eq!(used, run(true, true));
}

/// Loads bytes that may be anything: they are a module, or there is an error that says where.
fn load(engine: &Engine, bytes: &[u8], what: &dyn Fn() -> String) {
    let outcome = catch_unwind(AssertUnwindSafe(|| Module::from_binary(engine, bytes)));
    match outcome {
        Ok(Ok(_)) => {}
        Ok(Err(Error::Compilation(error))) => {
            let offset = error.offset();
            // What exceeds a limit of the implementation has no single place.
            let nowhere = error.stage() == CompilationStage::Lower;
            assert!(
                nowhere || offset.is_some_and(|offset| offset <= bytes.len()),
                "{}: {error} at {offset:?}",
                what()
            );
        }
        Ok(Err(error)) => panic!("{}: {error}", what()),
        Err(_) => panic!("{}: a panic", what()),
    }
}

fn each_program(check: impl Fn(&Engine, &str, &[u8])) {
    let mut config = Config::new();
    // All that can go wrong while a module is loaded should go wrong here.
    config.eager_lowering(true);
    let engine = Engine::new(&config).unwrap();
    for (name, ..) in expected() {
        let bytes = fs::read(workloads().join(&name)).unwrap();
        check(&engine, &name, &bytes);
    }
}

/// As many places of a file as a test has time for, each file with others.
fn places(name: &str, len: usize) -> impl Iterator<Item = usize> {
    let step = if cfg!(debug_assertions) { 23 } else { 11 };
    (name.len() % step..len).step_by(step)
}

#[test]
fn truncated_programs_give_an_error_with_an_offset() {
    each_program(|engine, name, bytes| {
        for len in places(name, bytes.len()) {
            load(engine, &bytes[..len], &|| {
                format!("{name}, cut off at {len:#x}")
            });
        }
    });
}

#[test]
fn programs_with_a_flipped_bit_give_an_error_with_an_offset_or_are_modules() {
    each_program(|engine, name, bytes| {
        let mut bytes = bytes.to_vec();
        for at in places(name, bytes.len()) {
            let bit = 1 << (at % 8);
            bytes[at] ^= bit;
            load(engine, &bytes, &|| {
                format!("{name}, flipped {bit:#04x} at {at:#x}")
            });
            bytes[at] ^= bit;
        }
    });
}
