//! Loads and stores of memories with 64-bit addresses, and indices of tables that have them.
//!
//! These have ops of their own, so that those of 32-bit memories stay short. No sum is taken into an address here: it may exceed 64 bits,
//! and is checked when the op runs.

use super::Lowerer;
use super::operands::{Operand, Operands, Place};
use crate::code::ops::{Dst, Op};
use crate::syntax::index::{MemIdx, TableIdx};
use crate::syntax::instr::{MemArg, Opcode};
use crate::syntax::types::{AddrType, ValType};

impl Lowerer<'_> {
    /// Whether a memory has 64-bit addresses.
    pub(super) fn is_mem64(&self, mem: MemIdx) -> bool {
        self.module.mems[mem.index()].addr == AddrType::I64
    }

    /// A load from a memory with 64-bit addresses.
    pub(super) fn load64(&mut self, op: Opcode, memarg: MemArg, ty: ValType) {
        let MemArg { offset, mem, .. } = memarg;
        let address = self.operands.pop();
        let d = Dst::Acc;
        if let (0, Ok(offset)) = (mem.0, u32::try_from(offset))
            && !super::simd::has_plain_address(op)
        {
            let x = self.source(&address);
            return self.push_pending(Op::Load64 { op, x, offset, d }, ty);
        }
        self.settle_unless(&address);
        let x = self.stored(&address);
        let d = Operands::offset(address.slot);
        let mem = mem.0;
        self.emit(Op::LoadFrom64 {
            op,
            x,
            mem,
            offset,
            d,
        });
        self.operands.wrote(d, ty);
        self.operands.push_stored(ty);
    }

    /// A store to a memory with 64-bit addresses.
    pub(super) fn store64(&mut self, op: Opcode, memarg: MemArg) {
        let MemArg { offset, mem, .. } = memarg;
        let value = self.operands.pop();
        let address = self.operands.pop();
        if let (0, Ok(offset)) = (mem.0, u32::try_from(offset)) {
            let [x, value] = if let Place::Const(_) = address.place {
                let x = self.source(&address);
                [x, self.operands.src(&value)]
            } else {
                self.sources([&address, &value])
            };
            return self.emit(Op::Store64 {
                op,
                x,
                value,
                offset,
            });
        }
        let [x, value] = self.both_stored(&address, &value);
        let mem = mem.0;
        self.emit(Op::StoreTo64 {
            op,
            x,
            value,
            mem,
            offset,
        });
    }

    /// Moves two operands that were popped, the second first, into memory.
    pub(super) fn both_stored(&mut self, first: &Operand, second: &Operand) -> [i32; 2] {
        if first.place != Place::Pending {
            self.settle_unless(second);
        }
        let first = self.stored(first);
        [first, self.stored(second)]
    }

    /// Turns an index into a table with 64-bit indices, on top of the operands, into one of 32 bits: an index that does not fit becomes the
    /// largest number, which is out of bounds of every table.
    pub(super) fn narrow_index(&mut self, table: TableIdx) {
        if self.module.tables[table.index()].addr != AddrType::I64 {
            return;
        }
        let index = self.operands.pop();
        self.settle_unless(&index);
        let x = self.stored(&index);
        let d = Operands::offset(index.slot);
        self.emit(Op::Narrow { x, d });
        self.operands.wrote(d, ValType::I32);
        self.operands.push_stored(ValType::I32);
    }
}
