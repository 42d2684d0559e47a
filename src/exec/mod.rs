//! Execution: runs threaded code on a value stack.
//!
//! `dispatch` moves from op to op, `handlers` are the ops, `numerics` the arithmetic; `select` chooses the handler of an op, `machine` is the
//! rest of the state, `unwind` handles exceptions. This module does not lower code, and decodes no binaries.
//!
//! # Invariants
//!
//! Unsafe code in this module relies on these, and cites them by name.
//!
//! * **CODE**: `ip` points into code that lowering wrote for a function that validation accepted, at an op whose handler is the
//!   one that is running, or at the next of its operands. Lowering establishes it; the code lives as long as the instance.
//! * **FRAME**: slots that ops name lie within the current frame, its parameters or its results, all of which lie within the
//!   value stack. `handlers::call::enter` checks each frame against the stack's end; lowering counts what a frame needs, with the
//!   records of the calls it makes. While handlers run, no other code refers to a slot; handlers lend slots to others as cells.
//!   A slot is written before an op reads it, because validation tracks the operand stack.
//! * **MEM**: `mem` and `mem_len` are the current instance's first memory. `Machine::refresh` establishes it after all that may
//!   move a memory: entering an instance, a host function, growth. The pointer derives from the memory's allocation, so that accesses by
//!   another way do not invalidate it.
//! * **CTX**: `ctx` is the machine of this execution, and the only way to it until the execution has left threaded code: `invoke` and
//!   `resume` make it once. The machine's pointers are those of the current instance, by the same refresh, and derive from allocations.
//! * **HELD**: the number of a type, in code, of a function or of an object, means that type for as long as the number is in use, because
//!   a handle that lives at least as long holds the type: see `runtime::registry`. So types are equal where their numbers are.
//! * **HANDLER**: all of these, for the registers with which a handler is called.
#![allow(unsafe_code)]

mod check;
mod dispatch;
mod fault;
mod handlers;
mod machine;
mod meter;
mod numerics;
pub(crate) mod objects;
mod select;
mod suspend;
mod unwind;

pub(crate) use check::dispatch_is_flat;
pub(crate) use fault::Fault;
pub(crate) use select::select;
#[cfg(all(test, feature = "wat"))]
pub(crate) use suspend::COPIES;
pub(crate) use suspend::{Mode, Suspended, Why};

use core::cell::Cell;
use core::mem::MaybeUninit;

use self::dispatch::{GoOn, Regs};
use self::machine::{Crossing, Machine, RECORD_BYTES, Slot};
use self::numerics::V128;
use crate::runtime::addr::{FuncAddr, InstanceAddr, MemAddr, TableAddr};
use crate::runtime::exceptions::Exception;
use crate::runtime::func_inst::FuncKind;
use crate::runtime::limiter::GrowError;
use crate::runtime::store::Store;
pub use crate::runtime::trap::HostError;
use crate::runtime::trap::Trap;
use crate::syntax::index::FuncIdx;

/// The embedder: the owner of the store and its host functions.
pub trait Embedder {
    /// The store.
    fn store(&mut self) -> &mut Store;

    /// Grows a memory by `delta` pages; returns its old size in pages.
    fn grow_memory(&mut self, addr: MemAddr, delta: u64) -> Result<u64, GrowError>;

    /// Grows a table by `delta` elements of value `init`; returns its old size.
    fn grow_table(&mut self, addr: TableAddr, delta: u64, init: u64) -> Result<u64, GrowError>;

    /// Calls a host function. `slots` holds the arguments and receives the results, one slot each; it is as long as the
    /// longer of the two. They are cells because they may be part of the value stack, which the collector scans. `caller` is the
    /// calling instance, if there is one. A failure that is an exception can be caught by the guest.
    ///
    /// A function whose results come later leaves the slots as they are.
    fn call_host(
        &mut self,
        host: u32,
        caller: Option<InstanceAddr>,
        slots: &[Cell<u64>],
    ) -> Result<Called, Reason>;
}

