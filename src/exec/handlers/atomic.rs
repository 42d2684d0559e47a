//! Accesses to memories that threads share, and atomic ones to any. Holds unsafe code: see the parent.
//!
//! A shared memory has neither a fixed place nor a fixed size, so none of it is kept in registers. Everything happens out of line.

use std::time::Duration;

use super::operand::{Value, read};
use crate::code::ops::{Access, Atomic};
use crate::exec::dispatch::{goto, handler, next};
use crate::exec::machine::Machine;
use crate::exec::numerics::{Load, Store};
use crate::runtime::interrupt::Interruption;
use crate::runtime::shared_mem::SharedMem;
use crate::runtime::trap::Trap;

/// The maximal length of a value in memory.
const MAX_BYTES: usize = 16;

/// The parameters of an access in an op.
#[derive(Clone, Copy)]
struct Place {
    mem: u32,
    /// Number of bytes accessed.
    width: u64,
    /// Whether addresses have 64 bits.
    is_wide: bool,
    offset: u64,
}

impl Place {
    /// The sum of an address and the offset.
    fn start(self, address: u64) -> Result<u64, Trap> {
        let address = if self.is_wide {
            address
        } else {
            u64::from(address as u32)
        };
        address
            .checked_add(self.offset)
            .ok_or(Trap::MemoryOutOfBounds)
    }
}

handler! {
    /// `slot := memories[mem][slot + offset]`
    fn load_shared[L: Load](r) {
        let (x, to, Access { mem, wide, width: _, offset }) = read!(LoadShared, r);
        if load::<L>(r.ctx, x, to, mem, wide, offset) {
            next(r)
        } else {
            goto(r, super::stopped)
        }
    }

    /// `memories[mem][slot + offset] := slot`
    fn store_shared[S: Store](r) {
        let (x, from, Access { mem, wide, width: _, offset }) = read!(StoreShared, r);
        if store::<S>(r.ctx, x, from, mem, wide, offset) {
            next(r)
        } else {
            goto(r, super::stopped)
        }
    }

    /// an atomic access
    fn atomic(r) {
        let (does, at, Access { mem, wide, width, offset }) = read!(Atomic, r);
        if access(r.ctx, at, does << 8 | 1 << width, mem, wide, offset) {
            next(r)
        } else {
            goto(r, super::stopped)
        }
    }
}

/// Records a trap, if there is one.
fn done(machine: &mut Machine, result: Result<(), Trap>) -> bool {
    match result {
        Ok(()) => true,
        Err(trap) => {
            machine.trap = Some(trap);
            false
        }
    }
}

#[inline(never)]
unsafe extern "C" fn load<L: Load>(
    ctx: *mut Machine,
    x: *const u64,
    to: *mut u64,
    mem: u32,
    is_wide: bool,
    offset: u64,
) -> bool {
    const { assert!(size_of::<L::Bytes>() <= MAX_BYTES) };
    // SAFETY: CTX; FRAME for the slots; as many bytes are read as the type has, which is no more than the buffer.
    unsafe {
        let place = Place {
            mem,
            width: size_of::<L::Bytes>() as u64,
            is_wide,
            offset,
        };
        let mut bytes = [0; MAX_BYTES];
        let result = place.start(*x).and_then(|start| {
            (*ctx)
                .mem_inst(mem)
                .read(start, &mut bytes[..size_of::<L::Bytes>()])
        });
        if result.is_ok() {
            L::decode(bytes.as_ptr().cast::<L::Bytes>().read_unaligned()).write(to);
        }
        done(&mut *ctx, result)
    }
}

#[inline(never)]
unsafe extern "C" fn store<S: Store>(
    ctx: *mut Machine,
    x: *const u64,
    from: *const u64,
    mem: u32,
    is_wide: bool,
    offset: u64,
) -> bool {
    const { assert!(size_of::<S::Bytes>() <= MAX_BYTES) };
    // SAFETY: CTX; FRAME for the slots; as many bytes are written as the type has, which is no more than the buffer.
    unsafe {
        let width = size_of::<S::Bytes>() as u64;
        let place = Place {
            mem,
            width,
            is_wide,
            offset,
        };
        let mut bytes = [0; MAX_BYTES];
        let value = S::encode(S::In::read(from));
        bytes.as_mut_ptr().cast::<S::Bytes>().write_unaligned(value);
        let result = place
            .start(*x)
            .and_then(|start| (*ctx).mem_inst(mem).init(start, &bytes, 0, width));
        done(&mut *ctx, result)
    }
}

