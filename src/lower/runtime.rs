//! Instructions that the runtime executes: sizes, growth, bulk operations, tables, references.

use super::operands::Operands;
use super::{Lowerer, REFERENCE, plain_type};
use crate::code::ops::{Op, SlotOffset};
use crate::syntax::index::{MemIdx, TableIdx};
use crate::syntax::instr::{Instr, Opcode};
use crate::syntax::types::ValType;

impl Lowerer<'_> {
    /// Lowers an instruction of this file.
    pub(super) fn runtime(&mut self, instr: &Instr<'_>) {
        let mem = |mem: MemIdx| Some(self.module.mems[mem.index()].addr.val_type());
        let table = |table: TableIdx| Some(self.module.tables[table.index()].addr.val_type());
        let (a, b, operands, result) = match *instr {
            Instr::MemorySize { mem: at } => (at.0, 0, 0, mem(at)),
            Instr::MemoryGrow { mem: at } => (at.0, 0, 1, mem(at)),
            Instr::MemoryFill { mem } => (mem.0, 0, 3, None),
            Instr::MemoryCopy { dst, src } => (dst.0, src.0, 3, None),
            Instr::MemoryInit { mem, data } => (mem.0, data.0, 3, None),
            Instr::DataDrop { data } => (data.0, 0, 0, None),
            Instr::TableGet { table } => (table.0, 0, 1, Some(REFERENCE)),
            Instr::TableSet { table } => (table.0, 0, 2, None),
            Instr::TableSize { table: at } => (at.0, 0, 0, table(at)),
            Instr::TableGrow { table: at } => (at.0, 0, 2, table(at)),
            Instr::TableFill { table } => (table.0, 0, 3, None),
            Instr::TableCopy { dst, src } => (dst.0, src.0, 3, None),
            Instr::TableInit { table, elem } => (table.0, elem.0, 3, None),
            Instr::ElemDrop { elem } => (elem.0, 0, 0, None),
            Instr::RefFunc { func } => (func.0, 0, 0, Some(REFERENCE)),
            _ => unreachable!("validated: {instr} belongs to a feature that is refused"),
        };
        let charge = self.own_charge(instr);
        self.call_runtime((instr.opcode(), a, b), operands, result, charge);
    }

    /// Emits a call of the runtime with `operands` operands.
    pub(super) fn call_runtime(
        &mut self,
        (op, a, b): (Opcode, u32, u32),
        operands: usize,
        result: Option<ValType>,
        charge: Option<u32>,
    ) {
        if charge.is_some() {
            self.flush_all();
        }
        let at = self.in_place(operands);
        match charge {
            Some(cost) => self.emit_charging(Op::Bulk { op, cost, a, b, at }),
            None => self.emit(Op::Runtime { op, a, b, at }),
        }
        self.operands.wrote(at, ValType::I64);
        if let Some(ty) = result {
            self.operands.push_stored(ty);
        }
    }

    /// Moves `operands` operands into their slots, which are consecutive, and pops them; returns the first slot.
    pub(super) fn in_place(&mut self, operands: usize) -> SlotOffset {
        let height = self.operands.height() - operands;
        self.flush_from(height);
        self.settle();
        self.operands.truncate(height);
        // The op may write to this slot even if it has neither operand nor result.
        let slot = self.operands.slot_at(height);
        self.operands.reserve(slot.saturating_add(1));
        Operands::offset(slot)
    }

    /// Arithmetic on integers of two slots.
    pub(super) fn wide(&mut self, op: Opcode) {
        let (operands, results) = plain_type(op);
        let at = self.in_place(operands);
        self.emit(Op::Wide { op, at });
        for (i, &ty) in results.iter().enumerate() {
            self.operands.wrote(at + 8 * i as SlotOffset, ty);
            self.operands.push_stored(ty);
        }
    }
}
