//! The back end for optimised builds: a handler calls the next one in tail position.
//!
//! On x86-64 exactly six integer arguments fit into registers in the System V convention; a seventh would turn the jump into a
//! call, and the host's stack would grow with every op. `exec::check` notices if that happens. Holds unsafe code: see the parent.

use super::Regs;
use crate::exec::machine::Machine;

/// The result of a handler: none; the state is in the machine when execution ends.
pub(crate) type Ret = ();

/// The type of the argument that is the accumulator for vectors: one that is passed in a vector register, where there are any.
#[cfg(target_arch = "x86_64")]
pub(crate) type VectorRegister = core::arch::x86_64::__m128i;
/// The type of the argument that is the accumulator for vectors: one that is passed in a vector register, where there are any.
#[cfg(target_arch = "aarch64")]
pub(crate) type VectorRegister = core::arch::aarch64::uint8x16_t;
/// The type of the argument that is the accumulator for vectors: one that is passed in the last two integer registers.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) type VectorRegister = u128;

/// A handler: the registers as arguments.
#[allow(
    improper_ctypes_definitions,
    reason = "callers and callees are in this crate"
)]
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
pub(crate) type Handler = unsafe extern "sysv64" fn(
    *const u32, *mut u8, *mut u8, u64, *mut Machine, u64, f32, f64, f32, f64, VectorRegister,
);
/// A handler: the registers as arguments.
#[allow(
    improper_ctypes_definitions,
    reason = "callers and callees are in this crate"
)]
#[cfg(not(target_arch = "x86_64"))]
#[rustfmt::skip]
pub(crate) type Handler = unsafe extern "C" fn(
    *const u32, *mut u8, *mut u8, u64, *mut Machine, u64, f32, f64, f32, f64, VectorRegister,
);

/// Writes handlers: functions over registers, whose bodies end with `next`, `resume`, `goto` or `stop`.
#[cfg(target_arch = "x86_64")]
macro_rules! handler {
    ($($item:tt)*) => { $crate::exec::dispatch::handler_with_abi! { "sysv64" $($item)* } };
}
/// Writes handlers: functions over registers, whose bodies end with `next`, `resume`, `goto` or `stop`.
#[cfg(not(target_arch = "x86_64"))]
macro_rules! handler {
    ($($item:tt)*) => { $crate::exec::dispatch::handler_with_abi! { "C" $($item)* } };
}
pub(crate) use handler;

macro_rules! handler_with_abi {
    ($abi:literal $(
        $(#[$meta:meta])* fn $name:ident $([$($generics:tt)*])? ($r:ident) $body:block
    )*) => {$(
        $(#[$meta])*
        #[allow(clippy::too_many_arguments)]
        #[allow(
            improper_ctypes_definitions,
            reason = "callers and callees are in this crate"
        )]
        pub(crate) unsafe extern $abi fn $name $(<$($generics)*>)? (
            ip: *const u32,
            sp: *mut u8,
            mem: *mut u8,
            pin: u64,
            ctx: *mut $crate::exec::machine::Machine,
            acc: u64,
            acc_f32: f32,
            acc_f64: f64,
            pin_f32: f32,
            pin_f64: f64,
            acc_v128: $crate::exec::dispatch::VectorRegister,
        ) {
            #[allow(unused_mut)]
            let mut $r = $crate::exec::dispatch::Regs {
                ip, sp, mem, pin, ctx, acc, acc_f32, acc_f64, pin_f32, pin_f64, acc_v128,
            };
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
pub(crate) use handler_with_abi;

/// Calls a handler.
///
/// # Safety
///
/// HANDLER.
#[inline(always)]
pub(super) unsafe fn call(r: Regs, handler: Handler) -> Ret {
    let Regs {
        ip,
        sp,
        mem,
        pin,
        ctx,
        acc,
        acc_f32,
        acc_f64,
        pin_f32,
        pin_f64,
        acc_v128,
    } = r;
    // SAFETY: the caller's.
    unsafe {
        handler(
            ip, sp, mem, pin, ctx, acc, acc_f32, acc_f64, pin_f32, pin_f64, acc_v128,
        )
    }
}

/// Continues with the op at `ip`, which is the beginning of one.
///
/// # Safety
///
/// CODE: `ip` points at an op.
#[inline(always)]
pub(crate) unsafe fn resume(r: Regs) -> Ret {
    // SAFETY: CODE; an op begins with its handler's address.
    let handler = unsafe { r.ip.cast::<Handler>().read_unaligned() };
    // SAFETY: HANDLER; the handler is that of the op at `ip`.
    unsafe { call(r, handler) }
}

/// Ends execution; the outcome is stored in the machine.
#[inline(always)]
pub(crate) fn stop(_: Regs) -> Ret {}

/// Completes an execution that was begun with `resume` outside of all handlers.
pub(super) fn finish(_: Ret) {}
