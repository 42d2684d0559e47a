//! Accesses to memories that threads share, and atomic ones to any.

use super::operands::Operands;
use super::{Lowerer, plain_type};
use crate::code::ops::{Access, Atomic, Op};
use crate::syntax::index::MemIdx;
use crate::syntax::instr::{Instr, MemArg, Opcode};
use crate::syntax::types::{AddrType, ValType};

/// The operation of each atomic instruction, and its memory argument.
macro_rules! atomics {
    ($instr:expr; $($does:ident: $($name:ident)*;)*) => {
        match *$instr {
            $($(Instr::$name { memarg } => Some((Atomic::$does, memarg)),)*)*
            _ => None,
        }
    };
}

#[rustfmt::skip]
fn atomic(instr: &Instr<'_>) -> Option<(Atomic, MemArg)> {
    atomics! { instr;
        Notify:
            MemoryAtomicNotify;
        Wait:
            MemoryAtomicWait32 MemoryAtomicWait64;
        Load:
            I32AtomicLoad I64AtomicLoad I32AtomicLoad8U I32AtomicLoad16U I64AtomicLoad8U I64AtomicLoad16U
            I64AtomicLoad32U;
        Store:
            I32AtomicStore I64AtomicStore I32AtomicStore8 I32AtomicStore16 I64AtomicStore8 I64AtomicStore16
            I64AtomicStore32;
        Add:
            I32AtomicRmwAdd I64AtomicRmwAdd I32AtomicRmw8AddU I32AtomicRmw16AddU I64AtomicRmw8AddU
            I64AtomicRmw16AddU I64AtomicRmw32AddU;
        Sub:
            I32AtomicRmwSub I64AtomicRmwSub I32AtomicRmw8SubU I32AtomicRmw16SubU I64AtomicRmw8SubU
            I64AtomicRmw16SubU I64AtomicRmw32SubU;
        And:
            I32AtomicRmwAnd I64AtomicRmwAnd I32AtomicRmw8AndU I32AtomicRmw16AndU I64AtomicRmw8AndU
            I64AtomicRmw16AndU I64AtomicRmw32AndU;
        Or:
            I32AtomicRmwOr I64AtomicRmwOr I32AtomicRmw8OrU I32AtomicRmw16OrU I64AtomicRmw8OrU
            I64AtomicRmw16OrU I64AtomicRmw32OrU;
        Xor:
            I32AtomicRmwXor I64AtomicRmwXor I32AtomicRmw8XorU I32AtomicRmw16XorU I64AtomicRmw8XorU
            I64AtomicRmw16XorU I64AtomicRmw32XorU;
        Xchg:
            I32AtomicRmwXchg I64AtomicRmwXchg I32AtomicRmw8XchgU I32AtomicRmw16XchgU I64AtomicRmw8XchgU
            I64AtomicRmw16XchgU I64AtomicRmw32XchgU;
        Cmpxchg:
            I32AtomicRmwCmpxchg I64AtomicRmwCmpxchg I32AtomicRmw8CmpxchgU I32AtomicRmw16CmpxchgU
            I64AtomicRmw8CmpxchgU I64AtomicRmw16CmpxchgU I64AtomicRmw32CmpxchgU;
    }
}

impl Lowerer<'_> {
    /// Whether threads share a memory.
    pub(super) fn is_shared(&self, mem: MemIdx) -> bool {
        self.module.mems[mem.index()].shared
    }

    fn access(&self, op: Opcode, memarg: MemArg) -> Access {
        let MemArg { mem, offset, .. } = memarg;
        Access {
            mem: mem.0,
            wide: self.module.mems[mem.index()].addr == AddrType::I64,
            width: op.natural_align().unwrap_or(0),
            offset,
        }
    }

    /// A load from a shared memory.
    pub(super) fn load_shared(&mut self, op: Opcode, memarg: MemArg, ty: ValType) {
        let access = self.access(op, memarg);
        let address = self.operands.pop();
        self.settle_unless(&address);
        let x = self.stored(&address);
        let d = Operands::offset(address.slot);
        self.emit(Op::LoadShared { op, x, access, d });
        self.operands.wrote(d, ty);
        self.operands.push_stored(ty);
    }

    /// A store to a shared memory.
    pub(super) fn store_shared(&mut self, op: Opcode, memarg: MemArg) {
        let access = self.access(op, memarg);
        let value = self.operands.pop();
        let address = self.operands.pop();
        let [x, value] = self.both_stored(&address, &value);
        self.emit(Op::StoreShared {
            op,
            x,
            value,
            access,
        });
    }

    /// An atomic access, or a fence.
    pub(super) fn atomic(&mut self, instr: &Instr<'_>) {
        let op = instr.opcode();
        let nowhere = Access {
            mem: 0,
            wide: false,
            width: 0,
            offset: 0,
        };
        let (does, access) = match atomic(instr) {
            Some((does, memarg)) => (does, self.access(op, memarg)),
            None => (Atomic::Fence, nowhere),
        };
        let (operands, results) = plain_type(op);
        let at = self.in_place(operands);
        self.emit(Op::Atomic {
            op,
            does,
            at,
            access,
        });
        for &ty in results {
            self.operands.wrote(at, ty);
            self.operands.push_stored(ty);
        }
    }
}
