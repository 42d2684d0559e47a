//! Fuel: the fast form of metered code stops at the same instruction as the naive interpreter, for every amount and every slice.
//!
//! The comparison is that of the naive interpreter's own tests.

use arbitrary::{Result, Unstructured};

use crate::lengthened;
use crate::modules::{self, Purpose};

#[path = "../../oracle/tests/common/mod.rs"]
#[allow(
    missing_docs,
    unused,
    clippy::pedantic,
    reason = "they are documented where they stand"
)]
mod common;

use common::compare::{Mode, compare, compare_fuel};

/// Runs each export of a generated module to its end, and stops it at amounts of fuel in between.
pub fn fuel(data: &[u8]) {
    // An input that is too short for a module makes none.
    let _ = run(&mut Unstructured::new(&lengthened(data)));
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let (seed, eager): (u64, bool) = u.arbitrary()?;
    let whole = u.ratio(1, 2)?;
    let module = modules::generate(u, Purpose::Naive)?;
    let mode = Mode::new(module.canonical, true, eager, false);
    let compared = if whole {
        compare(&module.bytes, seed, mode)
    } else {
        compare_fuel(&module.bytes, seed, mode)
    };
    if let Err(why) = compared {
        let text = wasmprinter::print_bytes(&module.bytes).unwrap_or_default();
        panic!("{why}\n{}\n{text}", crate::load::hex(&module.bytes));
    }
    Ok(())
}
