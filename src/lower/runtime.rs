//! Instructions that the runtime carries out: sizes, growth, bulk operations, tables, references.

use super::Lowerer;
use super::operands::Operands;
use crate::code::ops::{Op, Runtime, SlotOffset};
use crate::syntax::instr::{Instr, Opcode};
use crate::syntax::types::ValType;
use crate::validate::InstrType;

impl Lowerer<'_> {
    /// Lowers an instruction of this file.
    pub(super) fn runtime(&mut self, instr: &Instr<'_>, ty: &InstrType<'_>) {
        let (call, a, b) = match *instr {
            Instr::MemorySize { mem } => (Runtime::MemorySize, mem.0, 0),
            Instr::MemoryGrow { mem } => (Runtime::MemoryGrow, mem.0, 0),
            Instr::MemoryFill { mem } => (Runtime::MemoryFill, mem.0, 0),
            Instr::MemoryCopy { dst, src } => (Runtime::MemoryCopy, dst.0, src.0),
            Instr::MemoryInit { mem, data } => (Runtime::MemoryInit, mem.0, data.0),
            Instr::DataDrop { data } => (Runtime::DataDrop, data.0, 0),
            Instr::TableGet { table } => (Runtime::TableGet, table.0, 0),
            Instr::TableSet { table } => (Runtime::TableSet, table.0, 0),
            Instr::TableSize { table } => (Runtime::TableSize, table.0, 0),
            Instr::TableGrow { table } => (Runtime::TableGrow, table.0, 0),
            Instr::TableFill { table } => (Runtime::TableFill, table.0, 0),
            Instr::TableCopy { dst, src } => (Runtime::TableCopy, dst.0, src.0),
            Instr::TableInit { table, elem } => (Runtime::TableInit, table.0, elem.0),
            Instr::ElemDrop { elem } => (Runtime::ElemDrop, elem.0, 0),
            Instr::RefFunc { func } => (Runtime::RefFunc, func.0, 0),
            _ => unreachable!("validated: {instr} belongs to a feature that is refused"),
        };
        self.call_runtime(call, a, b, ty.params.len(), ty.results);
    }

    /// Emits what the runtime is asked to do with so many operands.
    pub(super) fn call_runtime(
        &mut self,
        call: Runtime,
        a: u32,
        b: u32,
        operands: usize,
        results: &[ValType],
    ) {
        let at = self.in_place(operands);
        self.emit(Op::Runtime { call, a, b, at });
        self.operands.wrote(at, ValType::I64);
        for &ty in results {
            self.operands.push_stored(ty);
        }
    }

    /// Brings so many operands into their slots, which follow each other, and pops them; says where the first is.
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
    pub(super) fn wide(&mut self, op: Opcode, ty: &InstrType<'_>) {
        let at = self.in_place(ty.params.len());
        self.emit(Op::Wide { op, at });
        for (i, &ty) in ty.results.iter().enumerate() {
            self.operands.wrote(at + 8 * i as SlotOffset, ty);
            self.operands.push_stored(ty);
        }
    }
}