/// Does an atomic access; `code` has the operation and the number of bytes.
#[inline(never)]
unsafe extern "C" fn access(
    ctx: *mut Machine,
    at: *mut u64,
    code: u32,
    mem: u32,
    is_wide: bool,
    offset: u64,
) -> bool {
    let does = Atomic::ALL[(code >> 8) as usize];
    let width = u64::from(code & 0xff);
    let place = Place {
        mem,
        width,
        is_wide,
        offset,
    };
    // SAFETY: CTX; FRAME: operands lie from the slot on, and a result replaces the first.
    unsafe {
        let operand = |i: usize| *at.add(i);
        let machine = &mut *ctx;
        let result = match does {
            Atomic::Fence => {
                SharedMem::fence();
                return true;
            }
            Atomic::Wait => wait(machine, place, operand(0), operand(1), operand(2) as i64),
            Atomic::Notify => notify(machine, place, operand(0), operand(1) as u32),
            Atomic::Load => update(machine, place, operand(0), |_| None),
            Atomic::Store => {
                let result = update(machine, place, operand(0), |_| Some(operand(1)));
                return done(machine, result.map(drop));
            }
            Atomic::Cmpxchg => {
                let expected = operand(1) & u64::MAX >> (64 - 8 * width);
                update(machine, place, operand(0), |old| {
                    (old == expected).then(|| operand(2))
                })
            }
            Atomic::Add => update(machine, place, operand(0), |old| {
                Some(old.wrapping_add(operand(1)))
            }),
            Atomic::Sub => update(machine, place, operand(0), |old| {
                Some(old.wrapping_sub(operand(1)))
            }),
            Atomic::And => update(machine, place, operand(0), |old| Some(old & operand(1))),
            Atomic::Or => update(machine, place, operand(0), |old| Some(old | operand(1))),
            Atomic::Xor => update(machine, place, operand(0), |old| Some(old ^ operand(1))),
            Atomic::Xchg => update(machine, place, operand(0), |_| Some(operand(1))),
        };
        let result = result.map(|value| *at = value);
        done(machine, result)
    }
}

fn update(
    machine: &mut Machine,
    place: Place,
    address: u64,
    change: impl Fn(u64) -> Option<u64>,
) -> Result<u64, Trap> {
    let start = place.start(address)?;
    machine
        .mem_inst(place.mem)
        .update(start, place.width, change)
}

fn wait(
    machine: &mut Machine,
    place: Place,
    address: u64,
    expected: u64,
    nanos: i64,
) -> Result<u64, Trap> {
    // The first read checks alignment and bounds.
    update(machine, place, address, |_| None)?;
    let start = place.start(address)?;
    let Some(memory) = machine.mem_inst(place.mem).shared().cloned() else {
        return Err(Trap::AtomicWaitNonSharedMemory);
    };
    let timeout = u64::try_from(nanos).ok().map(Duration::from_nanos);
    let interrupts = &mut machine.store().interrupts;
    let mut interrupted = || {
        let interruption = interrupts.as_mut().and_then(|interrupts| interrupts.take());
        matches!(
            interruption,
            Some(Interruption::Asked | Interruption::Deadline | Interruption::Question)
        )
    };
    let result = memory.wait(start, place.width, expected, timeout, &mut interrupted)?;
    Ok(result as u64)
}

fn notify(machine: &mut Machine, place: Place, address: u64, count: u32) -> Result<u64, Trap> {
    update(machine, place, address, |_| None)?;
    let start = place.start(address)?;
    let memory = machine.mem_inst(place.mem).shared();
    Ok(memory
        .map_or(0, |memory| memory.notify(start, count))
        .into())
}
