//! The choice of instructions that become one op: the only place that names ops made of two.
//!
//! The first of the two is pending when the second is lowered (see `operands`). If the second one needs its result, it is taken
//! back, and an op that does the work of both is held back or emitted in its place.

use super::Lowerer;
use super::numeric::{is_comparison, order};
use super::operands::{Operand, Place};
use crate::code::ops::{Addr, Dst, Op, Src};
use crate::syntax::instr::Opcode;
use crate::syntax::types::ValType;

impl Lowerer<'_> {
    /// Turns a pending comparison that is tested for zero into the opposite comparison, or marks it as negated.
    pub(super) fn negate_pending(&mut self, eqz: Opcode) -> bool {
        if self.operands.top().place != Place::Pending {
            return false;
        }
        let Some(&pending) = self.operands.pending() else {
            return false;
        };
        let Op::Binop { op, x, y, d } = pending.op else {
            return false;
        };
        if pending.is_zero {
            return false;
        }
        let testable = match eqz {
            Opcode::I32Eqz => is_comparison(op) || op == Opcode::I32And,
            _ => op == Opcode::I64And,
        };
        if !testable {
            return false;
        }
        self.operands.pop();
        self.operands.take_pending();
        match op.opposite() {
            Some(op) => self.push_pending(Op::Binop { op, x, y, d }, ValType::I32),
            None => self.push_pending_test(pending),
        }
        true
    }

    /// `x + (y << k)`, if the shift is pending: one op, or part of an address.
    pub(super) fn scaled_sum(&mut self) -> bool {
        let Some(pending) = self.operands.pending() else {
            return false;
        };
        let Op::Binop {
            op: Opcode::I32Shl,
            x: y,
            y: Src::Imm32(k),
            ..
        } = pending.op
        else {
            return false;
        };
        if matches!(y, Src::Imm32(_)) {
            return false;
        }
        let second = self.operands.pop();
        let first = self.operands.pop();
        let base = if second.place == Place::Pending {
            first
        } else {
            second
        };
        let mut x = self.operands.src(&base);
        if x == Src::Acc && y == Src::Acc {
            // Both are mirrored by the accumulator; one of them is read from memory.
            x = self.operands.memory(&base).map_or(x, Src::Slot);
        }
        let fits = (first.place == Place::Pending) != (second.place == Place::Pending)
            && !matches!(x, Src::Imm32(_))
            && !(x == Src::Acc && y == Src::Acc);
        if !fits {
            self.operands.push_again(first);
            self.operands.push_again(second);
            return false;
        }
        self.operands.take_pending();
        self.push_pending(
            Op::AddScaled {
                x,
                y,
                k,
                d: Dst::Acc,
            },
            ValType::I32,
        );
        true
    }

    /// Returns an operand as an address, and takes a pending sum in.
    pub(super) fn address(&mut self, operand: &Operand, access: Opcode) -> Addr {
        if operand.place == Place::Pending
            && let Some(&pending) = self.operands.pending()
            && !pending.is_zero
        {
            match pending.op {
                Op::Binop {
                    op: Opcode::I32Add,
                    mut x,
                    mut y,
                    ..
                } => {
                    self.operands.take_pending();
                    order(&mut x, &mut y);
                    return Addr::Sum(x, y);
                }
                Op::AddScaled { x, y, k, .. } if access.natural_align() == Some(k) => {
                    self.operands.take_pending();
                    return Addr::Scaled(x, y);
                }
                _ => {}
            }
        }
        let [x] = self.sources([operand]);
        Addr::Plain(x)
    }

    /// Emits a branch without its target, taken if the condition equals `taken_if`.
    pub(super) fn branch_if(&mut self, condition: &Operand, taken_if: bool) {
        let not = !taken_if;
        if condition.place == Place::Pending
            && let Some(&pending) = self.operands.pending()
        {
            let not = not != pending.is_zero;
            match pending.op {
                Op::Binop { op, x, y, .. }
                    if is_comparison(op) || op == Opcode::I32And || pending.is_zero =>
                {
                    self.operands.take_pending();
                    return self.emit(Op::BrBinop { op, not, x, y });
                }
                Op::Unop {
                    op: op @ (Opcode::I32Eqz | Opcode::I64Eqz),
                    x,
                    ..
                } => {
                    self.operands.take_pending();
                    return self.emit(Op::BrUnop { op, not, x });
                }
                _ => {}
            }
        }
        let x = self.source(condition);
        self.emit(Op::BrUnop {
            op: Opcode::I32Eqz,
            not: taken_if,
            x,
        });
    }
}
