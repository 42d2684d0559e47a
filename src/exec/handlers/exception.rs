//! Exceptions. Holds unsafe code: see the parent.

use super::fuel::{short, this_op};
use super::operand::read;
use super::stopped;
use crate::exec::dispatch::{Regs, Ret, goto, handler, resume};
use crate::exec::unwind::Thrown;

/// Continues at the handler of the exception, or ends execution. `op` is the beginning of the op that threw it.
#[inline(always)]
unsafe fn land(mut r: Regs, op: *const u32, thrown: Thrown) -> Ret {
    // SAFETY: CTX; CODE: a landing is an op of the function whose frame it is, and `unwind` has entered that function's instance.
    unsafe {
        match thrown {
            Thrown::Caught => {
                (r.ip, r.sp) = (*r.ctx).landing;
                r.mem = (*r.ctx).mem;
                resume(r)
            }
            Thrown::Stopped => goto(r, stopped),
            Thrown::Short => {
                r.ip = op;
                goto(r, short)
            }
        }
    }
}

handler! {
    /// throw an exception of the tag, with some slots as payload
    fn throw(r) {
        let op = this_op(&r);
        let (cost, tag, from, count) = read!(Throw, r);
        let thrown = (*r.ctx).throw(cost, tag, (from, count), r.ip, r.sp);
        land(r, op, thrown)
    }

    /// throw the exception that a slot refers to
    fn throw_ref(r) {
        let op = this_op(&r);
        let (cost, x) = read!(ThrowRef, r);
        let thrown = (*r.ctx).throw_ref(cost, *x, r.ip, r.sp);
        land(r, op, thrown)
    }

    /// Throws the failure of a host function, if that is an exception.
    fn throw_failure(r) {
        let thrown = (*r.ctx).throw_failure(r.ip, r.sp);
        let call = r.ip;
        land(r, call, thrown)
    }
}
