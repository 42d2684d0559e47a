//! References: null, the tests for it, and calls through them.

use super::Lowerer;
use super::operands::Place;
use crate::code::ops::{Dst, Op, Src};
use crate::syntax::index::*;
use crate::syntax::instr::Opcode;
use crate::syntax::types::ValType;

impl Lowerer<'_> {
    pub(super) fn ref_null(&mut self) {
        self.operands.push_const(0, ValType::FUNCREF);
    }

    pub(super) fn ref_is_null(&mut self) {
        self.unop(Opcode::I64Eqz);
    }

    pub(super) fn ref_as_non_null(&mut self) {
        let x = self.checked_operand();
        self.emit(Op::NonNull { x });
    }

    /// The place of the topmost operand, which stays there while an op tests it. No op is pending afterwards.
    pub(super) fn checked_operand(&mut self) -> Src {
        if let Place::Pending | Place::Const(_) = self.operands.top().place {
            self.flush_from(self.operands.height() - 1);
        } else {
            self.settle();
        }
        let operand = self.operands.top();
        self.operands.src(&operand)
    }

    pub(super) fn br_on_null(&mut self, label: LabelIdx) {
        self.flush_from(self.operands.height() - 1);
        let reference = self.operands.pop();
        let x = self.operands.src(&reference);
        // The test stands in for the reference until the branch absorbs it; it never reaches the slot, which both paths still hold.
        let (op, d) = (Opcode::I64Eqz, Dst::Acc);
        self.push_pending(Op::Unop { op, x, d }, ValType::I32);
        self.br_if(label);
        self.operands.push_stored(reference.ty);
    }

    pub(super) fn br_on_non_null(&mut self, label: LabelIdx) {
        self.flush_from(self.operands.height() - 1);
        let reference = self.operands.top();
        let x = self.operands.src(&reference);
        let (op, y, d) = (Opcode::I64Ne, Src::Imm64(0), Dst::Acc);
        self.push_pending(Op::Binop { op, x, y, d }, ValType::I32);
        self.br_if(label);
        self.operands.pop();
    }

    pub(super) fn call_ref(&mut self, ty: TypeIdx) {
        let callee = self.operands.pop();
        let x = self.source(&callee);
        // As for an indirect call: the copies that move arguments into their slots do not change accumulators.
        let frame = self.call_frame(ty);
        self.emit(Op::CallRef { x, frame });
        self.after_call(ty);
    }

    pub(super) fn return_call_ref(&mut self, ty: TypeIdx) {
        let callee = self.operands.pop();
        let x = self.source(&callee);
        let tail = self.tail_frame(ty);
        self.emit(Op::ReturnCallRef { x, tail });
        self.unreachable_from_here();
    }
}
