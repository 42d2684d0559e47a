//! See `fuzz/README.md`.
#![no_main]

use tickwasm_fuzz::{Wasmi, Wasmtime};
use tickwasm_fuzz_driver::differential::{Peer, differential};

thread_local! {
    static WASMTIME: Wasmtime = Wasmtime::default();
    static WASMI: Wasmi = Wasmi::default();
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    WASMTIME.with(|wasmtime| {
        WASMI.with(|wasmi| {
            let peers: [&dyn Peer; 2] = [wasmtime, wasmi];
            differential(data, &peers);
        });
    });
});
