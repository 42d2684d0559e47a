//! Programs that do real work, on tickwasm and on the oracle. The settings are those of `differential.rs`.

mod common;

use common::compare::{check_all, compare, compare_fuel};
use common::structured::generate;

#[test]
fn programs_give_the_same() {
    check_all("programs_give_the_same", 1_000, false, generate, compare);
}

#[test]
fn programs_give_the_same_with_fuel() {
    check_all(
        "programs_give_the_same_with_fuel",
        1_000,
        true,
        generate,
        compare,
    );
}

#[test]
fn programs_stop_at_the_same_instruction() {
    check_all(
        "programs_stop_at_the_same_instruction",
        100,
        true,
        generate,
        compare_fuel,
    );
}
