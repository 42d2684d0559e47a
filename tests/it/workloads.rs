//! Compiled programs: they compute the right results in every configuration, and damaged copies of them are refused.

use std::fs;
use std::path::PathBuf;

use tickwasm::{Config, Engine, Error, Instance, Module, Store};

/// The workloads of the benchmarks, with an argument small enough for a debug build and V8's result.
fn workloads() -> Vec<(String, Vec<u8>, i32, i32)> {
    let mut workloads = Vec::new();
    for folder in ["benches/workloads", "benches/workloads/simd"] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
        let list =
            fs::read_to_string(folder.join("expected-small.txt")).expect("the list of workloads");
        workloads.extend(list.lines().map(|line| {
            let [file, argument, result] = line.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("not a line of three words: {line}");
            };
            let bytes = fs::read(folder.join(file)).expect("a workload");
            let number = |text: &str| text.parse().expect("a number");
            (file.to_owned(), bytes, number(argument), number(result))
        }));
    }
    assert!(workloads.len() >= 36);
    workloads
}

fn run(
    config: &Config,
    bytes: &[u8],
    argument: i32,
    fuel: Option<u64>,
) -> Result<(i32, u64), Error> {
    let engine = Engine::new(config)?;
    let module = Module::new(&engine, bytes)?;
    let mut store = Store::new(&engine, ());
    if let Some(fuel) = fuel {
        store.set_fuel(fuel)?;
    }
    let instance = Instance::new(&mut store, &module, &[])?;
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
    let result = run.call(&mut store, argument)?;
    let left = fuel.map_or(Ok(0), |_| store.get_fuel())?;
    Ok((result, left))
}

#[test]
fn workloads_give_the_results_of_v8() {
    for (file, bytes, argument, expected) in workloads() {
        let (result, _) = run(&Config::new(), &bytes, argument, None).expect("no trap");
        assert_eq!(result, expected, "{file}");
    }
}

#[test]
fn metered_workloads_run_on_exactly_their_cost_and_not_on_one_less() {
    let mut config = Config::new();
    config.consume_fuel(true);
    for (file, bytes, argument, expected) in workloads() {
        const PLENTY: u64 = u64::MAX / 2;
        let (result, left) = run(&config, &bytes, argument, Some(PLENTY)).expect("no trap");
        assert_eq!(result, expected, "{file}");
        let cost = PLENTY - left;
        let (result, left) = run(&config, &bytes, argument, Some(cost)).expect("enough fuel");
        assert_eq!((result, left), (expected, 0), "{file}");
        let error = run(&config, &bytes, argument, Some(cost - 1)).expect_err("one too little");
        assert!(
            error.to_string().contains("all fuel consumed"),
            "{file}: {error}"
        );
    }
}

/// Loads a damaged module: there is no panic, and an error has a place. Returns whether it was loaded.
fn load_damaged(engine: &Engine, file: &str, bytes: &[u8]) -> bool {
    match Module::from_binary(engine, bytes) {
        Ok(_) => true,
        Err(Error::Compilation(error)) => {
            let at = error.offset().expect("an error in a binary has an offset");
            assert!(at <= bytes.len(), "{file}: {error} at {at}");
            false
        }
        Err(other) => panic!("{file}: {other}"),
    }
}

#[test]
fn every_truncated_copy_is_refused_with_an_offset() {
    let engine = Engine::default();
    for (file, bytes, ..) in workloads() {
        // A module may end behind any of its sections, so some of the copies are modules; those without the code section are not.
        let loaded = (0..bytes.len())
            .step_by(7)
            .filter(|&len| load_damaged(&engine, &file, &bytes[..len]));
        assert!(loaded.count() < 20, "{file}");
    }
}

#[test]
fn copies_with_a_flipped_bit_never_panic() {
    let engine = Engine::default();
    for (file, mut bytes, ..) in workloads() {
        for at in (0..bytes.len()).step_by(11) {
            let bit = 1 << (at % 8);
            bytes[at] ^= bit;
            load_damaged(&engine, &file, &bytes);
            bytes[at] ^= bit;
        }
    }
}
