//! The bodies of the fuzz targets on inputs that seeds determine.
//!
//! `TICKWASM_CASES` sets the number of inputs for each body, `TICKWASM_SEED` the first one's seed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use tickwasm_fuzz_driver::{BODIES, noise};

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => default,
    }
}

fn seeded(target: &str, cases: u64) {
    let (_, body, len) = BODIES.iter().find(|(name, ..)| *name == target).unwrap();
    let first = setting("TICKWASM_SEED", 1);
    for seed in first..first + setting("TICKWASM_CASES", cases) {
        let data = noise(seed, *len);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(&data))) {
            println!("{target}: TICKWASM_SEED={seed} TICKWASM_CASES=1 shows it");
            resume_unwind(panic);
        }
    }
}

macro_rules! targets {
    ($($name:ident: $cases:literal;)*) => {
        $(#[test]
        fn $name() {
            seeded(stringify!($name), $cases);
        })*

        #[test]
        fn every_body_has_a_test() {
            let named = [$(stringify!($name)),*];
            let bodies: Vec<_> = BODIES.iter().map(|(name, ..)| *name).collect();
            assert_eq!(named.as_slice(), bodies);
        }
    };
}

targets! {
    decode: 3_000;
    validate: 3_000;
    text: 500;
    execute: 500;
    differential: 300;
    fuel: 100;
    suspend: 300;
    api: 1_000;
}
