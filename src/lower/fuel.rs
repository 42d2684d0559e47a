//! Charges for fuel: each instruction pays before it starts, so that execution can stop between any two.

use super::Lowerer;
use super::operands::Operands;
use crate::code::ops::Op;
use crate::syntax::instr::Instr;
use crate::syntax::types::ValType;

/// Locals whose zeroing costs one.
const LOCALS_PER_FUEL: u32 = 64;
/// Base-2 logarithm of the bytes of memory that cost one.
const BYTES_SHIFT: u32 = 6;
/// Base-2 logarithm of the elements of a table that cost one.
const ELEMS_SHIFT: u32 = 3;
/// Base-2 logarithm of the pages that cost one.
const PAGES_SHIFT: u32 = 0;

impl Lowerer<'_> {
    /// Charges for entering the function.
    pub(super) fn charge_entry(&mut self, locals: &[(u32, ValType)]) {
        let count: u32 = locals.iter().map(|(count, _)| count).sum();
        if count >= LOCALS_PER_FUEL {
            self.emit(Op::Charge {
                cost: count / LOCALS_PER_FUEL,
            });
        }
    }

    /// Charges for the instruction that comes next, whose operands are in their slots.
    pub(super) fn charge(&mut self, instr: &Instr<'_>) {
        let cost = instr.opcode().cost();
        let shift = match instr {
            Instr::MemoryCopy { .. } | Instr::MemoryFill { .. } | Instr::MemoryInit { .. } => {
                BYTES_SHIFT
            }
            Instr::TableCopy { .. }
            | Instr::TableFill { .. }
            | Instr::TableInit { .. }
            | Instr::TableGrow { .. } => ELEMS_SHIFT,
            Instr::MemoryGrow { .. } => PAGES_SHIFT,
            _ => {
                if cost > 0 {
                    self.emit(Op::Charge { cost });
                }
                return;
            }
        };
        // The number of bytes, elements or pages is the last operand of all of them.
        let x = Operands::offset(self.operands.top().slot);
        self.emit(Op::ChargeBulk { cost, x, shift });
    }
}
