//! Fuel. Code that was lowered without fuel does not use these handlers. Holds unsafe code: see the parent.
//!
//! Code that charges on branches keeps a counter that is charged in advance: wherever control arrives, the cost of everything up to the end
//! of the superblock is subtracted at once, and a branch out of the middle is refunded the rest (see `code::meter`). If
//! the counter would fall below zero, the fuel may not suffice for all of that; so execution continues at the same place in the
//! function's exact code, which charges before each instruction, until it stops there or reaches a place where it can rejoin.

use super::operand::{Value, read};
use super::stopped;
use crate::code::ops::Bank;
use crate::exec::dispatch::{Regs, Ret, goto, handler, next, resume};
use crate::exec::machine::Machine;
use crate::exec::meter::Way;

/// Arrives at `ip`, the beginning of an op, and charges for the code there.
#[inline(always)]
pub(crate) unsafe fn arrive(r: Regs, charge: u32) -> Ret {
    // SAFETY: CTX; CODE: control arrives at ops only.
    unsafe {
        core::hint::assert_unchecked(r.ip.addr().is_multiple_of(8));
        let fuel = (*r.ctx).fuel.wrapping_sub(i64::from(charge as i32));
        (*r.ctx).fuel = fuel;
        if fuel < 0 {
            return goto(r, arrive_short);
        }
        resume(r)
    }
}

/// The beginning of an op of which only the handler's address has been read.
#[inline(always)]
pub(crate) fn this_op(r: &Regs) -> *const u32 {
    r.ip.wrapping_sub(2)
}

/// Continues where `Way` says.
#[inline(always)]
unsafe fn go(mut r: Regs, way: Way) -> Ret {
    // SAFETY: CODE; a way leads to a place where control arrives.
    unsafe {
        match way {
            Way::On => resume(r),
            Way::Over(ip) => {
                r.ip = ip;
                resume(r)
            }
            Way::Stop(ip) => {
                (*r.ctx).retry_ip = ip;
                // The place of a stop is behind the handler's address, see `Machine::stop_ip`.
                r.ip = ip.wrapping_add(2);
                goto(r, stopped)
            }
        }
    }
}

/// Loads the pinned locals.
#[inline(always)]
unsafe fn load_pins(r: &mut Regs, ctx: *mut Machine) {
    // SAFETY: CTX; FRAME: homes are slots of the frame.
    unsafe {
        let home = |bank: Bank| {
            let home = (*ctx).pins[bank as usize]?;
            Some(r.sp.offset(home as isize).cast::<u64>())
        };
        // Read the slot as a value, not as bytes: the position of a narrower value in it depends on the host.
        if let Some(home) = home(Bank::Int) {
            r.pin = u64::read(home);
        }
        if let Some(home) = home(Bank::F32) {
            r.pin_f32 = f32::read(home);
        }
        if let Some(home) = home(Bank::F64) {
            r.pin_f64 = f64::read(home);
        }
    }
}

handler! {
    /// `fuel := fuel - cost`
    fn charge(r) {
        let op = this_op(&r);
        let (cost,) = read!(Charge, r);
        let cost = i64::from(cost);
        let fuel = (*r.ctx).fuel - cost;
        if fuel < 0 {
            (*r.ctx).wanted = cost;
            r.ip = op;
            return goto(r, short);
        }
        (*r.ctx).fuel = fuel;
        next(r)
    }

    /// continues where control arrives in code that charges on branches, if there is fuel for the code ahead
    #[cold]
    #[inline(never)]
    fn rejoin(r) {
        let ctx = r.ctx;
        let op = this_op(&r);
        let way = (*ctx).rejoin(op);
        match way {
            Way::On => return next(r),
            Way::Over(_) => load_pins(&mut r, ctx),
            Way::Stop(_) => {}
        }
        go(r, way)
    }

    /// Fetches the fuel for the op at `ip`, which then begins again, or stops in front of it.
    #[cold]
    #[inline(never)]
    fn short(r) {
        let way = if (*r.ctx).shortfall((*r.ctx).wanted) { Way::On } else { Way::Stop(r.ip) };
        go(r, way)
    }

    /// Fetches the fuel for the op at `ip`, or continues in exact code.
    #[cold]
    #[inline(never)]
    fn short_ahead(r) {
        let way = (*r.ctx).way(r.ip);
        go(r, way)
    }

    /// Stops within the op at `ip`, which is a place where control arrives; `AHEAD` if the code has paid for the instructions ahead.
    #[cold]
    #[inline(never)]
    fn paused[const AHEAD: bool](r) {
        let way = if AHEAD { (*r.ctx).stop_within(r.ip) } else { Way::Stop(r.ip) };
        go(r, way)
    }

    /// Fetches the fuel for arriving at `ip`, or continues in exact code.
    #[cold]
    #[inline(never)]
    fn arrive_short(r) {
        let way = (*r.ctx).arrive(r.ip);
        go(r, way)
    }
}
