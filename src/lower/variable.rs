//! Locals, globals, and the instructions that only move values.

use super::operands::{Operand, Operands, Place};
use super::{Lowerer, bank};
use crate::code::ops::{Bank, Dst, Op, Src};
use crate::syntax::index::*;
use crate::syntax::instr::Opcode;
use crate::syntax::types::ValType;

/// Bytes from one global of a store to the next.
const GLOBAL_BYTES: u32 = size_of::<crate::runtime::global_inst::GlobalInst>() as u32;

impl Lowerer<'_> {
    pub(super) fn local_get(&mut self, local: LocalIdx) {
        self.operands.push_local(local);
    }

    pub(super) fn local_set(&mut self, local: LocalIdx) {
        let value = self.operands.pop();
        self.assign(local, &value);
    }

    pub(super) fn local_tee(&mut self, local: LocalIdx) {
        let value = self.operands.pop();
        self.assign(local, &value);
        match value.place {
            Place::Const(bits) => self.operands.push_const(bits, value.ty),
            Place::Local { local: other, .. } => self.operands.push_local(other),
            Place::Stored | Place::Pending => self.operands.push_local(local),
        }
    }

    /// Assigns an operand that was popped to a local.
    fn assign(&mut self, local: LocalIdx, value: &Operand) {
        if matches!(value.place, Place::Local { local: from, .. } if from == local) {
            return;
        }
        self.preserve(local);
        let d = self.operands.local_dst(local);
        if value.place == Place::Pending {
            self.flush_pending(d);
        } else {
            self.settle();
            self.copy(value, d);
        }
    }

    pub(super) fn drop_(&mut self) {
        let value = self.operands.pop();
        if value.place == Place::Pending {
            if self
                .operands
                .pending()
                .is_some_and(|pending| pending.op.may_trap())
            {
                self.flush_pending(Dst::Acc);
            } else {
                self.operands.take_pending();
            }
        }
    }

    pub(super) fn select(&mut self) {
        let c = self.operands.pop();
        let y = self.operands.pop();
        let x = self.operands.pop();
        let slot = x.slot;
        let ty = x.ty;
        if ty == ValType::V128 {
            return self.select_vector(&x, &y, &c);
        }
        // A pending value moves to memory; the condition may stay in the accumulator.
        for value in [&x, &y] {
            if value.place == Place::Pending {
                self.flush_pending(Dst::Slot(Operands::offset(value.slot)));
            }
        }
        let c = self.source(&c);
        let x = self.whole(&x);
        let y = self.whole(&y);
        let d = Dst::Slot(Operands::offset(slot));
        if bank(ty) == Bank::Int {
            self.push_pending(Op::Select { c, x, y, d }, ty);
        } else {
            // Values of any type are selected as integers, so a float does not arrive in the accumulator of floats.
            self.emit(Op::Select { c, x, y, d });
            self.operands.wrote(Operands::offset(slot), ty);
            self.operands.set_acc(Bank::Int, None);
            self.operands.push_stored(ty);
        }
    }

    /// The place of an operand's whole slot: in memory, in the integer pin, or an immediate.
    fn whole(&mut self, operand: &Operand) -> Src {
        match operand.place {
            Place::Const(bits) => Src::Imm64(bits),
            Place::Pending => Src::Slot(Operands::offset(operand.slot)),
            Place::Stored | Place::Local { .. } => match self.operands.src(operand) {
                Src::Pin if bank(operand.ty) == Bank::Int => Src::Pin,
                _ => self
                    .operands
                    .memory(operand)
                    .map_or(Src::Imm64(0), Src::Slot),
            },
        }
    }

    pub(super) fn global_get(&mut self, global: GlobalIdx) {
        let ty = self.module.globals[global.index()].value;
        self.settle();
        match global.0.checked_sub(self.module.imported_globals) {
            Some(defined) => {
                let offset = defined * GLOBAL_BYTES;
                self.push_pending(
                    Op::GlobalGet {
                        bank: bank(ty),
                        offset,
                        d: Dst::Acc,
                    },
                    ty,
                );
            }
            None if ty == ValType::V128 => self.imported_vector_get(global),
            None => self.call_runtime((Opcode::GlobalGet, global.0, 0), 0, Some(ty), None),
        }
    }

    pub(super) fn global_set(&mut self, global: GlobalIdx) {
        match global.0.checked_sub(self.module.imported_globals) {
            Some(defined) => {
                let value = self.operands.pop();
                let [x] = self.sources([&value]);
                let offset = defined * GLOBAL_BYTES;
                self.emit(Op::GlobalSet {
                    bank: bank(value.ty),
                    x,
                    offset,
                });
            }
            None if self.operands.top().ty == ValType::V128 => self.imported_vector_set(global),
            None => self.call_runtime((Opcode::GlobalSet, global.0, 0), 1, None, None),
        }
    }
}
