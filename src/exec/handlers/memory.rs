//! Loads and stores. Holds unsafe code: see the parent.

use core::marker::PhantomData;

use super::operand::{Dest, Source, Value, cell, slot};
use super::{compute, trap};
use crate::exec::dispatch::{Regs, handler, next};
use crate::exec::numerics::{Load, Store};
use crate::runtime::trap::Trap;

/// How an address is computed, as `code::ops::Addr` says.
pub(crate) trait Address {
    /// The address, for an access of so many bytes.
    unsafe fn get(r: &mut Regs, width: usize) -> u32;
}

/// `x`
pub(crate) struct Plain<X>(PhantomData<X>);
/// `x + y`
pub(crate) struct Sum<X, Y>(PhantomData<(X, Y)>);
/// `x + (y << k)`
pub(crate) struct Scaled<X, Y>(PhantomData<(X, Y)>);

impl<X: Source<u32>> Address for Plain<X> {
    #[inline(always)]
    unsafe fn get(r: &mut Regs, _: usize) -> u32 {
        // SAFETY: HANDLER.
        unsafe { X::get(r) }
    }
}

impl<X: Source<u32>, Y: Source<u32>> Address for Sum<X, Y> {
    #[inline(always)]
    unsafe fn get(r: &mut Regs, _: usize) -> u32 {
        // SAFETY: HANDLER.
        unsafe { X::get(r).wrapping_add(Y::get(r)) }
    }
}

impl<X: Source<u32>, Y: Source<u32>> Address for Scaled<X, Y> {
    #[inline(always)]
    unsafe fn get(r: &mut Regs, width: usize) -> u32 {
        // SAFETY: HANDLER.
        unsafe { X::get(r).wrapping_add(Y::get(r).wrapping_mul(width as u32)) }
    }
}

/// The sum of address and offset, if an access of `width` bytes there lies within `len`.
///
/// Both summands have 32 bits, so that 64 hold the sum.
#[inline(always)]
fn effective(address: u32, offset: u32, width: usize, len: u64) -> Option<usize> {
    let start = u64::from(address) + u64::from(offset);
    if start + width as u64 <= len {
        Some(start as usize)
    } else {
        None
    }
}

handler! {
    /// `d := memory[addr + offset]`
    fn load[L: Load, A: Address, D: Dest<L::Out>](r) {
        let width = size_of::<L::Bytes>();
        let address = A::get(&mut r, width);
        let offset = cell(&mut r);
        match effective(address, offset, width, (*r.ctx).mem_len) {
            Some(start) => {
                // MEM; the access lies within the memory.
                let value = compute::load::<L>(r.mem.add(start));
                D::put(&mut r, value);
                next(r)
            }
            None => trap(r, Trap::MemoryOutOfBounds),
        }
    }

    /// `memory[addr + offset] := value`
    fn store[S: Store, A: Address, X: Source<S::In>](r) {
        let width = size_of::<S::Bytes>();
        let address = A::get(&mut r, width);
        let value = X::get(&mut r);
        let offset = cell(&mut r);
        match effective(address, offset, width, (*r.ctx).mem_len) {
            Some(start) => {
                // MEM; the access lies within the memory.
                r.mem.add(start).cast::<S::Bytes>().write_unaligned(S::encode(value));
                next(r)
            }
            None => trap(r, Trap::MemoryOutOfBounds),
        }
    }

    /// `slot := memories[mem][slot + offset]`
    fn load_from[L: Load](r) {
        let width = size_of::<L::Bytes>();
        let address = *slot(&mut r) as u32;
        let (data, len) = (*r.ctx).mem_at(cell(&mut r));
        let offset = cell(&mut r);
        match effective(address, offset, width, len) {
            Some(start) => {
                // MEM; the access lies within the memory.
                compute::load::<L>(data.add(start)).write(slot(&mut r));
                next(r)
            }
            None => trap(r, Trap::MemoryOutOfBounds),
        }
    }

    /// `memories[mem][slot + offset] := slot`
    fn store_to[S: Store](r) {
        let width = size_of::<S::Bytes>();
        let address = *slot(&mut r) as u32;
        let value = S::In::read(slot(&mut r));
        let (data, len) = (*r.ctx).mem_at(cell(&mut r));
        let offset = cell(&mut r);
        match effective(address, offset, width, len) {
            Some(start) => {
                // MEM; the access lies within the memory.
                data.add(start).cast::<S::Bytes>().write_unaligned(S::encode(value));
                next(r)
            }
            None => trap(r, Trap::MemoryOutOfBounds),
        }
    }
}
