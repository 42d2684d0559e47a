//! Random modules on tickwasm and on the oracle: results, traps, fuel, memories, globals, tables and the calls that reach
//! the host must be the same.
//!
//! `TICKWASM_CASES` sets the number of modules, `TICKWASM_SEED` the first one's seed; `TICKWASM_FORK=1` compares each
//! in a process of its own, for differences that end the process. A difference is reported with its seed and
//! with a module from which everything irrelevant was removed.

mod common;

use common::compare::{check_all, compare, compare_fuel, compare_slices};
use common::smith::generate;

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
