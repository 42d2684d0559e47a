//! The cost of instructions in fuel: a part of the interface, because users choose limits by it. A change of any cost changes
//! [`FUEL_COSTS_VERSION`], and the golden file in the tests.
//!
//! The instruction table has the work for which each instruction costs more. Only work that is done is charged. The module
//! `exec::handlers::bulk` decides whether it will be done, for every instruction whose cost grows with an operand; so does the naive
//! interpreter of the tests.

use super::instr::{Class, Opcode};

/// The version of the costs. Programs need the same fuel in all versions of this crate that have the same number here.
pub const FUEL_COSTS_VERSION: u32 = 2;

/// The number of declared locals that cost one unit when a function is entered, as a step of its own; rounded down.
pub const LOCALS_PER_FUEL: u32 = 64;

/// The work that makes an instruction cost more than its base cost. An instruction that traps or is refused does none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum BulkUnit {
    /// A byte of memory that is written.
    Byte,
    /// An element of a table or array that is written, or added to a table.
    Element,
    /// A page of 65,536 bytes that a memory grows by.
    Page,
    /// A byte of the heap that is allocated.
    HeapByte,
    /// A clause that is tested in the search for a handler of an exception, the matching one included.
    Clause,
}

impl BulkUnit {
    /// The number of units that cost one; a remainder costs nothing.
    pub const fn per_fuel(self) -> u32 {
        1 << self.shift()
    }

    /// Base-2 logarithm of [`per_fuel`](Self::per_fuel).
    pub(crate) const fn shift(self) -> u32 {
        match self {
            Self::Byte | Self::HeapByte => 6,
            Self::Element | Self::Clause => 3,
            Self::Page => 0,
        }
    }
}

impl Opcode {
    /// The fuel it costs, except for the part that depends on an operand.
    pub fn cost(self) -> u32 {
        match self.class() {
            Class::Marker => 0,
            _ => 1,
        }
    }
}
