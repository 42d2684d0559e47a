//! Copies, selection, globals. Holds unsafe code: see the parent.

use super::operand::{Dest, Scalar, Source, Value, cell, slot};
use crate::exec::dispatch::{handler, next};
use crate::runtime::global_inst::GlobalInst;

handler! {
    /// `slot := x`; no accumulator changes
    fn copy[T: Value, X: Source<T>](r) {
        let x = X::get(&mut r);
        x.write(slot(&mut r));
        next(r)
    }

    /// `pin := x`, and its home slot
    fn copy_to_pin[T: Scalar, X: Source<T>](r) {
        let x = X::get(&mut r);
        T::set_pin(&mut r, x);
        x.write(slot(&mut r));
        next(r)
    }

    /// `acc := x`
    fn copy_to_acc[T: Value, X: Source<T>](r) {
        let x = X::get(&mut r);
        T::set_acc(&mut r, x);
        next(r)
    }

    /// `slots[0 .. N] := 0`
    fn zero_locals[const N: usize](r) {
        r.sp.cast::<[u64; N]>().write([0; N]);
        next(r)
    }

    /// `slots[0 .. count] := 0`
    fn zero_many_locals(r) {
        let count = cell(&mut r) as usize;
        r.sp.cast::<u64>().write_bytes(0, count);
        next(r)
    }

    /// `pin := slot`
    fn load_pin[T: Scalar](r) {
        let home = T::read(slot(&mut r));
        T::set_pin(&mut r, home);
        next(r)
    }

    /// `slots[to ..] := slots[from ..]`, to lower addresses
    fn copy_range(r) {
        let from = slot(&mut r);
        let to = slot(&mut r);
        let count = cell(&mut r) as usize;
        core::ptr::copy(from, to, count);
        next(r)
    }

    /// `d := if c ≠ 0 { x } else { y }`
    fn select[C: Source<u32>, X: Source<u64>, Y: Source<u64>, D: Dest<u64>](r) {
        let c = C::get(&mut r);
        let x = X::get(&mut r);
        let y = Y::get(&mut r);
        D::put(&mut r, core::hint::select_unpredictable(c != 0, x, y));
        next(r)
    }

    /// `d := globals[offset]`
    fn global_get[T: Value, D: Dest<T>](r) {
        let offset = cell(&mut r) as usize;
        // CTX; lowering counted the offset from the first global that the module defines.
        let global: *mut GlobalInst = (*r.ctx).globals.byte_add(offset);
        let value = T::read((&raw const (*global).value).cast());
        D::put(&mut r, value);
        next(r)
    }

    /// `globals[offset] := x`
    fn global_set[T: Value, X: Source<T>](r) {
        let x = X::get(&mut r);
        let offset = cell(&mut r) as usize;
        let global: *mut GlobalInst = (*r.ctx).globals.byte_add(offset);
        x.write((&raw mut (*global).value).cast());
        next(r)
    }
}
