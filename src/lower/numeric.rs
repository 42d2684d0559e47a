//! Constants and numeric instructions.

use super::Lowerer;
use super::operands::Place;
use crate::code::ops::{Dst, Op, Src};
use crate::syntax::instr::{Class, Instr, Opcode};
use crate::syntax::types::ValType;

impl Lowerer<'_> {
    pub(super) fn constant(&mut self, instr: &Instr<'_>) {
        let (bits, ty) = match *instr {
            Instr::I32Const { value } => (u64::from(value as u32), ValType::I32),
            Instr::I64Const { value } => (value as u64, ValType::I64),
            Instr::F32Const { bits } => (u64::from(bits), ValType::F32),
            Instr::F64Const { bits } => (bits, ValType::F64),
            _ => unreachable!("the table: these are the constants of number types"),
        };
        self.operands.push_const(bits, ty);
    }

    pub(super) fn unop(&mut self, op: Opcode) {
        if let Opcode::I32Eqz | Opcode::I64Eqz = op
            && self.negate_pending(op)
        {
            return;
        }
        let x = self.operands.pop();
        let x = self.source(&x);
        let ty = result_type(op);
        self.push_pending(Op::Unop { op, x, d: Dst::Acc }, ty);
    }

    /// Turns a test for zero of a pending comparison into the opposite comparison, or marks it so.
    fn negate_pending(&mut self, eqz: Opcode) -> bool {
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

    /// Binary operators and comparisons.
    pub(super) fn binop(&mut self, op: Opcode) {
        if op == Opcode::I32Add && self.scaled_sum() {
            return;
        }
        let y = self.operands.pop();
        let x = self.operands.pop();
        let [mut xs, mut ys] = if let (Place::Const(_), Place::Const(_)) = (x.place, y.place) {
            // Rare enough to be computed at run time.
            let xs = self.source(&x);
            [xs, self.operands.src(&y)]
        } else {
            self.sources([&x, &y])
        };
        let op = match swapped(op) {
            Some(swapped) if order(&mut xs, &mut ys) => swapped,
            _ => op,
        };
        let d = Dst::Acc;
        self.push_pending(
            Op::Binop {
                op,
                x: xs,
                y: ys,
                d,
            },
            result_type(op),
        );
    }

    /// `x + (y << k)`, if the shift is pending: one op, or part of an address.
    fn scaled_sum(&mut self) -> bool {
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
            // Both are the accumulator's mirror; one of them is read from memory.
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
}

/// The type of what an instruction of the table's plain rows yields.
pub(super) fn result_type(op: Opcode) -> ValType {
    match op.plain_type() {
        Some((_, &[ty])) => ty,
        _ => unreachable!("the table: numeric instructions have one result"),
    }
}

/// The op that tests for zero.
pub(super) fn eqz(wide: bool, x: Src) -> Op {
    let op = if wide { Opcode::I64Eqz } else { Opcode::I32Eqz };
    Op::Unop { op, x, d: Dst::Acc }
}

/// The position of an operand kind in the normal form of two operands that may be swapped.
fn rank(src: Src) -> u32 {
    match src {
        Src::Acc => 0,
        Src::Pin => 1,
        Src::Slot(_) => 2,
        Src::Imm32(_) | Src::Imm64(_) => 3,
    }
}

/// Brings two operands into normal form; says whether they were swapped.
pub(super) fn order(x: &mut Src, y: &mut Src) -> bool {
    let swap = rank(*x) > rank(*y);
    if swap {
        core::mem::swap(x, y);
    }
    swap
}

/// The operation that yields of `y, x` what this one yields of `x, y`, where there is one.
fn swapped(op: Opcode) -> Option<Opcode> {
    if op.commutes() {
        Some(op)
    } else {
        op.mirrored()
    }
}

/// Whether an opcode is a comparison of numbers.
pub(super) fn is_comparison(op: Opcode) -> bool {
    op.class() == Class::Relop
}
