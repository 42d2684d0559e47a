//! Dispatch: the transition from one handler to the next. Holds unsafe code: handlers' addresses are read from threaded code.
//!
//! There are two back ends behind one name, chosen by `build.rs`. In `tail`, a handler ends by calling the next one in tail
//! position, which the compiler turns into a jump. In `looping`, it returns its registers to a loop. Handlers are written once,
//! with `handler!`, and end with [`next`], [`resume`], [`goto`] or [`stop`].
#![allow(unsafe_code)]

#[cfg(not(tail_dispatch))]
mod looping;
#[cfg(tail_dispatch)]
mod tail;

#[cfg(not(tail_dispatch))]
pub(crate) use looping::{Handler, Ret, VectorRegister, handler, resume, stop};
#[cfg(tail_dispatch)]
pub(crate) use tail::{Handler, Ret, VectorRegister, handler, handler_with_abi, resume, stop};

#[cfg(not(tail_dispatch))]
use looping::{call, finish};
#[cfg(tail_dispatch)]
use tail::{call, finish};

use core::mem::MaybeUninit;

use super::machine::Machine;
use super::numerics::V128;
use crate::code::builder::HEADER_CELLS;

/// The machine's registers. A handler takes them apart and reassembles them, so they never reach memory.
#[derive(Clone, Copy)]
pub(crate) struct Regs {
    /// The position in the code: the handler's cells, then each operand as it is read.
    pub ip: *const u32,
    /// The base of the current frame.
    pub sp: *mut u8,
    /// The first byte of the instance's first memory.
    pub mem: *mut u8,
    /// The pinned integer local.
    pub pin: u64,
    /// Everything else.
    pub ctx: *mut Machine,
    /// The integer accumulator.
    pub acc: u64,
    /// The accumulator for 32-bit floats.
    pub acc_f32: f32,
    /// The accumulator for 64-bit floats.
    pub acc_f64: f64,
    /// The pinned local of type `f32`.
    pub pin_f32: f32,
    /// The pinned local of type `f64`.
    pub pin_f64: f64,
    /// The accumulator for vectors.
    pub acc_v128: VectorRegister,
}

/// A vector as it is passed from handler to handler.
#[inline(always)]
pub(crate) fn to_register(vector: V128) -> VectorRegister {
    // SAFETY: both are 16 bytes without padding, and any bytes are a value of either.
    unsafe { core::mem::transmute::<V128, VectorRegister>(vector) }
}

/// The vector in a register.
#[inline(always)]
pub(crate) fn of_register(register: VectorRegister) -> V128 {
    // SAFETY: as above.
    unsafe { core::mem::transmute::<VectorRegister, V128>(register) }
}

/// A handler's address as cells of code.
pub(crate) fn handler_cells(handler: Handler) -> [MaybeUninit<u32>; 2] {
    const { assert!(size_of::<Handler>() <= size_of::<[MaybeUninit<u32>; 2]>()) };
    let mut cells = [MaybeUninit::new(0); 2];
    // SAFETY: the cells are at least as large as the address, which the line above checks, and any bytes are cells.
    unsafe {
        cells
            .as_mut_ptr()
            .cast::<Handler>()
            .write_unaligned(handler)
    };
    cells
}

/// Code of one op without operands, for code to return to without any lowering. The charge for arriving there is zero, in the header and
/// in the cell in front of the op.
#[repr(C, align(8))]
pub(crate) struct StaticCode {
    header: [u32; HEADER_CELLS],
    handler: Handler,
}

impl StaticCode {
    /// Code that consists of this handler.
    pub const fn new(handler: Handler) -> Self {
        Self {
            header: [0; HEADER_CELLS],
            handler,
        }
    }

    /// The beginning of the code, with its header.
    pub fn entry(&'static self) -> *const MaybeUninit<u32> {
        core::ptr::from_ref(self).cast()
    }

    /// The op.
    pub fn ip(&'static self) -> *const u32 {
        let cells: *const u32 = core::ptr::from_ref(self).cast();
        cells.wrapping_add(HEADER_CELLS)
    }
}

/// The next multiple of eight bytes: the beginning of an op, or of an operand of two cells. Its value is known in a handler, so it costs nothing.
#[inline(always)]
pub(crate) fn align(ip: *const u32) -> *const u32 {
    ip.wrapping_byte_add(ip.addr().wrapping_neg() % 8)
}

/// Continues with the op behind the operands that have been read.
///
/// # Safety
///
/// CODE: all operands of the current op have been read.
#[inline(always)]
pub(crate) unsafe fn next(mut r: Regs) -> Ret {
    r.ip = align(r.ip);
    // SAFETY: CODE; an op that may fall through is followed by another one.
    unsafe { resume(r) }
}

/// Continues with a handler that no op names, for cold work. It sees `ip` behind the current op's operands, or among them.
///
/// # Safety
///
/// HANDLER, for that handler.
#[inline(always)]
pub(crate) unsafe fn goto(mut r: Regs, handler: Handler) -> Ret {
    // Handlers step over their own address, which is missing here.
    r.ip = align(r.ip).wrapping_sub(2);
    // SAFETY: the caller's.
    unsafe { call(r, handler) }
}

/// Runs a function from its entry until it returns or execution stops.
///
/// # Safety
///
/// HANDLER, for the registers; `code` is an entry, and below `sp` lie its arguments and room for a record.
pub(crate) unsafe fn start(
    r: Regs,
    code: *const MaybeUninit<u32>,
    sp: *mut u8,
    ret_ip: *const u32,
) {
    // SAFETY: the caller's.
    let first = unsafe { super::handlers::call::enter::<true>(r, code, sp, ret_ip, sp) };
    finish(first);
}

/// The way in which a suspended execution continues.
#[derive(Clone, Copy, Debug)]
pub(crate) enum GoOn {
    /// At the op in front of which it stopped.
    Again,
    /// At the return of a call whose results it waited for.
    Returned,
    /// There, but the call has failed.
    Failed,
}

/// Continues a suspended execution.
///
/// # Safety
///
/// HANDLER, for the registers.
pub(crate) unsafe fn go_on(r: Regs, how: GoOn) {
    // SAFETY: the caller's.
    finish(unsafe {
        match how {
            GoOn::Again => resume(r),
            GoOn::Returned => super::handlers::call::come_back_anyhow(r),
            GoOn::Failed => goto(r, super::handlers::exception::throw_failure),
        }
    });
}
