//! Random modules on tickwasm and on the oracle: results, traps, fuel, memories, globals, tables and the calls that reach
//! the host must be the same.
//!
//! `TICKWASM_CASES` sets how many modules, `TICKWASM_SEED` the first one's seed, `TICKWASM_FORK=1` compares each
//! in a process of its own, for what takes the process down. A difference is reported with its seed and
//! with a module from which everything that does not matter was taken out.

mod common;

use arbitrary::Unstructured;
use common::Rng;
use common::compare::{check_all, compare, compare_fuel, compare_slices};
use wasm_smith::{Config, InstructionKind, InstructionKinds, Module};

/// A valid module of the supported features.
fn generate(seed: u64) -> (Vec<u8>, bool) {
    let mut rng = Rng::new(seed);
    let canonicalize_nans = rng.below(2) == 0;
    let size = rng.pick(&[2_000, 10_000, 20_000, 40_000]);
    use InstructionKind::*;
    let kinds: &[InstructionKind] = match rng.below(4) {
        0 => &[Numeric, Variable, Parametric, Control],
        1 => &[Numeric, Variable, Parametric, Control, Memory],
        _ => &[
            Numeric, Variable, Parametric, Control, Memory, Reference, Table, Aggregate,
        ],
    };
    let memory64 = rng.below(4) == 0;
    let config = Config {
        acquire_release_atomics_enabled: false,
        allow_start_export: rng.below(4) == 0,
        allowed_instructions: InstructionKinds::new(kinds),
        allow_floats: rng.below(4) != 0,
        canonicalize_nans,
        compact_imports_enabled: false,
        disallow_traps: rng.below(2) == 0,
        exceptions_enabled: false,
        export_everything: true,
        gc_enabled: false,
        max_data_segments: 5,
        max_element_segments: 5,
        max_elements: 10,
        max_funcs: 12,
        max_globals: 8,
        // The host's memories and tables are addressed with 32 bits.
        max_imports: if memory64 { 0 } else { rng.pick(&[0, 3, 10]) },
        max_instructions: rng.pick(&[30, 100, 400]),
        max_memories: rng.pick(&[1, 1, 3]),
        max_memory32_bytes: 3 * 65_536,
        max_memory64_bytes: 3 * 65_536,
        max_table_elements: 50,
        max_tables: 3,
        max_types: 12,
        memory64_enabled: memory64,
        memory_max_size_required: true,
        min_funcs: 4,
        min_memories: 1,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        table_max_size_required: true,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    };
    // Some noise asks for more than a configuration allows; then other noise is taken.
    loop {
        let noise: Vec<u8> = (0..size).map(|_| rng.next() as u8).collect();
        if let Ok(mut module) = Module::new(config.clone(), &mut Unstructured::new(&noise)) {
            // Half of the modules bound their loops themselves, so that without fuel they are not stopped.
            if rng.below(2) == 0 {
                let _global = module
                    .ensure_termination(500)
                    .expect("the generator knows its code");
            }
            return (module.to_bytes(), canonicalize_nans);
        }
    }
}

#[test]
fn random_modules_give_the_same() {
    check_all(
        "random_modules_give_the_same",
        2_000,
        false,
        generate,
        compare,
    );
}

#[test]
fn random_modules_give_the_same_with_fuel() {
    check_all(
        "random_modules_give_the_same_with_fuel",
        1_000,
        true,
        generate,
        compare,
    );
}

#[test]
fn random_modules_stop_at_the_same_instruction() {
    let name = "random_modules_stop_at_the_same_instruction";
    check_all(name, 100, true, generate, compare_fuel);
}

#[test]
fn random_modules_give_the_same_in_slices() {
    let name = "random_modules_give_the_same_in_slices";
    check_all(name, 200, true, generate, compare_slices);
}
