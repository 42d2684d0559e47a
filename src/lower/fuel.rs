//! Charges for fuel. Code of the form `Net` pays for whole superblocks where control arrives; the builder writes those charges. Code of
//! the form `Exact` pays before each instruction. This module computes the cost of an instruction.

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

    /// Charges for the next instruction, unless its op does.
    pub(super) fn charge(&mut self, instr: &Instr<'_>) {
        let opcode = instr.opcode();
        let throws = opcode.bulk_cost() == Some(BulkUnit::Clause);
        if !throws && self.own_charge(instr).is_none() {
            self.pay(opcode.cost());
        }
    }

    /// The base cost of an instruction whose op charges by itself, if it does. Such an instruction may do work that costs more, and only the
    /// op finds out how much.
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

    /// Emits an op that charges for itself. All operands of the function are in their slots.
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

    /// Leaves exact code here if there is enough fuel to continue without it.
    pub(super) fn rejoin(&mut self) {
        if self.module.form == Form::Exact {
            self.emit(Op::Rejoin);
        }
    }
}
