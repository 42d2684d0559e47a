//! Vectors: ops without a counterpart among numbers. Holds unsafe code: see the parent.
//!
//! Operators, loads and stores of vectors are the handlers of `numeric` and `memory`, for other types.

use super::compute;
use super::operand::{Acc, Dest, Slot, Source, Value, read};
use crate::exec::dispatch::{goto, handler, next};
use crate::exec::machine::Machine;
use crate::exec::numerics::{Canonical, I8x16Shuffle, Load, Replace, Shift, Ternop, V128};

/// The place of the value of an imported global.
#[inline(never)]
unsafe extern "C" fn imported(ctx: *mut Machine, global: u32) -> *mut u64 {
    // SAFETY: CTX.
    let machine = unsafe { &mut *ctx };
    let addr = machine.inst().globals[global as usize];
    machine.store().globals[addr.index()].value.as_mut_ptr()
}

handler! {
    /// `d := acc`, its NaNs made canonical; the expected case is that there are none
    fn canonical[O: Canonical, D: Dest<O::Floats>](r) {
        let (x, d) = read!(Canonical<Acc, D>, r);
        if compute::is_needed::<O>(x) != 0 {
            goto(r, canonical_nan::<O, D>)
        } else {
            d.put(&mut r, x);
            next(r)
        }
    }

    /// The rest of `canonical` where there is a NaN. No operand has been read, so `goto` leaves `ip` in front of the destination.
    #[cold] #[inline(never)]
    fn canonical_nan[O: Canonical, D: Dest<O::Floats>](r) {
        let (x, d) = read!(Canonical<Acc, D>, r);
        d.put(&mut r, compute::unop::<O>(x));
        next(r)
    }

    /// `d := op x, y, z`
    fn ternop[O: Ternop](r) {
        let (x, y, z, d) = read!(Ternop<Slot>, r);
        let (x, y, z) = (V128::read(x), V128::read(y), V128::read(z));
        d.put(&mut r, compute::ternop::<O>(x, y, z));
        next(r)
    }

    /// `d := x shifted by y`
    fn shift[O: Shift, X: Source<V128>, Y: Source<u32>](r) {
        let (x, y, d) = read!(Binop<X, Y, Slot>, r);
        d.put(&mut r, compute::shift::<O>(x, y));
        next(r)
    }

    /// `d := lane of x`: the lane's bytes are converted as by a load
    fn extract_lane[L: Load, D: Dest<L::Out>](r) {
        let (x, byte, d) = read!(ExtractLane<D>, r);
        let byte = byte as usize;
        let bytes = if cfg!(target_endian = "little") {
            x.cast::<u8>().add(byte).cast::<L::Bytes>().read_unaligned()
        } else {
            // The lowest byte of a slot is its last one here.
            let vector = V128::read(x);
            vector.0.as_ptr().add(byte).cast::<L::Bytes>().read_unaligned()
        };
        d.put(&mut r, L::decode(bytes));
        next(r)
    }

    /// `d := x, a lane of it := y`
    fn replace_lane[O: Replace, X: Source<V128>, Y: Source<O::Lane>](r) {
        let (x, y, lane, d) = read!(ReplaceLane<X, Y, Slot>, r);
        d.put(&mut r, compute::replace::<O>(x, y, lane));
        next(r)
    }

    /// `d := lanes of x and y`
    fn shuffle_lanes(r) {
        let (x, y, lanes, d) = read!(Shuffle<Slot>, r);
        let (x, y) = (V128::read(x), V128::read(y));
        d.put(&mut r, compute::ternop::<I8x16Shuffle>(x, y, lanes));
        next(r)
    }

    /// `d := a number in the code`
    fn constant_vector(r) {
        let (value, d) = read!(Constant<Slot>, r);
        d.put(&mut r, value);
        next(r)
    }

    /// `d := if c ≠ 0 { x } else { y }`
    fn select_vector[C: Source<u32>](r) {
        let (c, x, y, d) = read!(SelectVector<C, Slot>, r);
        let chosen = core::hint::select_unpredictable(c != 0, x, y);
        d.put(&mut r, V128::read(chosen));
        next(r)
    }

    /// `slot := imported global`
    fn imported_get(r) {
        let (global, d) = read!(ImportedGet, r);
        let global = imported(r.ctx, global);
        V128::read(global).write(d);
        next(r)
    }

    /// `imported global := slot`
    fn imported_set(r) {
        let (global, x) = read!(ImportedSet, r);
        let global = imported(r.ctx, global);
        V128::read(x).write(global);
        next(r)
    }
}
