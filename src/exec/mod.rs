//! Execution: runs threaded code on a value stack.
//!
//! `dispatch` goes from op to op, `handlers` say what each does, `numerics` what numbers come out, `select` which handler an op gets,
//! `machine` is the rest of the state. Lowering is not here, and nothing here decodes anything.
//!
//! # Invariants
//!
//! Unsafe code in this module relies on these, and cites them by name.
//!
//! * **CODE**: `ip` points into code that lowering wrote for a function that validation accepted, at an op whose handler is the
//!   one that is running, or at the next of its operands. Lowering establishes it; the code lives as long as the instance.
//! * **FRAME**: slots that ops name lie within the current frame, its parameters or its results, all of which lie within the
//!   value stack. `handlers::call::enter` checks each frame against the stack's end; lowering counts what a frame needs.
//!   A slot is written before an op reads it, because validation knows what is on the operand stack.
//! * **MEM**: `mem` and `mem_len` are the current instance's first memory. `Machine::refresh` establishes it after all that may
//!   move a memory: entering an instance, a host function, growth.
//! * **CTX**: `ctx` is the machine of this execution; its pointers are those of the current instance, by the same refresh.
//! * **HANDLER**: all of these, for the registers with which a handler is called.
#![allow(unsafe_code)]

mod check;
mod dispatch;
mod fault;
mod handlers;
mod machine;
mod meter;
mod numerics;
mod select;

pub(crate) use check::dispatch_is_flat;
pub(crate) use fault::Fault;
pub(crate) use select::select;

use core::mem::MaybeUninit;

use self::dispatch::Regs;
use self::machine::{Crossing, Machine, RECORD_BYTES, Slot};
use crate::runtime::addr::{FuncAddr, InstanceAddr, MemAddr, TableAddr};
use crate::runtime::func_inst::FuncKind;
use crate::runtime::limiter::GrowError;
use crate::runtime::store::Store;
pub use crate::runtime::trap::HostError;
use crate::runtime::trap::Trap;
use crate::syntax::index::FuncIdx;

/// The embedder: what owns the store and its host functions.
pub trait Embedder {
    /// The store.
    fn store(&mut self) -> &mut Store;

    /// Grows a memory by `delta` pages; returns its old size in pages.
    fn grow_memory(&mut self, addr: MemAddr, delta: u64) -> Result<u64, GrowError>;

    /// Grows a table by `delta` elements of value `init`; returns its old size.
    fn grow_table(&mut self, addr: TableAddr, delta: u64, init: u64) -> Result<u64, GrowError>;

    /// Calls a host function. `slots` holds the arguments and is to receive the results, one slot each; it is as long as the
    /// longer of the two. `caller` is the instance that called, if one did.
    fn call_host(
        &mut self,
        host: u32,
        caller: Option<InstanceAddr>,
        slots: &mut [u64],
    ) -> Result<(), HostError>;
}

/// Why a call ended without results.
#[derive(Debug)]
pub struct Stop {
    /// The reason.
    pub reason: Reason,
    /// The guest's calls that were under way, innermost first; of very deep recursions, only the innermost.
    pub backtrace: Vec<Frame>,
    /// The access that reached beyond a memory, if that was it and can be told.
    pub fault: Option<Fault>,
}

/// The reason of a stop.
#[derive(Debug)]
pub enum Reason {
    /// A trap; out of fuel is one of them.
    Trap(Trap),
    /// A host function failed.
    Host(HostError),
    /// A host function panicked. The panic is to go on where the guest was called from.
    Panic(Box<dyn core::any::Any + Send>),
}

/// A call that was under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The instance.
    pub instance: InstanceAddr,
    /// The function, by its index in the instance's module.
    pub func: FuncIdx,
    /// The offset of the current instruction in the module's binary.
    pub offset: usize,
}

/// The most frames that a backtrace names.
const MAX_BACKTRACE: usize = 100;

/// Where the entry of a function leads that has not been lowered yet.
pub fn stub() -> *const MaybeUninit<u32> {
    handlers::call::STUB.entry()
}

