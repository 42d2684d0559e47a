//! Loads and stores of memories with 64-bit addresses. Holds unsafe code: see the parent.
//!
//! Sums are checked here: address and offset may exceed 64 bits, which is beyond any memory.

use super::operand::{Dest, Source, Value, read};
use super::{compute, trap};
use crate::exec::dispatch::{handler, next};
use crate::exec::numerics::{Load, Store};
use crate::runtime::trap::Trap;

/// The sum of address and offset, if an access of `width` bytes there lies within `len`.
#[inline(always)]
fn effective(address: u64, offset: u64, width: usize, len: u64) -> Option<usize> {
    let start = address.checked_add(offset)?;
    match start.checked_add(width as u64) {
        // A memory's length fits into the host's numbers, and so does any offset within it.
        Some(end) if end <= len => Some(start as usize),
        _ => None,
    }
}

handler! {
    /// `d := memory[x + offset]`
    fn load64[L: Load, X: Source<u64>, D: Dest<L::Out>](r) {
        let (x, offset, d) = read!(Load64<X, D>, r);
        match effective(x, offset.into(), size_of::<L::Bytes>(), (*r.ctx).mem_len) {
            Some(start) => {
                // MEM; the access lies within the memory.
                let value = compute::load::<L>(r.mem.add(start));
                d.put(&mut r, value);
                next(r)
            }
            None => trap(r, Trap::MemoryOutOfBounds),
        }
    }

    /// `memory[x + offset] := value`
    fn store64[S: Store, X: Source<u64>, V: Source<S::In>](r) {
        let (x, value, offset) = read!(Store64<X, V>, r);
        match effective(x, offset.into(), size_of::<S::Bytes>(), (*r.ctx).mem_len) {
            Some(start) => {
                // MEM; the access lies within the memory.
                r.mem.add(start).cast::<S::Bytes>().write_unaligned(S::encode(value));
                next(r)
            }
            None => trap(r, Trap::MemoryOutOfBounds),
        }
    }

    /// `slot := memories[mem][slot + offset]`
    fn load_from64[L: Load](r) {
        let (x, mem, to, offset) = read!(LoadFrom64, r);
        let (data, len) = (*r.ctx).mem_at(mem);
        match effective(*x, offset, size_of::<L::Bytes>(), len) {
            Some(start) => {
                // MEM; the access lies within the memory.
                compute::load::<L>(data.add(start)).write(to);
                next(r)
            }
            None => trap(r, Trap::MemoryOutOfBounds),
        }
    }

    /// `memories[mem][slot + offset] := slot`
    fn store_to64[S: Store](r) {
        let (x, value, mem, offset) = read!(StoreTo64, r);
        let value = S::In::read(value);
        let (data, len) = (*r.ctx).mem_at(mem);
        match effective(*x, offset, size_of::<S::Bytes>(), len) {
            Some(start) => {
                // MEM; the access lies within the memory.
                data.add(start).cast::<S::Bytes>().write_unaligned(S::encode(value));
                next(r)
            }
            None => trap(r, Trap::MemoryOutOfBounds),
        }
    }

    /// `slot := min(slot, 2³² - 1)`
    fn narrow(r) {
        let (x, d) = read!(Narrow, r);
        *d = (*x).min(u64::from(u32::MAX));
        next(r)
    }
}