/// The outcome of a host function that did not fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Called {
    /// The function returned; the results are in the slots.
    Returned,
    /// The function requests that the call be suspended, and resumed with its results.
    Suspends,
    /// The function's results have to be awaited.
    Awaits,
}

/// The outcome of the host function that a suspended execution waited for; it is ignored if it waited for something else.
pub enum Answer<'a> {
    /// The results.
    Values(&'a [Slot]),
    /// The function has failed; an exception can be caught.
    Failure(Reason),
}

/// The end of a call without results.
#[derive(Debug)]
pub struct Stop {
    /// The reason.
    pub reason: Reason,
    /// The guest's calls that were under way, innermost first; of very deep recursions, only the innermost.
    pub backtrace: Vec<Frame>,
    /// The access that reached beyond a memory, if that was the reason and it is known.
    pub fault: Option<Fault>,
}

/// The reason of a stop.
#[derive(Debug)]
pub enum Reason {
    /// A trap; out of fuel is one of them.
    Trap(Trap),
    /// An exception was thrown and not caught.
    Exception(Exception),
    /// A host function failed.
    Host(HostError),
    /// A host function panicked. The panic resumes in the caller of the guest.
    Panic(Box<dyn core::any::Any + Send>),
    /// A host function asked for a suspension that this kind of call does not have.
    NotResumable,
    /// A host function's results have to be awaited, which this kind of call cannot do.
    NotAsync,
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

/// The cells of an op that hold the address of its handler.
const HANDLER_CELLS: usize = 2;

/// The maximal number of frames that a backtrace names.
const MAX_BACKTRACE: usize = 100;

/// The entry of a function that has not been lowered yet.
pub fn stub() -> *const MaybeUninit<u32> {
    handlers::call::STUB.entry()
}

/// Calls a function. `slots` holds the arguments and receives the results; it is as long as the longer of the two,
/// whose numbers are given. Returns the execution if it is suspended, which never happens in `Mode::Straight`.
pub fn invoke(
    embedder: &mut dyn Embedder,
    mode: Mode,
    func: FuncAddr,
    (params, results): (usize, usize),
    slots: &mut [Slot],
) -> Result<Option<Box<Suspended>>, Stop> {
    let func = embedder.store().funcs[func.index()];
    match func.kind() {
        FuncKind::Wasm { instance, defined } => within(embedder, mode, |embedder| {
            let store = embedder.store();
            let base = arguments(store, slots)?;
            if store.depth == 1 {
                store.heap.permit_collection();
            }
            let sp = base.wrapping_add(params * size_of::<Slot>() + RECORD_BYTES);
            let mut machine = Machine::new(embedder, instance, mode);
            let regs = Regs {
                acc: u64::from(defined),
                ..registers(machine.mem, handlers::call::EXIT.ip(), sp)
            };
            let code = machine.entry(defined);
            let ctx = &raw mut machine;
            // SAFETY: HANDLER; CODE: an entry is code or the stub, and returns to `EXIT`. FRAME: `enter` checks it; arguments and record
            // lie below `sp`. MEM, CTX: the machine is in the function's instance, and nothing but `ctx` leads to it until this returns.
            unsafe { dispatch::start(Regs { ctx, ..regs }, code, sp, handlers::call::EXIT.ip()) };
            leave(&mut machine, base, results, slots)
        }),
        FuncKind::Host { host } => {
            let called = embedder.call_host(host, None, cells(slots));
            if machine::outcome(mode, called).map_err(stop)? {
                return Ok(None);
            }
            let suspended = Suspended::outside(embedder.store(), func.ty, host, slots, results);
            Ok(Some(Box::new(suspended)))
        }
    }
}

/// Continues a suspended execution with the answer that it waited for. `slots` is long enough and receives the results.
pub fn resume(
    embedder: &mut dyn Embedder,
    mode: Mode,
    mut suspended: Suspended,
    answer: Answer<'_>,
    slots: &mut [Slot],
) -> Result<Option<Box<Suspended>>, Stop> {
    let results = suspended.results();
    let Some(instance) = suspended.instance else {
        // A host function was called from outside, and its results are those of the call.
        return match answer {
            Answer::Failure(reason) => Err(stop(reason)),
            Answer::Values(values) => {
                for (slot, value) in slots.iter_mut().zip(values).take(results) {
                    *slot = *value;
                }
                Ok(None)
            }
        };
    };
    within(embedder, mode, |embedder| {
        let base = suspended.put_back(embedder.store())?;
        let (how, failure) = match (&suspended.why, answer) {
            (Why::Host(_), Answer::Values(values)) => {
                suspended.set_host_results(values);
                (GoOn::Returned, None)
            }
            (Why::Host(_), Answer::Failure(reason)) => (GoOn::Failed, Some(reason)),
            _ => (GoOn::Again, None),
        };
        let mut machine = Machine::new(embedder, instance, mode);
        machine.crossings = core::mem::take(&mut suspended.crossings);
        machine.held = core::mem::take(&mut suspended.held);
        machine.failure = failure;
        machine.progress = suspended.progress;
        // With fuel in the counter it passes in any case.
        machine.passes = suspended.passes() && machine.slice == 0;
        let regs = Regs {
            acc: suspended.acc,
            acc_f32: suspended.acc_f32,
            acc_f64: suspended.acc_f64,
            ..registers(machine.mem, suspended.ip, suspended.sp)
        };
        let ctx = &raw mut machine;
        // SAFETY: HANDLER; CODE: execution stopped in front of this op, or a call returns to it, and the store has kept the code. FRAME: the
        // frames are what they were. MEM, CTX: the machine is in the instance in which it stopped, and nothing but `ctx` leads to it until
        // this returns.
        unsafe { dispatch::go_on(Regs { ctx, ..regs }, how) };
        leave(&mut machine, base, results, slots)
    })
}

/// Ends a suspended execution for a reason of the embedder.
pub fn abandon(embedder: &mut dyn Embedder, mut suspended: Suspended, reason: Reason) -> Stop {
    let Some(instance) = suspended.instance else {
        return stop(reason);
    };
    let mut reason = Some(reason);
    let ended = within(embedder, suspended.mode(), |embedder| {
        suspended.put_back(embedder.store())?;
        let Some(reason) = reason.take() else {
            return Ok(None);
        };
        let mut machine = Machine::new(embedder, instance, Mode::Straight);
        machine.crossings = core::mem::take(&mut suspended.crossings);
        machine.held = core::mem::take(&mut suspended.held);
        (machine.stop_ip, machine.stop_sp) = (suspended.stop_ip(), suspended.sp);
        let (backtrace, fault) = backtrace(&mut machine, &reason);
        machine.settle_fuel();
        Err(Stop {
            reason,
            backtrace,
            fault,
        })
    });
    match (reason, ended) {
        // The frames could not be put back; the stop has the embedder's reason, without a backtrace.
        (Some(reason), _) => stop(reason),
        (None, Err(stop)) => stop,
        (None, Ok(_)) => unreachable!("the reason was taken, and is that of a stop"),
    }
}

/// A stop outside all guest code.
fn stop(reason: Reason) -> Stop {
    Stop {
        reason,
        backtrace: Vec::new(),
        fault: None,
    }
}

/// A stop because the value stack is full, or calls are nested too deeply.
fn overflow() -> Stop {
    stop(Reason::Trap(Trap::StackOverflow))
}

/// Slots, as cells.
fn cells(slots: &mut [Slot]) -> &[Cell<Slot>] {
    Cell::from_mut(slots).as_slice_of_cells()
}

/// Runs an execution, if not too many are nested. It leaves the value stack as it was, and without memory if this was the outermost
/// execution and none of its frames has to stay there.
#[inline]
fn within(
    embedder: &mut dyn Embedder,
    mode: Mode,
    execution: impl FnOnce(&mut dyn Embedder) -> Result<Option<Box<Suspended>>, Stop>,
) -> Result<Option<Box<Suspended>>, Stop> {
    let store = embedder.store();
    if store.depth >= store.limits.depth {
        return Err(overflow());
    }
    // A call that can be suspended takes its stack along, so no other call may be on it.
    let own_stack = mode == Mode::Resumable && store.stack.used > 0;
    if own_stack {
        store.stack.begin();
    }
    store.depth += 1;
    let used = store.stack.used;
    let left = execution(embedder);
    let store = embedder.store();
    store.depth -= 1;
    store.stack.used = used;
    if own_stack {
        store.stack.end();
    } else if store.depth == 0 {
        let in_place = matches!(&left, Ok(Some(suspended)) if suspended.is_in_place());
        if !in_place {
            store.stack.give_back();
        }
    }
    left
}

/// Returns the beginning of the free part of the value stack, if that part has `bytes` bytes.
#[inline]
fn room(store: &mut Store, bytes: usize) -> Result<*mut u8, Stop> {
    let used = store.stack.used;
    let slots = store.stack.for_call().ok_or_else(overflow)?;
    match slots.reach(used.saturating_add(bytes)) {
        true => Ok(slots.base().wrapping_add(used)),
        false => Err(overflow()),
    }
}

/// Puts arguments at the beginning of the free part of the value stack, and returns it.
#[inline]
fn arguments(store: &mut Store, slots: &[Slot]) -> Result<*mut u8, Stop> {
    // The record of the call lies behind them.
    let base = room(store, size_of_val(slots).saturating_add(RECORD_BYTES))?;
    // SAFETY: FRAME; there is room for them.
    unsafe {
        base.cast::<Slot>()
            .copy_from_nonoverlapping(slots.as_ptr(), slots.len())
    };
    Ok(base)
}

/// The registers, apart from accumulators and pins, and without a machine.
fn registers(mem: *mut u8, ip: *const u32, sp: *mut u8) -> Regs {
    Regs {
        ip,
        sp,
        mem,
        pin: 0,
        ctx: core::ptr::null_mut(),
        acc: 0,
        acc_f32: 0.0,
        acc_f64: 0.0,
        pin_f32: 0.0,
        pin_f64: 0.0,
        acc_v128: dispatch::to_register(V128::ZERO),
    }
}

/// Finishes an execution that has left threaded code: with results, suspended, or stopped. Its part of the value stack begins at `base`.
fn leave(
    machine: &mut Machine,
    base: *mut u8,
    results: usize,
    slots: &mut [Slot],
) -> Result<Option<Box<Suspended>>, Stop> {
    let left = match (machine.take_reason(), machine.pause.take()) {
        (None, None) => {
            let slots = &mut slots[..results];
            // SAFETY: FRAME; the execution finished, so its results are where its arguments were.
            unsafe {
                let from = base.cast_const().cast::<Slot>();
                from.copy_to_nonoverlapping(slots.as_mut_ptr(), slots.len());
            }
            Ok(None)
        }
        (None, Some(pause)) => {
            let suspended = Suspended::new(machine, pause, base, results);
            Ok(Some(Box::new(suspended)))
        }
        (Some(reason), _) => {
            machine.refund();
            let (backtrace, fault) = backtrace(machine, &reason);
            Err(Stop {
                reason,
                backtrace,
                fault,
            })
        }
    };
    machine.settle_fuel();
    left
}

/// Returns the calls under way where the machine stopped, and the memory access that made it stop.
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
            // SAFETY: CODE; `fault` reads no other cells than the handler of the op at which execution stopped has read.
            let cell = |index| unsafe { at.op.add(HANDLER_CELLS + index).read() };
            access = machine
                .inst()
                .code
                .access(&at)
                .and_then(|access| fault::fault(machine, access, at.address, (0..).map(cell)));
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
