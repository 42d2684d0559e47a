//! Handlers: the execution of each op, written once for all operand kinds. Holds unsafe code: operands are read from threaded code, slots
//! from the value stack, bytes from memory.
//!
//! A handler is generic over *where* its operands are ([`Source`], [`Dest`]) and *what* it computes (`numerics`). The bodies run
//! under HANDLER, see `exec`. `select` names the handlers that exist.
#![allow(unsafe_code)]
#![allow(clippy::missing_safety_doc)]

pub(crate) mod atomic;
pub(crate) mod bulk;
pub(crate) mod call;
mod compute;
pub(crate) mod control;
pub(crate) mod exception;
pub(crate) mod fuel;
pub(crate) mod heap;
pub(crate) mod memory;
pub(crate) mod memory64;
pub(crate) mod numeric;
pub(crate) mod operand;
pub(crate) mod reference;
pub(crate) mod runtime;
pub(crate) mod simd;
pub(crate) mod variable;

use super::dispatch::{Regs, Ret, goto, handler, next, stop};
use crate::runtime::trap::Trap;

handler! {
    /// Ends execution at this place; the reason is in the machine.
    fn stopped(r) {
        (*r.ctx).stop_ip = r.ip;
        (*r.ctx).stop_sp = r.sp;
        (*r.ctx).stop_acc = r.acc;
        (*r.ctx).stop_pin = r.pin;
        (*r.ctx).stop_acc_f32 = r.acc_f32;
        (*r.ctx).stop_acc_f64 = r.acc_f64;
        stop(r)
    }

    /// Does nothing.
    fn nop(r) {
        next(r)
    }

    /// Does nothing, but leaves data on the host's stack: for a test that the check detects it.
    #[cfg(all(test, tail_dispatch))]
    fn lost(r) {
        let mut local = 0_u64;
        core::hint::black_box(&mut local);
        next(r)
    }

    /// Ends execution because the function called from outside returned.
    fn exit(r) {
        stop(r)
    }
}

/// Ends execution with a trap of the current op.
#[inline(always)]
pub(crate) unsafe fn trap(r: Regs, trap: Trap) -> Ret {
    // SAFETY: CTX, HANDLER.
    unsafe {
        // A plain store: the old value has no destructor.
        (*r.ctx).trap = Some(trap);
        goto(r, stopped)
    }
}
