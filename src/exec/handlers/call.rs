//! Calls. Holds unsafe code: see the parent.
//!
//! ```text
//!  caller's slots … | arg 0 … arg n-1 | return ip | caller's sp | locals … | operands …
//!                                                               ^ sp of the callee
//! ```

use core::mem::MaybeUninit;
use core::sync::atomic::Ordering;

use super::control::{come_back, record};
use super::exception::throw_failure;
use super::fuel::arrive;
use super::operand::{self, Frame, Source, read};
use super::{exit, trap};
use crate::code::builder::HEADER_CELLS;
use crate::code::ops::{CallFrame, TailFrame};
use crate::exec::dispatch::{Regs, Ret, StaticCode, align, goto, handler, resume};
use crate::exec::machine::{Callee, Machine, RECORD_BYTES};
use crate::runtime::func_inst::{FuncInst, FuncKind};
use crate::runtime::trap::Trap;

/// The code that the entry of a function points to before it is lowered.
pub(crate) static STUB: StaticCode = StaticCode::new(lower);
/// The code that a function called from outside returns to.
pub(crate) static EXIT: StaticCode = StaticCode::new(exit);
/// The code that a function called from another instance returns to.
pub(crate) static CROSS_BACK: StaticCode = StaticCode::new(cross_back);

/// Enters a function whose arguments lie below the record at `sp`. Unmetered code has an entry charge of 0, so cold callers may always
/// pass `METERED = true`.
#[inline(always)]
pub(crate) unsafe fn enter<const METERED: bool>(
    mut r: Regs,
    code: *const MaybeUninit<u32>,
    sp: *mut u8,
    ret_ip: *const u32,
    ret_sp: *mut u8,
) -> Ret {
    // SAFETY: CODE; code begins with its header. FRAME: the record lies within the caller's frame, in which lowering made room for it. The
    // callee's frame is checked against the stack's end here, before anything is written to it.
    unsafe {
        let code = code.cast::<u32>();
        debug_assert!(sp <= (*r.ctx).stack_end);
        let record = sp.sub(RECORD_BYTES);
        record.cast::<*const u32>().write(ret_ip);
        record.add(8).cast::<*mut u8>().write(ret_sp);
        r.sp = sp;
        // As numbers of 64 bits, the sum cannot wrap: a frame has less than 32, and an address has 32 too or is far from the last one.
        let end = sp.addr() as u64 + u64::from(*code);
        if end > (*r.ctx).stack_end.addr() as u64 {
            r.ip = code;
            return goto(r, enter_deep);
        }
        r.ip = code.add(HEADER_CELLS);
        if METERED {
            arrive(r, *code.add(1))
        } else {
            resume(r)
        }
    }
}

/// The place that a call returns to, once its operands have been read. In metered code the cell in front of it is no operand.
#[inline(always)]
fn return_ip<const METERED: bool>(r: &Regs) -> *const u32 {
    align(r.ip.wrapping_add(usize::from(METERED)))
}

/// Continues at the place that a call returns to, whether the code is metered or not.
#[inline(always)]
pub(crate) unsafe fn come_back_anyhow(r: Regs) -> Ret {
    // SAFETY: CODE, CTX.
    unsafe {
        if (*r.ctx).metered {
            come_back::<true>(r)
        } else {
            come_back::<false>(r)
        }
    }
}

/// Records a call that may leave the instance in the machine. All operands have been read.
#[inline(always)]
unsafe fn note_call<const METERED: bool>(r: &Regs, func: FuncInst, frame: Frame) {
    // SAFETY: CODE, CTX.
    unsafe {
        let CallFrame {
            delta,
            params,
            slots,
        } = frame.read();
        (*r.ctx).callee = Callee {
            func,
            sp: r.sp.add(delta as usize),
            params,
            slots,
            ret_ip: return_ip::<METERED>(r),
            ret_sp: r.sp,
        };
    }
}

/// Moves the arguments of a call that replaces the current one to the place of the current ones; returns the callee's base and the
/// contents of the current frame's record.
#[inline(always)]
unsafe fn move_arguments(r: &Regs, tail: TailFrame) -> (*mut u8, *const u32, *mut u8) {
    // SAFETY: CODE. FRAME: arguments and record end within the current frame, because the arguments came from it and the
    // record takes no more than the one that lay below them.
    unsafe {
        let (from, to) = (operand::at(r, tail.from), operand::at(r, tail.to));
        let params = tail.params as usize;
        let (ret_ip, ret_sp) = record(r);
        core::ptr::copy(from, to, params);
        let sp = to.add(params).cast::<u8>().add(RECORD_BYTES);
        (sp, ret_ip, ret_sp)
    }
}

