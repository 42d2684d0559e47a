//! Charges for fuel. Code of the form `Net` pays for whole superblocks where control arrives, which the builder writes; code of the
//! form `Exact` pays before each instruction. Here is what an instruction costs.

use super::Lowerer;
use crate::code::Form;
use crate::code::ops::Op;
use crate::syntax::cost::{BulkUnit, LOCALS_PER_FUEL};
use crate::syntax::instr::Instr;
use crate::syntax::types::ValType;

impl Lowerer<'_> {
    /// Charges for entering the function.
    pub(super) fn charge_entry(&mut self, locals: &[(u32, ValType)]) {
        let count: u32 = locals.iter().map(|(count, _)| count).sum();
        self.pay(count / LOCALS_PER_FUEL);
    }

    /// Charges for the instruction that comes next, unless its op does that.
    pub(super) fn charge(&mut self, instr: &Instr<'_>) {
        let opcode = instr.opcode();
        let throws = opcode.bulk_cost() == Some(BulkUnit::Clause);
        if !throws && self.own_charge(instr).is_none() {
            self.pay(opcode.cost());
        }
    }

    /// What the op of an instruction charges by itself, besides the cost of its work, if it does: where there may be work that costs more,
    /// and only the op knows how much of it will be done.
    pub(super) fn own_charge(&self, instr: &Instr<'_>) -> Option<u32> {
        let opcode = instr.opcode();
        let unit = opcode.bulk_cost()?;
        let works = match *instr {
            Instr::StructNew { .. }
            | Instr::StructNewDefault { .. }
            | Instr::ArrayNewFixed { .. } => self.object_bytes(instr) >> unit.shift() > 0,
            _ => true,
        };
        (works && self.module.form != Form::Plain).then(|| opcode.cost())
    }

    /// Emits an op that charges by itself. All operands of the function are in their slots.
    pub(super) fn emit_charging(&mut self, op: Op) {
        self.builder.charging_op(&op, self.at);
        self.at.tally = self.builder.tally();
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
