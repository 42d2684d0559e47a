//! Copies, selection, globals. Holds unsafe code: see the parent.

use super::operand::{Acc, Dest, Pin, Scalar, Slot, Source, Value, read};
use crate::exec::dispatch::{handler, next};
use crate::runtime::global_inst::GlobalInst;

handler! {
    /// `slot := x`; no accumulator changes
    fn copy[T: Value, X: Source<T>](r) {
        let (x, d) = read!(Copy<X, Slot>, r);
        x.write(d.slot(&mut r));
        next(r)
    }

    /// `pin := x`, and its home slot
    fn copy_to_pin[T: Scalar, X: Source<T>](r) {
        let (x, d) = read!(Copy<X, Pin>, r);
        T::set_pin(&mut r, x);
        x.write(d.slot(&mut r));
        next(r)
    }

    /// `acc := x`
    fn copy_to_acc[T: Value, X: Source<T>](r) {
        let (x, d) = read!(Copy<X, Acc>, r);
        d.put(&mut r, x);
        next(r)
    }

    /// `slots[0 .. N] := 0`
    fn zero_locals[const N: usize](r) {
        r.sp.cast::<[u64; N]>().write([0; N]);
        next(r)
    }

    /// `slots[0 .. count] := 0`
    fn zero_many_locals(r) {
        let (count,) = read!(ZeroManyLocals, r);
        r.sp.cast::<u64>().write_bytes(0, count as usize);
        next(r)
    }

    /// `pin := slot`
    fn load_pin[T: Scalar](r) {
        let (home,) = read!(LoadPin, r);
        T::set_pin(&mut r, T::read(home));
        next(r)
    }

    /// `slots[to ..] := slots[from ..]`, to lower addresses
    fn copy_range(r) {
        let (from, to, count) = read!(CopyRange, r);
        core::ptr::copy(from, to, count as usize);
        next(r)
    }

    /// `d := if c ≠ 0 { x } else { y }`
    fn select[C: Source<u32>, X: Source<u64>, Y: Source<u64>, D: Dest<u64>](r) {
        let (c, x, y, d) = read!(Select<C, X, Y, D>, r);
        d.put(&mut r, core::hint::select_unpredictable(c != 0, x, y));
        next(r)
    }

    /// `d := globals[offset]`
    fn global_get[T: Value, D: Dest<T>](r) {
        let (offset, d) = read!(GlobalGet<D>, r);
        // CTX; lowering counted the offset from the first global that the module defines.
        let global: *mut GlobalInst = (*r.ctx).globals.byte_add(offset as usize);
        let value = T::read((&raw const (*global).value).cast());
        d.put(&mut r, value);
        next(r)
    }

    /// `globals[offset] := x`
    fn global_set[T: Value, X: Source<T>](r) {
        let (x, offset) = read!(GlobalSet<X>, r);
        let global: *mut GlobalInst = (*r.ctx).globals.byte_add(offset as usize);
        x.write((&raw mut (*global).value).cast());
        next(r)
    }
}