/// Calls a function. `slots` holds the arguments and receives the results; it is as long as the longer of the two,
/// whose numbers are given.
pub fn invoke(
    embedder: &mut dyn Embedder,
    func: FuncAddr,
    (params, results): (usize, usize),
    slots: &mut [Slot],
) -> Result<(), Stop> {
    let store = embedder.store();
    let (instance, defined) = match store.funcs[func.index()].kind() {
        FuncKind::Wasm { instance, defined } => (instance, defined),
        FuncKind::Host { host } => {
            let result = embedder.call_host(host, None, slots);
            return result.map_err(|error| stop(Reason::Host(error)));
        }
    };
    if store.depth >= store.limits.depth {
        return Err(stop(Reason::Trap(Trap::StackOverflow)));
    }
    let free = (size_of_val(&*store.stack.slots) - store.stack_used) / size_of::<Slot>();
    if free < slots.len() + RECORD_BYTES / size_of::<Slot>() {
        return Err(stop(Reason::Trap(Trap::StackOverflow)));
    }
    store.depth += 1;
    let used = store.stack_used;
    let mut machine = Machine::new(embedder, instance);
    let result = run(&mut machine, used, defined, (params, results), slots);
    machine.collect();
    let store = machine.store();
    store.stack_used = used;
    store.depth -= 1;
    result
}

/// A stop outside all guest code.
fn stop(reason: Reason) -> Stop {
    Stop {
        reason,
        backtrace: Vec::new(),
        fault: None,
    }
}

/// Runs a function on the part of the value stack that is free.
fn run(
    machine: &mut Machine,
    used: usize,
    defined: u32,
    (params, results): (usize, usize),
    slots: &mut [Slot],
) -> Result<(), Stop> {
    let args: *mut Slot = machine.stack_at(used).cast();
    // SAFETY: FRAME; `invoke` has checked that there is room for the arguments or results, and the record.
    unsafe { args.copy_from_nonoverlapping(slots.as_ptr(), params) };
    let sp = args
        .wrapping_add(params)
        .cast::<u8>()
        .wrapping_add(RECORD_BYTES);
    let exit = handlers::call::EXIT.ip();
    let regs = Regs {
        ip: exit,
        sp,
        mem: machine.mem,
        pin: 0,
        ctx: machine,
        acc: u64::from(defined),
        acc_f32: 0.0,
        acc_f64: 0.0,
        pin_f32: 0.0,
        pin_f64: 0.0,
    };
    let code = machine.entry(defined);
    // SAFETY: HANDLER; CODE: an entry is code or the stub, and returns to `EXIT`. FRAME: `enter` checks it. MEM, CTX: the machine is
    // in the function's instance.
    unsafe { dispatch::start(regs, code, sp, exit) };
    match machine.take_reason() {
        None => {
            // SAFETY: FRAME; the function returned, so its results are where its arguments were.
            unsafe { args.copy_to_nonoverlapping(slots.as_mut_ptr(), results) };
            Ok(())
        }
        Some(reason) => {
            let (backtrace, fault) = backtrace(machine, &reason);
            Err(Stop {
                reason,
                backtrace,
                fault,
            })
        }
    }
}

/// The calls under way where the machine stopped, and the access to a memory that made it stop.
fn backtrace(machine: &mut Machine, reason: &Reason) -> (Vec<Frame>, Option<Fault>) {
    let (mut ip, mut sp) = (machine.stop_ip, machine.stop_sp);
    let mut crossings = core::mem::take(&mut machine.crossings);
    let (mut frames, mut access) = (Vec::new(), None);
    while frames.len() < MAX_BACKTRACE {
        if core::ptr::eq(ip, handlers::call::EXIT.ip()) {
            break;
        }
        if core::ptr::eq(ip, handlers::call::CROSS_BACK.ip()) {
            let Some(Crossing {
                ret_ip,
                ret_sp,
                instance,
            }) = crossings.pop()
            else {
                break;
            };
            (ip, sp) = (ret_ip, ret_sp);
            machine.enter_instance(instance);
            continue;
        }
        let Some(at) = machine.inst().code.position(ip) else {
            break;
        };
        if frames.is_empty() && matches!(reason, Reason::Trap(Trap::MemoryOutOfBounds)) {
            access = fault::fault(machine, &at.op);
        }
        frames.push(Frame {
            instance: machine.instance,
            func: at.func,
            offset: at.offset,
        });
        let record = sp.wrapping_sub(RECORD_BYTES);
        // SAFETY: FRAME; each frame has its record below it, down to the one that returns to `EXIT`.
        unsafe {
            ip = record.cast::<*const u32>().read();
            sp = record.wrapping_add(8).cast::<*mut u8>().read();
        }
    }
    (frames, access)
}
