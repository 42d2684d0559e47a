//! Fuel. Code that was lowered without fuel has none of these. Holds unsafe code: see the parent.

use super::operand::{cell, slot};
use super::trap;
use crate::exec::dispatch::{Regs, Ret, handler, next};
use crate::runtime::trap::Trap;

/// Takes `cost` from the fuel, or stops before anything else happens.
#[inline(always)]
unsafe fn pay(r: Regs, cost: u64) -> Ret {
    // SAFETY: CTX.
    unsafe {
        let fuel = (*r.ctx).fuel;
        if fuel < cost {
            return trap(r, Trap::OutOfFuel);
        }
        (*r.ctx).fuel = fuel - cost;
        next(r)
    }
}

handler! {
    /// `fuel := fuel - cost`
    fn charge(r) {
        let cost = u64::from(cell(&mut r));
        pay(r, cost)
    }

    /// `fuel := fuel - cost - (slot >> shift)`
    fn charge_bulk(r) {
        let cost = u64::from(cell(&mut r));
        let count = *slot(&mut r) as u32;
        let shift = cell(&mut r);
        pay(r, cost + u64::from(count.checked_shr(shift).unwrap_or(0)))
    }
}
