//! Programs of objects, exceptions, tail calls, vectors, and memories and tables of 64 bits, on tickwasm and on the oracle. The
//! settings are those of `differential.rs`.

mod common;

use common::compare::{check_all, compare, compare_fuel, compare_slices};
use common::objects::generate;

#[test]
fn programs_of_objects_are_valid() {
    for seed in 0..200 {
        let (bytes, _) = generate(seed);
        let valid = wasmparser::Validator::new().validate_all(&bytes);
        if let Err(why) = valid {
            let wat = wasmprinter::print_bytes(&bytes).unwrap_or_default();
            panic!("seed {seed}: {why}\n{wat}");
        }
    }
}

#[test]
fn programs_of_objects_give_the_same() {
    let name = "programs_of_objects_give_the_same";
    check_all(name, 600, false, generate, compare);
}

#[test]
fn programs_of_objects_give_the_same_with_fuel() {
    let name = "programs_of_objects_give_the_same_with_fuel";
    check_all(name, 600, true, generate, compare);
}

#[test]
fn programs_of_objects_stop_at_the_same_instruction() {
    let name = "programs_of_objects_stop_at_the_same_instruction";
    check_all(name, 50, true, generate, compare_fuel);
}

#[test]
fn programs_of_objects_give_the_same_in_slices() {
    let name = "programs_of_objects_give_the_same_in_slices";
    check_all(name, 100, true, generate, compare_slices);
}
