//! Fuel. Code that was lowered without fuel has none of these. Holds unsafe code: see the parent.
//!
//! Code that charges on branches keeps a counter that is ahead of the truth: wherever control arrives, everything up to the end of
//! the superblock is taken from it at once, and a branch out of the middle gives back what it leaves behind (see `code::meter`). If
//! the counter would fall below zero, what is left may not suffice for all of that; so execution goes on at the same place in the
//! function's exact code, which charges before each instruction, until it stops there or comes to where it can rejoin.

use super::operand::{Value, read};
use super::stopped;
use crate::code::ops::Bank;
use crate::exec::dispatch::{Regs, Ret, goto, handler, next, resume};
use crate::exec::machine::Machine;
use crate::exec::meter::Way;

/// Arrives at `ip`, the beginning of an op, and charges for what comes next.
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

/// Where the op begins of which nothing but the handler's address has been read.
#[inline(always)]
pub(crate) fn this_op(r: &Regs) -> *const u32 {
    r.ip.wrapping_sub(2)
}

/// Goes the way that the machine has found.
#[inline(always)]
unsafe fn go(mut r: Regs, way: Way) -> Ret {
    // SAFETY: CODE; ways lead to places where control arrives.
    unsafe {
        match way {
            Way::On => resume(r),
            Way::Over(ip) => {
                r.ip = ip;
                resume(r)
            }
            Way::Stop(ip) => {
                (*r.ctx).retry_ip = ip;
                // A stop is looked for behind the handler's address, see `Machine::stop_ip`.
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
        // A value's slot, not its bytes: where the bytes of a narrower one lie in it differs from host to host.
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

    /// goes on where control arrives in code that charges on branches, if there is fuel for what lies ahead
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

    /// Fetches the fuel that the op at `ip` wants, which then begins again, or stops in front of it.
    #[cold]
    #[inline(never)]
    fn short(r) {
        let way = if (*r.ctx).shortfall((*r.ctx).wanted) { Way::On } else { Way::Stop(r.ip) };
        go(r, way)
    }

    /// Fetches the fuel that the op at `ip` wants, or goes on in exact code.
    #[cold]
    #[inline(never)]
    fn short_ahead(r) {
        let way = (*r.ctx).way(r.ip);
        go(r, way)
    }

    /// Stops within the op at `ip`, which is a place where control arrives; `AHEAD` says whether the code has paid for what lies ahead.
    #[cold]
    #[inline(never)]
    fn paused[const AHEAD: bool](r) {
        let way = if AHEAD { (*r.ctx).stop_within(r.ip) } else { Way::Stop(r.ip) };
        go(r, way)
    }

    /// Fetches the fuel that arriving at `ip` takes, or goes on in exact code.
    #[cold]
    #[inline(never)]
    fn arrive_short(r) {
        let way = (*r.ctx).arrive(r.ip);
        go(r, way)
    }
}
