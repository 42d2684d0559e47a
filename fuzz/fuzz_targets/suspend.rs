//! See `fuzz/README.md`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tickwasm_fuzz_driver::suspend::suspend(data));
