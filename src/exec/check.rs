//! A check that dispatch jumps: that a handler which calls the next one leaves nothing on the host's stack.
//!
//! Whether the compiler turns such a call into a jump is its own decision. If it ever stops doing so, an engine says so here
//! when it is made, instead of overflowing the stack of a thread later. Holds unsafe code: it runs handlers.
#![allow(unsafe_code)]

use std::sync::OnceLock;

use super::dispatch::{self, Regs, handler_cells};
use super::handlers;
use super::numerics::V128;
use crate::code::Pair;

/// How many ops the check runs. If each of them left a return address and a saved register behind, that would be 64 KiB.
const OPS: usize = 4096;
/// How far the stack may have moved in the end: the difference between the frames of two functions.
const TOLERANCE: usize = 4096;

/// Whether dispatch leaves the host's stack alone. Found out once.
pub fn dispatch_is_flat() -> bool {
    static FLAT: OnceLock<bool> = OnceLock::new();
    *FLAT.get_or_init(|| {
        let mut code = Vec::new();
        for _ in 0..OPS {
            code.push(Pair(handler_cells(handlers::nop)));
        }
        code.push(Pair(handler_cells(handlers::probe)));
        let mut depth = 0_usize;
        let regs = Regs {
            ip: code.as_ptr().cast(),
            sp: (&raw mut depth).cast(),
            mem: core::ptr::null_mut(),
            pin: 0,
            ctx: core::ptr::null_mut(),
            acc: 0,
            acc_f32: 0.0,
            acc_f64: 0.0,
            pin_f32: 0.0,
            pin_f64: 0.0,
            acc_v128: dispatch::to_register(V128::ZERO),
        };
        // SAFETY: CODE; the ops stand in `code` one behind the other, and the last one stops. They reach neither memory nor the
        // machine, and of the frame only its first slot, which is `depth`.
        unsafe { dispatch::run(regs) };
        let here = dispatch::stack_address();
        here.abs_diff(depth) < TOLERANCE
    })
}
