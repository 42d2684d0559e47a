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

    /// Binary operators and comparisons.
    pub(super) fn binop(&mut self, op: Opcode) {
        if op == Opcode::I32Add && self.scaled_sum() {
            return;
        }
        let y = self.operands.pop();
        let x = self.operands.pop();
        let [mut xs, mut ys] = if let (Place::Const(_), Place::Const(_)) = (x.place, y.place) {
            // This is rare, so it is computed at run time.
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
}

/// The type of the result of an instruction in the table's plain rows.
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

/// Brings two operands into normal form; returns whether they were swapped.
pub(super) fn order(x: &mut Src, y: &mut Src) -> bool {
    let swap = rank(*x) > rank(*y);
    if swap {
        core::mem::swap(x, y);
    }
    swap
}

/// The operation that computes for `y, x` the result of this one for `x, y`, if there is one.
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
