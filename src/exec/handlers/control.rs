//! Branches and returns. Holds unsafe code: see the parent.

use super::fuel::arrive;
use super::operand::{Source, Value, in_code, read};
use super::trap;
use crate::exec::dispatch::{Regs, Ret, handler, next, resume};
use crate::exec::machine::RECORD_BYTES;
use crate::exec::numerics::{Relop, Unop};
use crate::runtime::trap::Trap;

/// Continues at the target in the next cell; in metered code, its charge comes before.
#[inline(always)]
unsafe fn branch<const METERED: bool>(mut r: Regs) -> Ret {
    // SAFETY: CODE; a target is the distance in bytes from its own cell to an op of the same function.
    unsafe {
        let charge = if METERED { in_code::u32(&mut r) } else { 0 };
        let distance = *r.ip as i32;
        r.ip = r.ip.byte_offset(distance as isize);
        if METERED {
            arrive(r, charge)
        } else {
            resume(r)
        }
    }
}

/// Number of cells that a target takes.
const fn target_cells(metered: bool) -> usize {
    if metered { 2 } else { 1 }
}

/// Continues behind the target.
#[inline(always)]
unsafe fn fall_through<const METERED: bool>(mut r: Regs) -> Ret {
    // SAFETY: CODE; an op that may fall through is followed by another one.
    unsafe {
        r.ip = r.ip.add(target_cells(METERED));
        next(r)
    }
}

/// Continues at the place that a call returns to; in metered code, its charge comes before.
#[inline(always)]
pub(crate) unsafe fn come_back<const METERED: bool>(r: Regs) -> Ret {
    // SAFETY: CODE; in metered code, and in static code, there is a cell in front of every place that calls return to.
    unsafe {
        if METERED {
            let charge = *r.ip.sub(1);
            arrive(r, charge)
        } else {
            resume(r)
        }
    }
}

/// The contents of the current frame's record: the place to return to, and its frame. Results may be written over the record, so it is
/// read first.
#[inline(always)]
pub(crate) unsafe fn record(r: &Regs) -> (*const u32, *mut u8) {
    // SAFETY: FRAME; the record lies below the frame's base.
    unsafe {
        let record = r.sp.sub(RECORD_BYTES);
        (
            record.cast::<*const u32>().read(),
            record.add(8).cast::<*mut u8>().read(),
        )
    }
}

handler! {
    /// `goto target`
    fn br[const METERED: bool](r) {
        branch::<METERED>(r)
    }

    /// `if (op x) ≠ not { goto target }`
    fn br_unop[O: Unop<Out = u32>, X: Source<O::In>, const METERED: bool](r) {
        let (x,) = read!(BrUnop<X>, r);
        if O::apply(x) != 0 { branch::<METERED>(r) } else { fall_through::<METERED>(r) }
    }

    /// `if x op y { goto target }`
    fn br_binop[O: Relop, X: Source<O::In>, Y: Source<O::In>, const METERED: bool](r) {
        let (x, y) = read!(BrBinop<X, Y>, r);
        if O::holds(x, y) { branch::<METERED>(r) } else { fall_through::<METERED>(r) }
    }

    /// `goto targets[min(x, count)]`
    fn br_table[X: Source<u32>, const METERED: bool](r) {
        let (x, count) = read!(BrTable<X>, r);
        r.ip = r.ip.add(x.min(count) as usize * target_cells(METERED));
        branch::<METERED>(r)
    }

    /// return without results
    fn return_0[const METERED: bool](r) {
        (r.ip, r.sp) = record(&r);
        come_back::<METERED>(r)
    }

    /// `slot := x`; return, the result in the accumulator too
    fn return_1[T: Value, X: Source<T>, const METERED: bool](r) {
        let (x, to) = read!(Return1<X>, r);
        (r.ip, r.sp) = record(&r);
        x.write(to);
        T::set_acc(&mut r, x);
        come_back::<METERED>(r)
    }

    /// `slots[to ..] := slots[from ..]`; return
    fn return_many[const METERED: bool](r) {
        let (from, to, count) = read!(ReturnMany, r);
        (r.ip, r.sp) = record(&r);
        core::ptr::copy(from, to, count as usize);
        come_back::<METERED>(r)
    }

    /// trap
    fn unreachable_op(r) {
        trap(r, Trap::UnreachableCodeReached)
    }
}
