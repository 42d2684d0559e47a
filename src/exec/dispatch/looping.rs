//! The portable back end: a handler returns its registers to a loop, which calls the next one.
//!
//! Debug builds use it, because without optimisation a call in tail position is a call. Holds unsafe code: see the parent.

use super::Regs;

/// The type of the accumulator for vectors.
pub(crate) type VectorRegister = u128;

/// The result of a handler: its registers, with `ip` at the next op, or null when execution ends.
pub(crate) type Ret = Regs;

/// A handler: from registers to registers.
pub(crate) type Handler = unsafe fn(Regs) -> Ret;

/// Writes handlers: functions over registers, whose bodies end with `next`, `resume`, `goto` or `stop`.
macro_rules! handler {
    ($(
        $(#[$meta:meta])* fn $name:ident $([$($generics:tt)*])? ($r:ident) $body:block
    )*) => {$(
        $(#[$meta])*
        #[allow(unused_mut)]
        pub(crate) unsafe fn $name $(<$($generics)*>)? (
            mut $r: $crate::exec::dispatch::Regs,
        ) -> $crate::exec::dispatch::Ret {
            // SAFETY: HANDLER; the dispatching code passed registers for which CODE, FRAME, MEM and CTX hold,
            // with `ip` at an op of this handler. The body states its own steps.
            #[allow(unused_unsafe)]
            unsafe {
                // CODE: ops begin at multiples of eight bytes, so the compiler can compute `align`.
                core::hint::assert_unchecked($r.ip.addr() % 8 == 0);
                // The handler's own address lies in front of the operands.
                $r.ip = $r.ip.wrapping_add(2);
                $body
            }
        }
    )*};
}
pub(crate) use handler;

/// Calls a handler.
///
/// # Safety
///
/// HANDLER.
#[inline(always)]
pub(super) unsafe fn call(r: Regs, handler: Handler) -> Ret {
    // SAFETY: the caller's.
    unsafe { handler(r) }
}

/// Continues with the op at `ip`, which is the beginning of one.
///
/// # Safety
///
/// CODE: `ip` points at an op. The loop relies on it.
#[inline(always)]
pub(crate) unsafe fn resume(r: Regs) -> Ret {
    r
}

/// Ends execution; the outcome is stored in the machine.
#[inline(always)]
pub(crate) fn stop(r: Regs) -> Ret {
    Regs {
        ip: core::ptr::null(),
        ..r
    }
}

/// Completes an execution that was begun with `resume` outside of all handlers.
pub(super) fn finish(mut r: Ret) {
    while !r.ip.is_null() {
        // SAFETY: CODE; `ip` is not null, so it points at an op, which begins with its handler's address. HANDLER: the previous
        // handler returned registers for which it holds.
        unsafe {
            let handler = r.ip.cast::<Handler>().read_unaligned();
            r = handler(r);
        }
    }
}
