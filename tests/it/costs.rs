//! The costs of instructions are a promise: they change only together with their version.

use std::fmt::Write;

use tickwasm::{BulkUnit, FUEL_COSTS_VERSION, LOCALS_PER_FUEL, fuel_costs};

/// The costs of the current version. If this file has to change, so does the version.
const GOLDEN: &str = include_str!("fuel_costs.txt");

#[test]
fn costs_are_those_of_their_version() {
    let mut costs = format!("version {FUEL_COSTS_VERSION}\n");
    writeln!(costs, "entering a function 1 per {LOCALS_PER_FUEL} locals").unwrap();
    for cost in fuel_costs() {
        writeln!(costs, "{cost}").unwrap();
    }
    let differs = costs
        .lines()
        .zip(GOLDEN.lines())
        .find(|(is, was)| is != was);
    assert_eq!(differs, None, "a cost has changed, so its version must");
    assert_eq!(costs.lines().count(), GOLDEN.lines().count());
}

#[test]
fn only_markers_are_free() {
    let free: Vec<_> = fuel_costs()
        .filter(|cost| cost.base == 0)
        .map(|cost| cost.instruction)
        .collect();
    let markers = [
        "nop",
        "block",
        "loop",
        "else",
        "try",
        "catch",
        "end",
        "delegate",
        "catch_all",
        "try_table",
    ];
    for instruction in &free {
        assert!(markers.contains(instruction), "{instruction} is free");
    }
}

#[test]
fn bulk_work_is_rounded_down() {
    assert_eq!(BulkUnit::Byte.per_fuel(), 64);
    assert_eq!(BulkUnit::Element.per_fuel(), 8);
    assert_eq!(BulkUnit::Page.per_fuel(), 1);
}