/// As [`note_call`], for a call that replaces the current one.
#[inline(always)]
unsafe fn note_tail_call(r: &Regs, func: FuncInst, tail: TailFrame) {
    // SAFETY: CODE, CTX.
    unsafe {
        let (sp, ret_ip, ret_sp) = move_arguments(r, tail);
        (*r.ctx).callee = Callee {
            func,
            sp,
            params: tail.params,
            slots: tail.slots,
            ret_ip,
            ret_sp,
        };
    }
}

/// The function at an element of a table, checked against the type that the op names.
#[inline(always)]
unsafe fn element<const FIRST: bool>(
    r: &Regs,
    index: u32,
    table: u32,
    ty: u32,
) -> Result<FuncInst, Trap> {
    // SAFETY: CODE, CTX; validation has checked that the table is one of functions, and the index lies within it. Types are compared by
    // number, which is right by HELD.
    unsafe {
        let index = u64::from(index);
        let ctx = r.ctx;
        let (elems, len) = if FIRST {
            ((*ctx).table, (*ctx).table_len)
        } else {
            (*ctx).table_at(table)
        };
        if index >= len {
            return Err(Trap::UndefinedElement);
        }
        let reference = *elems.add(index as usize);
        if reference == 0 {
            return Err(Trap::IndirectCallToNull);
        }
        let func = func_at(r, reference - 1);
        if func.ty.0 != ty && !(*ctx).is_subtype(func.ty.0, ty) {
            return Err(Trap::BadSignature);
        }
        Ok(func)
    }
}

/// The function that a reference points to.
#[inline(always)]
unsafe fn referent(r: &Regs, reference: u64) -> Result<FuncInst, Trap> {
    // SAFETY: CODE, CTX; validation has checked that the reference is of a function type.
    unsafe {
        match reference.checked_sub(1) {
            Some(func) => Ok(func_at(r, func)),
            None => Err(Trap::NullReference),
        }
    }
}

/// The function at an address.
///
/// # Safety
///
/// CTX; the address is that of a reference of a function type.
#[inline(always)]
unsafe fn func_at(r: &Regs, addr: u64) -> FuncInst {
    // SAFETY: CTX; a reference of a function type is null or points to a function of the store. Values from the embedder are checked against
    // the types that the engine has for their places, whose numbers mean these types by HELD.
    unsafe {
        let ctx = r.ctx;
        debug_assert!(
            addr < (*ctx).store().funcs.len() as u64,
            "a reference of a function type leads to {addr:#x}"
        );
        *(*ctx).funcs.add(addr as usize)
    }
}

/// Calls a function that was found. All operands have been read.
#[inline(always)]
unsafe fn call_found<const METERED: bool>(
    mut r: Regs,
    found: Result<FuncInst, Trap>,
    frame: Frame,
) -> Ret {
    // SAFETY: CODE, CTX.
    unsafe {
        match found {
            Ok(func) if func.belongs_to((*r.ctx).instance) => {
                let code = entry(r.ctx, func.index);
                let delta = frame.read().delta as usize;
                r.acc = u64::from(func.index);
                let (ret_ip, ret_sp) = (return_ip::<METERED>(&r), r.sp);
                enter::<METERED>(r, code, ret_sp.add(delta), ret_ip, ret_sp)
            }
            Ok(func) => {
                note_call::<METERED>(&r, func, frame);
                goto(r, call_noted)
            }
            Err(reason) => trap(r, reason),
        }
    }
}

/// The code of a function of the current instance.
#[inline(always)]
unsafe fn entry(ctx: *mut Machine, defined: u32) -> *const MaybeUninit<u32> {
    // SAFETY: CTX; the instance's module defines the function.
    unsafe { (*(*ctx).entries.add(defined as usize)).load(Ordering::Acquire) }
}

