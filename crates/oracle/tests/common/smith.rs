//! Random modules of arbitrary noise.

use arbitrary::Unstructured;
use wasm_smith::{Config, InstructionKind, InstructionKinds, Module};

use super::Rng;

/// A valid module of the supported features.
pub fn generate(seed: u64) -> (Vec<u8>, bool) {
    let mut rng = Rng::new(seed);
    let canonicalize_nans = rng.below(2) == 0;
    let size = rng.pick(&[2_000, 10_000, 20_000, 40_000]);
    use InstructionKind::*;
    let kinds: &[InstructionKind] = match rng.below(8) {
        0 => &[Numeric, Variable, Parametric, Control],
        1 => &[Numeric, Variable, Parametric, Control, Memory],
        2 => &[Vector, Variable, Parametric, Control, Memory],
        3 => &[Numeric, Variable, Parametric, Control, Reference, Aggregate],
        _ => &[
            Numeric, Vector, Variable, Parametric, Control, Memory, Reference, Table, Aggregate,
        ],
    };
    let gc = rng.below(2) == 0;
    let simd = rng.below(2) == 0;
    let config = Config {
        acquire_release_atomics_enabled: false,
        allow_start_export: rng.below(4) == 0,
        allowed_instructions: InstructionKinds::new(kinds),
        allow_floats: rng.below(4) != 0,
        canonicalize_nans,
        compact_imports_enabled: false,
        disallow_traps: rng.below(2) == 0,
        exceptions_enabled: rng.below(2) == 0,
        export_everything: true,
        gc_enabled: gc,
        max_data_segments: 5,
        max_element_segments: 5,
        max_elements: 10,
        max_funcs: 12,
        max_globals: 8,
        // A host cannot provide imports whose types are defined in the module.
        max_imports: if gc { 0 } else { rng.pick(&[0, 3, 10]) },
        max_instructions: rng.pick(&[30, 100, 400]),
        max_memories: rng.pick(&[1, 1, 3]),
        max_memory32_bytes: 3 * 65_536,
        max_memory64_bytes: 3 * 65_536,
        max_table_elements: 50,
        max_tables: 3,
        max_types: 12,
        memory64_enabled: rng.below(4) == 0,
        memory_max_size_required: true,
        min_funcs: 4,
        min_memories: 1,
        // The generator does not make the NaNs of these canonical.
        relaxed_simd_enabled: simd && !canonicalize_nans,
        simd_enabled: simd,
        table_max_size_required: true,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    };
    // Some noise exceeds the configuration; then other noise is taken.
    loop {
        let noise: Vec<u8> = (0..size).map(|_| rng.next() as u8).collect();
        if let Ok(mut module) = Module::new(config.clone(), &mut Unstructured::new(&noise)) {
            // Half of the modules bound their loops themselves, so that they are not stopped without fuel.
            if rng.below(2) == 0 {
                let _global = module
                    .ensure_termination(500)
                    .expect("the generator knows its code");
            }
            return (module.to_bytes(), canonicalize_nans);
        }
    }
}
