//! The instructions that the random modules and programs execute: all but those named here, so that the comparisons cover
//! each. They run on the oracle alone.

mod common;

use std::collections::BTreeMap;

use common::compare::run_alone;
use common::{objects, smith, structured};

/// Prefixes of the names of instructions of proposals that are not part of 3.0.
const OTHER_PROPOSALS: &[&str] = &[
    // Threads.
    "atomic.",
    "memory.atomic.",
    "i32.atomic.",
    "i64.atomic.",
    // Wide arithmetic.
    "i64.add128",
    "i64.sub128",
    "i64.mul_wide_",
];

/// Instructions of the exceptions that came before `try_table`.
const LEGACY: &[&str] = &["try", "catch", "catch_all", "rethrow", "delegate"];

/// Turns `wasmparser`'s name of an instruction into the text format's, as far as a few letters are concerned.
fn name(visitor: &str) -> String {
    let alike = visitor.replace('_', ".");
    match &*alike {
        "ref.test.non.null" | "ref.test.nullable" => "ref.test".to_owned(),
        "ref.cast.non.null" | "ref.cast.nullable" => "ref.cast".to_owned(),
        "typed.select" | "typed.select.multi" => "select".to_owned(),
        _ => alike,
    }
}

#[test]
fn all_instructions_are_executed() {
    let mut executed: BTreeMap<String, u64> = BTreeMap::new();
    let mut run = |bytes: &[u8], seed: u64| {
        for (visitor, count) in run_alone(bytes, seed) {
            *executed.entry(name(visitor)).or_default() += count;
        }
    };
    // The default seeds of the comparisons, and twice as many of the first kind: a few instructions are rare in it.
    for seed in 1..=4_000 {
        run(&smith::generate(seed).0, seed);
    }
    for seed in 1..=1_000 {
        run(&structured::generate(seed).0, seed);
    }
    for seed in 1..=600 {
        run(&objects::generate(seed).0, seed);
    }
    let mut missing = Vec::new();
    for cost in tickwasm::fuel_costs() {
        let instruction = cost.instruction;
        let other = OTHER_PROPOSALS
            .iter()
            .any(|begin| instruction.starts_with(begin));
        if other || LEGACY.contains(&instruction) {
            continue;
        }
        match executed.get(&instruction.replace('_', ".")) {
            Some(0) => missing.push(instruction),
            Some(_) => {}
            None => panic!("no instruction of the oracle is called {instruction}"),
        }
    }
    let total: u64 = executed.values().sum();
    println!("{total} instructions");
    assert!(missing.is_empty(), "never executed: {missing:?}");
}
