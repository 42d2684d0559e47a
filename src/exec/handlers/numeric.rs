//! Numeric instructions. Holds unsafe code: see the parent.

use super::operand::{Dest, Source, read};
use super::{compute, trap};
use crate::exec::dispatch::{handler, next};
use crate::exec::numerics::{Binop, TrappingBinop, TrappingUnop, Unop, WideOp};

handler! {
    /// `slots[at ..] := op slots[at ..]`, two results
    fn wide[O: WideOp](r) {
        let (at,) = read!(Wide, r);
        let mut operands = [0; 4];
        let mut i = 0;
        while i < O::OPERANDS {
            operands[i] = *at.add(i);
            i += 1;
        }
        let [low, high] = O::apply(operands);
        *at = low;
        *at.add(1) = high;
        next(r)
    }

    /// `d := op x`
    fn unop[O: Unop, X: Source<O::In>, D: Dest<O::Out>](r) {
        let (x, d) = read!(Unop<X, D>, r);
        d.put(&mut r, compute::unop::<O>(x));
        next(r)
    }

    /// `d := op x`, or trap
    fn trapping_unop[O: TrappingUnop, X: Source<O::In>, D: Dest<O::Out>](r) {
        let (x, d) = read!(Unop<X, D>, r);
        match O::apply(x) {
            Ok(value) => {
                d.put(&mut r, value);
                next(r)
            }
            Err(reason) => trap(r, reason),
        }
    }

    /// `d := x op y`
    fn binop[O: Binop, X: Source<O::In>, Y: Source<O::In>, D: Dest<O::Out>](r) {
        let (x, y, d) = read!(Binop<X, Y, D>, r);
        d.put(&mut r, compute::binop::<O>(x, y));
        next(r)
    }

    /// `d := x op y`, or trap
    fn trapping_binop[O: TrappingBinop, X: Source<O::In>, Y: Source<O::In>, D: Dest<O::In>](r) {
        let (x, y, d) = read!(Binop<X, Y, D>, r);
        match O::apply(x, y) {
            Ok(value) => {
                d.put(&mut r, value);
                next(r)
            }
            Err(reason) => trap(r, reason),
        }
    }

    /// `d := x + (y << k)`
    fn add_scaled[X: Source<u32>, Y: Source<u32>, D: Dest<u32>](r) {
        let (x, y, k, d) = read!(AddScaled<X, Y, D>, r);
        d.put(&mut r, x.wrapping_add(y.wrapping_shl(k)));
        next(r)
    }
}
