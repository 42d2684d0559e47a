//! Fuel. Code that was lowered without fuel has none of these. Holds unsafe code: see the parent.

use super::operand::{cell, slot};
use super::stopped;
use crate::exec::dispatch::{Regs, Ret, goto, handler, next, resume};

/// Takes `cost` from the fuel, or stops before anything else happens. `op` is where the current op begins.
#[inline(always)]
unsafe fn pay(mut r: Regs, op: *const u32, cost: u64) -> Ret {
    // SAFETY: CTX.
    unsafe {
        let fuel = (*r.ctx).fuel;
        if fuel < cost {
            (*r.ctx).wanted = cost;
            r.ip = op;
            return goto(r, short);
        }
        (*r.ctx).fuel = fuel - cost;
        next(r)
    }
}

/// Where the op begins of which nothing but the handler's address has been read.
#[inline(always)]
fn this_op(r: &Regs) -> *const u32 {
    r.ip.wrapping_sub(2)
}

handler! {
    /// `fuel := fuel - cost`
    fn charge(r) {
        let op = this_op(&r);
        let cost = u64::from(cell(&mut r));
        pay(r, op, cost)
    }

    /// `fuel := fuel - cost - (slot >> shift)`
    fn charge_bulk(r) {
        let op = this_op(&r);
        let cost = u64::from(cell(&mut r));
        let count = *slot(&mut r) as u32;
        let shift = cell(&mut r);
        pay(r, op, cost + u64::from(count.checked_shr(shift).unwrap_or(0)))
    }

    /// Fetches the fuel that the op at `ip` wants, which then begins again, or stops in front of it.
    fn short(r) {
        let wanted = (*r.ctx).wanted;
        if (*r.ctx).shortfall(wanted) {
            return resume(r);
        }
        (*r.ctx).retry_ip = r.ip;
        // A stop is looked for behind the handler's address, see `Machine::stop_ip`.
        r.ip = r.ip.wrapping_add(2);
        goto(r, stopped)
    }
}
