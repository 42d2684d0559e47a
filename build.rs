//! Chooses the dispatch back end: the one decision about the target that is made outside the crate's own code.
//!
//! `tail_dispatch` is set where LLVM is known to turn a call in tail position into a jump: an optimised release build for x86_64,
//! aarch64 or riscv64, without Miri, without debug assertions, and with no flag of the compiler that adds code to functions or
//! takes passes away. Everything else gets the dispatch loop. `tests/tail_calls.sh` reads the assembly of each level named here.
//!
//! `outlined_vectors` is set with it where the compiler keeps small functions apart (levels 1, `s` and `z`). A handler would have
//! to hand them vectors by reference there, which would cost it its jump, so it calls one function that takes registers.

use std::env;

/// The targets whose calling convention passes all registers of a handler as such.
const TARGETS: &[&str] = &["x86_64", "aarch64", "riscv64"];

/// The levels of optimisation at which the assembly was checked.
const LEVELS: &[&str] = &["1", "2", "3", "s", "z"];

/// Those among them at which vectors are computed out of line.
const SMALL_LEVELS: &[&str] = &["1", "s", "z"];

/// Flags of the compiler, as parts of their names, that keep a call from becoming a jump, or that a build script cannot judge.
const FLAGS: &[&str] = &[
    "sanitizer",
    "instrument",
    "profile-generate",
    "opt-level",
    "debug-assertions",
    "passes",
    "llvm-args",
    "inline-threshold",
    "inline-mir",
    "mir-opt-level",
    "mir-enable-passes",
    "codegen-backend",
    "cfi",
    "stack-protector",
];

fn main() {
    println!("cargo::rustc-check-cfg=cfg(tail_dispatch)");
    println!("cargo::rustc-check-cfg=cfg(outlined_vectors)");
    println!("cargo::rerun-if-changed=build.rs");
    let var = |name: &str| env::var(name).unwrap_or_default();
    let is_set = |name: &str| env::var_os(name).is_some();
    let level = var("OPT_LEVEL");
    let jumps = TARGETS.contains(&var("CARGO_CFG_TARGET_ARCH").as_str())
        && LEVELS.contains(&level.as_str())
        && var("PROFILE") == "release"
        && !is_set("CARGO_FEATURE_LOOP_DISPATCH")
        && !is_set("CARGO_CFG_DEBUG_ASSERTIONS")
        && !is_set("CARGO_CFG_MIRI")
        && !is_set("CARGO_CFG_FUZZING")
        && !is_set("CARGO_CFG_SANITIZE")
        && !has_flag(&var("CARGO_ENCODED_RUSTFLAGS"));
    if jumps {
        println!("cargo::rustc-cfg=tail_dispatch");
        if SMALL_LEVELS.contains(&level.as_str()) {
            println!("cargo::rustc-cfg=outlined_vectors");
        }
    }
}

/// Whether one of the compiler's options, which are separated by a control character, is among [`FLAGS`].
fn has_flag(options: &str) -> bool {
    let mut options = options.split('\u{1f}');
    while let Some(option) = options.next() {
        let of_code = match option {
            "-C" | "-Z" | "--codegen" => options.next(),
            _ => ["-C", "-Z", "--codegen="]
                .iter()
                .find_map(|prefix| option.strip_prefix(prefix)),
        };
        // An option's value is none of its name.
        let name = of_code.and_then(|option| option.split('=').next());
        if name.is_some_and(|name| FLAGS.iter().any(|flag| name.contains(flag))) {
            return true;
        }
    }
    false
}
