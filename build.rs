//! Chooses the dispatch back end: the one decision about the target that is made outside the crate's own code.
//!
//! `tail_dispatch` is set where LLVM is known to turn a call in tail position into a jump: an optimised build for
//! x86_64, aarch64 or riscv64, without debug assertions. Everything else gets the dispatch loop.

use std::env;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(tail_dispatch)");
    println!("cargo::rerun-if-changed=build.rs");
    let var = |name: &str| env::var(name).unwrap_or_default();
    let arch = var("CARGO_CFG_TARGET_ARCH");
    let jumps = matches!(arch.as_str(), "x86_64" | "aarch64" | "riscv64")
        && var("OPT_LEVEL") != "0"
        && var("PROFILE") == "release"
        && env::var_os("CARGO_FEATURE_LOOP_DISPATCH").is_none()
        && env::var_os("CARGO_CFG_MIRI").is_none()
        // The instrumentation of fuzzers keeps calls from becoming jumps.
        && env::var_os("CARGO_CFG_FUZZING").is_none();
    if jumps {
        println!("cargo::rustc-cfg=tail_dispatch");
    }
}
