//! Loads and stores. Holds unsafe code: see the parent.

use core::marker::PhantomData;

use super::operand::{Dest, Source, Value, read};
use super::{compute, trap};
use crate::exec::dispatch::{Regs, handler, next};
use crate::exec::numerics::{Load, Store};
use crate::runtime::trap::Trap;

/// The computation of an address, one implementation for each `code::ops::Addr`.
pub(crate) trait Address {
    /// Reads its operands.
    unsafe fn get(r: &mut Regs) -> Self;
    /// The address, for an access of `width` bytes.
    fn of(self, width: usize) -> u32;
}

/// `x`
pub(crate) struct Plain<X>(u32, PhantomData<X>);
/// `x + y`
pub(crate) struct Sum<X, Y>(u32, u32, PhantomData<(X, Y)>);
/// `x + (y << k)`
pub(crate) struct Scaled<X, Y>(u32, u32, PhantomData<(X, Y)>);

impl<X: Source<u32>> Address for Plain<X> {
    #[inline(always)]
    unsafe fn get(r: &mut Regs) -> Self {
        // SAFETY: HANDLER.
        unsafe { Self(X::get(r), PhantomData) }
    }

    #[inline(always)]
    fn of(self, _: usize) -> u32 {
        self.0
    }
}

impl<X: Source<u32>, Y: Source<u32>> Address for Sum<X, Y> {
    #[inline(always)]
    unsafe fn get(r: &mut Regs) -> Self {
        // SAFETY: HANDLER.
        unsafe { Self(X::get(r), Y::get(r), PhantomData) }
    }

    #[inline(always)]
    fn of(self, _: usize) -> u32 {
        self.0.wrapping_add(self.1)
    }
}

impl<X: Source<u32>, Y: Source<u32>> Address for Scaled<X, Y> {
    #[inline(always)]
    unsafe fn get(r: &mut Regs) -> Self {
        // SAFETY: HANDLER.
        unsafe { Self(X::get(r), Y::get(r), PhantomData) }
    }

    #[inline(always)]
    fn of(self, width: usize) -> u32 {
        self.0.wrapping_add(self.1.wrapping_mul(width as u32))
    }
}

/// The sum of address and offset, if an access of `width` bytes there lies within `len`.
///
/// Both summands have 32 bits, so the sum fits into 64.
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
        let (addr, offset, d) = read!(Load<A, D>, r);
        match effective(addr.of(width), offset, width, (*r.ctx).mem_len) {
            Some(start) => {
                // MEM; the access lies within the memory.
                let value = compute::load::<L>(r.mem.add(start));
                d.put(&mut r, value);
                next(r)
            }
            None => trap(r, Trap::MemoryOutOfBounds),
        }
    }

    /// `memory[addr + offset] := value`
    fn store[S: Store, A: Address, X: Source<S::In>](r) {
        let width = size_of::<S::Bytes>();
        let (addr, value, offset) = read!(Store<A, X>, r);
        match effective(addr.of(width), offset, width, (*r.ctx).mem_len) {
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
        let (x, mem, offset, d) = read!(LoadFrom, r);
        let (data, len) = (*r.ctx).mem_at(mem);
        match effective(*x as u32, offset, width, len) {
            Some(start) => {
                // MEM; the access lies within the memory.
                compute::load::<L>(data.add(start)).write(d);
                next(r)
            }
            None => trap(r, Trap::MemoryOutOfBounds),
        }
    }

    /// `memories[mem][slot + offset] := slot`
    fn store_to[S: Store](r) {
        let width = size_of::<S::Bytes>();
        let (x, value, mem, offset) = read!(StoreTo, r);
        let value = S::In::read(value);
        let (data, len) = (*r.ctx).mem_at(mem);
        match effective(*x as u32, offset, width, len) {
            Some(start) => {
                // MEM; the access lies within the memory.
                data.add(start).cast::<S::Bytes>().write_unaligned(S::encode(value));
                next(r)
            }
            None => trap(r, Trap::MemoryOutOfBounds),
        }
    }
}
