//! Loads and stores.

use super::Lowerer;
use super::numeric::result_type;
use super::operands::{Operand, Operands, Place};
use crate::code::ops::{Addr, Dst, Op};
use crate::syntax::instr::{Instr, MemArg, Opcode};

/// The memory argument of a load or store.
macro_rules! memarg {
    ($instr:expr; $($name:ident)*) => {
        match *$instr {
            $(Instr::$name { memarg } => memarg,)*
            _ => unreachable!("the table: these are the loads and stores of numbers"),
        }
    };
}

#[rustfmt::skip]
fn memarg(instr: &Instr<'_>) -> MemArg {
    memarg! { instr;
        I32Load I64Load F32Load F64Load I32Load8S I32Load8U I32Load16S I32Load16U
        I64Load8S I64Load8U I64Load16S I64Load16U I64Load32S I64Load32U
        V128Load V128Load8x8S V128Load8x8U V128Load16x4S V128Load16x4U V128Load32x2S V128Load32x2U
        V128Load8Splat V128Load16Splat V128Load32Splat V128Load64Splat V128Load32Zero V128Load64Zero V128Store
        I32Store I64Store F32Store F64Store I32Store8 I32Store16 I64Store8 I64Store16 I64Store32
    }
}

impl Lowerer<'_> {
    pub(super) fn load(&mut self, instr: &Instr<'_>) {
        self.load_as(instr.opcode(), memarg(instr));
    }

    /// Lowers a load as the first part of an instruction.
    pub(super) fn load_as(&mut self, op: Opcode, memarg: MemArg) {
        let ty = result_type(op);
        if self.is_shared(memarg.mem) {
            return self.load_shared(op, memarg, ty);
        }
        if self.is_mem64(memarg.mem) {
            return self.load64(op, memarg, ty);
        }
        let MemArg { offset, mem, .. } = memarg;
        let offset = offset as u32;
        let address = self.operands.pop();
        if mem.0 != 0 {
            self.settle_unless(&address);
            let x = self.stored(&address);
            let d = Operands::offset(address.slot);
            self.emit(Op::LoadFrom {
                op,
                x,
                mem: mem.0,
                offset,
                d,
            });
            self.operands.wrote(d, ty);
            return self.operands.push_stored(ty);
        }
        let addr = if super::simd::has_plain_address(op) {
            let [x] = self.sources([&address]);
            Addr::Plain(x)
        } else {
            self.address(&address, op)
        };
        self.push_pending(
            Op::Load {
                op,
                addr,
                offset,
                d: Dst::Acc,
            },
            ty,
        );
    }

    pub(super) fn store(&mut self, instr: &Instr<'_>) {
        self.store_as(instr.opcode(), memarg(instr));
    }

    /// Lowers a store as the last part of an instruction.
    pub(super) fn store_as(&mut self, op: Opcode, memarg: MemArg) {
        if self.is_shared(memarg.mem) {
            return self.store_shared(op, memarg);
        }
        if self.is_mem64(memarg.mem) {
            return self.store64(op, memarg);
        }
        let MemArg { offset, mem, .. } = memarg;
        let offset = offset as u32;
        let value = self.operands.pop();
        let address = self.operands.pop();
        if mem.0 != 0 {
            let [x, value] = self.both_stored(&address, &value);
            return self.emit(Op::StoreTo {
                op,
                x,
                value,
                mem: mem.0,
                offset,
            });
        }
        // A pending operand moves to the accumulator or into the op; the other is looked up after that. Both
        // can be in the accumulator only if they are the same value.
        let (addr, value) = if address.place == Place::Pending {
            let addr = self.address(&address, op);
            (addr, self.operands.src(&value))
        } else {
            let [value] = self.sources([&value]);
            (Addr::Plain(self.operands.src(&address)), value)
        };
        self.emit(Op::Store {
            op,
            addr,
            value,
            offset,
        });
    }

    /// Settles the pending op unless it computes `operand`, which was popped.
    pub(super) fn settle_unless(&mut self, operand: &Operand) {
        if operand.place != Place::Pending {
            self.settle();
        }
    }
}
