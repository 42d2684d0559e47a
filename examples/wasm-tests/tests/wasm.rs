//! Each file below `tests/wasm` is a test.

fn main() {
    tickwasm_harness::Suite::new("tests/wasm")
        .host(|linker, _store| wasm_tests::define(linker))
        .run()
}
