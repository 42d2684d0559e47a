//! The costs of instructions, as users see them.

use core::fmt;

use crate::syntax::cost::BulkUnit;
use crate::syntax::instr::Opcode;

/// The cost of an instruction.
///
/// It is displayed as in `memory.fill 1 + 1 per 64 bytes`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct FuelCost {
    /// The instruction's name in the text format. A few instructions share one.
    pub instruction: &'static str,
    /// The cost of each start of the instruction.
    pub base: u32,
    /// The unit of work that costs more, see [`BulkUnit::per_fuel`]. The whole cost is charged before the instruction has any effect, and
    /// only for work that is done: an instruction that traps or is refused costs its base.
    pub bulk: Option<BulkUnit>,
}

impl fmt::Display for FuelCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.instruction, self.base)?;
        let unit = match self.bulk {
            None => return Ok(()),
            Some(BulkUnit::Page) => return f.write_str(" + 1 per page"),
            Some(BulkUnit::Byte) => "bytes",
            Some(BulkUnit::Element) => "elements",
            Some(BulkUnit::HeapByte) => "bytes allocated",
            Some(BulkUnit::Clause) => "clauses",
        };
        let per = self.bulk.map_or(1, BulkUnit::per_fuel);
        write!(f, " + 1 per {per} {unit}")
    }
}

/// The costs of all instructions, in the order of their opcodes; those of proposals that cannot be switched on yet are among them.
///
/// Entering a function costs [one for each 64](crate::LOCALS_PER_FUEL) of the locals that it declares. Whether a program is lowered
/// lazily or at once, the kind of build, and earlier runs make no difference to its cost.
///
/// ```
/// let costs: Vec<_> = tickwasm::fuel_costs().collect();
/// let fill = costs.iter().find(|cost| cost.instruction == "memory.fill").unwrap();
/// assert_eq!(fill.to_string(), "memory.fill 1 + 1 per 64 bytes");
/// ```
pub fn fuel_costs() -> impl Iterator<Item = FuelCost> {
    Opcode::ALL.iter().map(|opcode| FuelCost {
        instruction: opcode.mnemonic(),
        base: opcode.cost(),
        bulk: opcode.bulk_cost(),
    })
}