handler! {
    /// call of a function that the module defines
    fn call[const METERED: bool](r) {
        let (defined, delta) = read!(Call, r);
        let code = entry(r.ctx, defined);
        // The stub reads it.
        r.acc = u64::from(defined);
        let (ret_ip, ret_sp) = (return_ip::<METERED>(&r), r.sp);
        enter::<METERED>(r, code, ret_sp.add(delta as usize), ret_ip, ret_sp)
    }

    /// call of an imported function
    fn call_import[const METERED: bool](r) {
        let (func, frame) = read!(CallImport, r);
        let func = (*r.ctx).func_at(func);
        note_call::<METERED>(&r, func, frame);
        goto(r, call_noted)
    }

    /// call of a table's element
    fn call_indirect[X: Source<u32>, const FIRST: bool, const METERED: bool](r) {
        let (x, table, ty, frame) = read!(CallIndirect<X>, r);
        let found = element::<FIRST>(&r, x, table, ty);
        call_found::<METERED>(r, found, frame)
    }

    /// call of the function that a reference points to
    fn call_ref[X: Source<u64>, const METERED: bool](r) {
        let (x, frame) = read!(CallRef<X>, r);
        let found = referent(&r, x);
        call_found::<METERED>(r, found, frame)
    }

    /// call of the function that a reference points to, in place of the current one
    fn return_call_ref[X: Source<u64>](r) {
        let (x, tail) = read!(ReturnCallRef<X>, r);
        match referent(&r, x) {
            Ok(func) => {
                note_tail_call(&r, func, tail);
                goto(r, call_noted)
            }
            Err(reason) => trap(r, reason),
        }
    }

    /// call of a function that the module defines, in place of the current one
    fn return_call[const METERED: bool](r) {
        let (defined, tail) = read!(ReturnCall, r);
        let (sp, ret_ip, ret_sp) = move_arguments(&r, tail);
        let code = entry(r.ctx, defined);
        r.acc = u64::from(defined);
        enter::<METERED>(r, code, sp, ret_ip, ret_sp)
    }

    /// call of an imported function in place of the current one
    fn return_call_import(r) {
        let (func, tail) = read!(ReturnCallImport, r);
        let func = (*r.ctx).func_at(func);
        note_tail_call(&r, func, tail);
        goto(r, call_noted)
    }

    /// call of a table's element in place of the current function
    fn return_call_indirect[X: Source<u32>](r) {
        let (x, table, ty, tail) = read!(ReturnCallIndirect<X>, r);
        match element::<false>(&r, x, table, ty) {
            Ok(func) => {
                note_tail_call(&r, func, tail);
                goto(r, call_noted)
            }
            Err(reason) => trap(r, reason),
        }
    }

    /// Calls the function recorded in the machine, whether guest or host implements it.
    fn call_noted(r) {
        let ctx = r.ctx;
        let Callee { func, sp, params: _, slots: _, ret_ip, ret_sp } = (*ctx).callee;
        match func.kind() {
            FuncKind::Wasm { instance, defined } => {
                r.acc = u64::from(defined);
                if instance == (*ctx).instance {
                    return enter::<true>(r, entry(ctx, defined), sp, ret_ip, ret_sp);
                }
                // A function that was itself called from another instance, and is replaced by one of a third instance, keeps its
                // place to return to: the crossing exists already.
                let returns_across = core::ptr::eq(ret_ip, CROSS_BACK.ip());
                let code = (*ctx).cross(instance, defined, returns_across);
                if code.is_null() {
                    r.ip = ret_ip;
                    r.sp = ret_sp;
                    return trap(r, Trap::StackOverflow);
                }
                r.mem = (*ctx).mem;
                enter::<true>(r, code, sp, CROSS_BACK.ip(), sp)
            }
            FuncKind::Host { host } => {
                match (*ctx).call_host(host) {
                    true => {
                        let (mem, results) = ((*ctx).mem, (*ctx).callee_args());
                        r.mem = mem;
                        r.ip = ret_ip;
                        r.sp = ret_sp;
                        // A single result is also in the accumulator of its bank; set all of them.
                        let result = *results;
                        r.acc = result;
                        r.acc_f32 = f32::from_bits(result as u32);
                        r.acc_f64 = f64::from_bits(result);
                        come_back_anyhow(r)
                    }
                    false => {
                        r.ip = ret_ip;
                        r.sp = ret_sp;
                        goto(r, throw_failure)
                    }
                }
            }
        }
    }

    /// Returns to the calling instance.
    fn cross_back(r) {
        let crossing = (*r.ctx).uncross();
        r.mem = (*r.ctx).mem;
        r.ip = crossing.ret_ip;
        r.sp = crossing.ret_sp;
        come_back_anyhow(r)
    }

    /// Enters the function whose code is at `ip` once more. Its record has been written, but its frame lies beyond the part of the stack
    /// that was in use up to now.
    #[cold]
    #[inline(never)]
    fn enter_deep(r) {
        let (code, sp) = (r.ip, r.sp);
        let (ret_ip, ret_sp) = record(&r);
        if (*r.ctx).reach(sp, *code as usize) {
            enter::<true>(r, code.cast(), sp, ret_ip, ret_sp)
        } else {
            r.ip = ret_ip;
            r.sp = ret_sp;
            trap(r, Trap::StackOverflow)
        }
    }

    /// Lowers the function that was entered, and enters it again. The accumulator has its position.
    fn lower(r) {
        let (ret_ip, ret_sp) = record(&r);
        match (*r.ctx).materialize(r.acc as u32) {
            Some(code) => {
                let sp = r.sp;
                enter::<true>(r, code, sp, ret_ip, ret_sp)
            }
            None => {
                // Its frame would not fit onto any stack.
                r.ip = ret_ip;
                r.sp = ret_sp;
                trap(r, Trap::StackOverflow)
            }
        }
    }
}
