//! Branches and returns. Holds unsafe code: see the parent.

use super::operand::{Source, Value, cell, slot};
use super::trap;
use crate::exec::dispatch::{Regs, Ret, handler, next};
use crate::exec::machine::RECORD_BYTES;
use crate::exec::numerics::{Relop, Unop};
use crate::runtime::trap::Trap;

/// Goes on at the target that the next cell holds.
#[inline(always)]
unsafe fn branch(mut r: Regs) -> Ret {
    // SAFETY: CODE; a target is the distance in bytes from its own cell to an op of the same function.
    unsafe {
        let distance = *r.ip as i32;
        r.ip = r.ip.byte_offset(distance as isize);
        next(r)
    }
}

/// Goes on behind the target.
#[inline(always)]
unsafe fn fall_through(mut r: Regs) -> Ret {
    // SAFETY: CODE; an op that may fall through is followed by another one.
    unsafe {
        r.ip = r.ip.add(1);
        next(r)
    }
}

/// Returns to the caller.
#[inline(always)]
unsafe fn ret(mut r: Regs) -> Ret {
    // SAFETY: FRAME; the record lies below the frame's base.
    unsafe {
        let record = r.sp.sub(RECORD_BYTES);
        r.ip = record.cast::<*const u32>().read();
        r.sp = record.add(8).cast::<*mut u8>().read();
        next(r)
    }
}

handler! {
    /// `goto target`
    fn br(r) {
        branch(r)
    }

    /// `if (op x) ≠ not { goto target }`
    fn br_unop[O: Unop<Out = u32>, X: Source<O::In>](r) {
        let x = X::get(&mut r);
        if O::apply(x) != 0 { branch(r) } else { fall_through(r) }
    }

    /// `if x op y { goto target }`
    fn br_binop[O: Relop, X: Source<O::In>, Y: Source<O::In>](r) {
        let x = X::get(&mut r);
        let y = Y::get(&mut r);
        if O::holds(x, y) { branch(r) } else { fall_through(r) }
    }

    /// `goto targets[min(x, count)]`
    fn br_table[X: Source<u32>](r) {
        let x = X::get(&mut r);
        let count = cell(&mut r);
        r.ip = r.ip.add(x.min(count) as usize);
        branch(r)
    }

    /// return without results
    fn return_0(r) {
        ret(r)
    }

    /// `slot := x`; return, the result in the accumulator too
    fn return_1[T: Value, X: Source<T>](r) {
        let x = X::get(&mut r);
        *slot(&mut r) = x.to_slot();
        T::set_acc(&mut r, x);
        ret(r)
    }

    /// `slots[to ..] := slots[from ..]`; return
    fn return_many(r) {
        let from = slot(&mut r);
        let to = slot(&mut r);
        let count = cell(&mut r) as usize;
        // The results may reach over the record, so it is read first.
        let record = r.sp.sub(RECORD_BYTES);
        let ip = record.cast::<*const u32>().read();
        let sp = record.add(8).cast::<*mut u8>().read();
        core::ptr::copy(from, to, count);
        r.ip = ip;
        r.sp = sp;
        next(r)
    }

    /// trap
    fn unreachable_op(r) {
        trap(r, Trap::UnreachableCodeReached)
    }
}
