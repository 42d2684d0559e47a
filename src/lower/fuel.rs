//! Charges for fuel. Code of the form `Net` pays for whole superblocks where control arrives, which the builder writes; code of the
//! form `Exact` pays before each instruction. Here is what an instruction costs.

use super::Lowerer;
use super::operands::Operands;
use crate::code::Form;
use crate::code::ops::Op;
use crate::syntax::cost::{BulkUnit, LOCALS_PER_FUEL};
use crate::syntax::instr::Instr;
use crate::syntax::types::ValType;

/// Base-2 logarithm of the bytes of a page, unless a memory has pages of its own size.
const PAGE_SHIFT: u32 = 16;

impl Lowerer<'_> {
    /// Charges for entering the function.
    pub(super) fn charge_entry(&mut self, locals: &[(u32, ValType)]) {
        let count: u32 = locals.iter().map(|(count, _)| count).sum();
        self.pay(count / LOCALS_PER_FUEL);
    }

    /// Charges for the instruction that comes next.
    pub(super) fn charge(&mut self, instr: &Instr<'_>) {
        let opcode = instr.opcode();
        let cost = opcode.cost();
        let Some(unit) = opcode.bulk_cost() else {
            return self.pay(cost);
        };
        if self.module.form == Form::Plain || unit == BulkUnit::Clause {
            // What throws charges for itself.
            return;
        }
        let shift = match *instr {
            Instr::MemoryGrow { mem } => {
                // What is a page to the instruction may be less than one to us.
                let page_size = self.module.mems[mem.index()].page_size_log2;
                unit.shift() + PAGE_SHIFT.saturating_sub(page_size.into())
            }
            // The length of a new array is its last operand, too, in elements of so many bytes.
            Instr::ArrayNew { ty }
            | Instr::ArrayNewDefault { ty }
            | Instr::ArrayNewData { ty, .. }
            | Instr::ArrayNewElem { ty, .. } => unit.shift() - self.element(ty).log2(),
            Instr::StructNew { .. }
            | Instr::StructNewDefault { .. }
            | Instr::ArrayNewFixed { .. } => {
                return self.pay(cost + (self.object_bytes(instr) >> unit.shift()));
            }
            _ => unit.shift(),
        };
        // The number of bytes, elements or pages is the last operand of all of them.
        self.flush_all();
        let count = self.operands.top();
        let op = Op::ChargeBulk {
            cost,
            x: Operands::offset(count.slot),
            wide: count.ty == ValType::I64,
            shift,
        };
        self.builder.charging_op(&op, self.at, cost);
    }

    /// Charges a cost that depends on no operand.
    fn pay(&mut self, cost: u32) {
        match self.module.form {
            Form::Plain => {}
            Form::Net => self.builder.spend(cost),
            Form::Exact if cost > 0 => self.emit(Op::Charge { cost }),
            Form::Exact => {}
        }
    }

    /// Leaves exact code here if there is fuel to go on without it.
    pub(super) fn rejoin(&mut self) {
        if self.module.form == Form::Exact {
            self.emit(Op::Rejoin);
        }
    }
}
