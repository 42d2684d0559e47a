//! Suspended executions. Holds unsafe code: it takes frames off the value stack and puts them back.
//!
//! An execution leaves nothing on the host's stack, so a suspended one is small: the place where it stopped, its part of the value stack,
//! the accumulators, and the instances it crossed into. The pins need not be kept: slots are always right, and code that execution may stop
//! in loads pins again (see the invariants in ARCHITECTURE.md).
//!
//! The [`Mode`] of the call decides what happens to the stack. A resumable call takes it along, so that the store can be used in the
//! meantime: a copy of few bytes, or the memory itself. An async call leaves it where it is, because its future borrows the store.
#![allow(unsafe_code)]

use std::sync::Arc;

use super::Stop;
use super::handlers::call::{CROSS_BACK, EXIT};
use super::machine::{Callee, Crossing, Machine, RECORD_BYTES, Slot};
use crate::code::{CodeUnit, Held};
use crate::runtime::addr::InstanceAddr;
use crate::runtime::parked::{Kept, ParkedStack};
use crate::runtime::registry::TypeId;
use crate::runtime::store::Store;

/// The ways in which a call may end besides returning and trapping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// No other way. (The call pauses at a deadline, for the embedder to decide; its stack stays where it is.)
    Straight,
    /// It may be suspended for lack of fuel, by an interruption, or by a host function; it takes its stack along.
    Resumable,
    /// It may be suspended to let others run, or to wait for a host function; its stack stays where it is, because the future of
    /// the call borrows the store meanwhile.
    Async,
}

/// The reason why execution is suspended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// There was less fuel than the next instruction costs.
    OutOfFuel {
        /// The cost of that instruction.
        required: u64,
    },
    /// Another thread interrupted it.
    Interrupted,
    /// The call yields to others.
    Yield,
    /// The embedder has to decide whether it continues. This may happen in any mode.
    Deadline,
    /// The call waits for the results of a host function.
    Host(HostCall),
}

/// A call of a host function whose results are still to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostCall {
    /// The function's type.
    pub ty: TypeId,
    /// The function's number.
    pub host: u32,
    /// The calling instance, if there is one.
    pub caller: Option<InstanceAddr>,
    /// The position of its arguments, in slots from the beginning of the execution's part of the stack.
    at: usize,
    /// The number of slots of its arguments or results, whichever are more.
    slots: usize,
}

/// A suspended execution.
pub struct Suspended {
    /// The reason.
    pub why: Why,
    /// The number of slots of the called function's results.
    results: usize,
    /// The instance it is in; `None` if a host function was called from outside.
    pub(super) instance: Option<InstanceAddr>,
    /// The op at which it continues.
    pub(super) ip: *const u32,
    /// The frame in which it continues.
    pub(super) sp: *mut u8,
    pub(super) acc: u64,
    pub(super) acc_f32: f32,
    pub(super) acc_f64: f64,
    /// The amount of its work that the op has done.
    pub(super) progress: u64,
    pub(super) crossings: Vec<Crossing>,
    /// The exact forms of functions that it may be in.
    pub(super) held: Held,
    /// The beginning of its part of the value stack when it stopped.
    base: *mut u8,
    /// The number of bytes of that part in use.
    used: usize,
    /// These bytes, if they were taken along.
    stack: Option<ParkedStack>,
    /// The number of bytes that its frames may use without another check of the stack's end.
    mark: usize,
}

/// The maximal number of bytes of frames that are copied when a call takes its stack along. If there may be more, it takes the memory itself,
/// so that the cost of a suspension does not depend on the depth of the recursion.
const COPIED: usize = 4096;

#[cfg(test)]
std::thread_local! {
    /// Number of bytes of stacks that have been copied on this thread.
    pub static COPIES: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

// SAFETY: only `exec::resume` and `exec::abandon` use the addresses, with the store they came from, which they borrow exclusively on their
// thread. In between, the addresses are numbers.
unsafe impl Send for Suspended {}
// SAFETY: as above; a shared reference gives access to none of them.
unsafe impl Sync for Suspended {}

impl Suspended {
    /// Takes the state of a machine that has stopped. Its part of the value stack begins at `base`.
    pub(super) fn new(machine: &mut Machine, why: Pause, base: *mut u8, results: usize) -> Self {
        let bytes_to = |end: *mut u8| end.addr() - base.addr();
        let (why, ip, used) = match why {
            Pause::Host { host } => {
                let Callee { func, slots, .. } = machine.callee;
                let call = HostCall {
                    ty: func.ty,
                    host,
                    caller: Some(machine.instance),
                    at: bytes_to(machine.callee_args().cast()) / size_of::<Slot>(),
                    slots: slots as usize,
                };
                let used = (call.at + call.slots) * size_of::<Slot>();
                (Why::Host(call), machine.stop_ip, used)
            }
            Pause::OutOfFuel => {
                let required = machine.wanted as u64;
                (Why::OutOfFuel { required }, machine.retry_ip, 0)
            }
            Pause::Interrupted => (Why::Interrupted, machine.retry_ip, 0),
            Pause::Yield => (Why::Yield, machine.retry_ip, 0),
            Pause::Deadline => (Why::Deadline, machine.retry_ip, 0),
        };
        let mut suspended = Self {
            why,
            results,
            instance: Some(machine.instance),
            ip,
            sp: machine.stop_sp,
            acc: machine.stop_acc,
            acc_f32: machine.stop_acc_f32,
            acc_f64: machine.stop_acc_f64,
            progress: machine.progress,
            crossings: core::mem::take(&mut machine.crossings),
            held: core::mem::take(&mut machine.held),
            base,
            used,
            stack: None,
            mark: bytes_to(machine.stack_end),
        };
        if used == 0 {
            // All of the frame is kept, also slots that are not in use now; if its size is unknown, all of the stack.
            let stop = machine.stop_ip;
            let frame = frame_bytes(&machine.inst().code, stop);
            let end = frame.map(|bytes| suspended.sp.wrapping_add(bytes));
            suspended.used = bytes_to(end.unwrap_or(machine.stack_end));
        }
        if machine.mode == Mode::Resumable {
            suspended.take_stack(machine.store());
        }
        suspended
    }

    /// Makes the suspended call of a host function from outside. Its slots hold the arguments.
    pub(super) fn outside(
        store: &mut Store,
        ty: TypeId,
        host: u32,
        slots: &[Slot],
        results: usize,
    ) -> Self {
        Self {
            why: Why::Host(HostCall {
                ty,
                host,
                caller: None,
                at: 0,
                slots: slots.len(),
            }),
            results,
            instance: None,
            ip: EXIT.ip(),
            sp: core::ptr::null_mut(),
            acc: 0,
            acc_f32: 0.0,
            acc_f64: 0.0,
            progress: 0,
            crossings: Vec::new(),
            held: Held::default(),
            base: core::ptr::null_mut(),
            used: size_of_val(slots),
            stack: Some(store.parked.park(Kept::Copied(slots.into()))),
            mark: 0,
        }
    }

    /// The place where it stopped: behind the beginning of an op that will begin again, or behind the call that it waits for.
    pub(super) fn stop_ip(&self) -> *const u32 {
        match self.why {
            Why::Host(_) => self.ip,
            _ => self.ip.wrapping_add(2),
        }
    }

    /// Whether it was interrupted and its op has made no progress: that op must not be interrupted once more.
    pub(super) fn passes(&self) -> bool {
        let interrupted = matches!(self.why, Why::Interrupted | Why::Yield | Why::Deadline);
        interrupted && self.progress == 0
    }

    /// The number of slots of the called function's results.
    pub fn results(&self) -> usize {
        self.results
    }

    /// Takes the stack along; there is no other call on it.
    fn take_stack(&mut self, store: &mut Store) {
        let kept = if self.mark > COPIED {
            store
                .stack
                .take()
                .map(|slots| Kept::Taken(slots, self.used))
        } else {
            #[cfg(test)]
            COPIES.with(|copies| copies.set(copies.get() + self.used));
            let slots = store.stack.slots();
            slots.map(|slots| Kept::Copied(slots.frames(self.used).into()))
        };
        self.stack = kept.map(|kept| store.parked.park(kept));
    }

    /// Whether its frames are where they were when it stopped.
    pub(super) fn is_in_place(&self) -> bool {
        self.stack.is_none()
    }

    /// Returns a mode in which it can continue.
    pub(super) fn mode(&self) -> Mode {
        match self.stack {
            Some(_) => Mode::Resumable,
            None => Mode::Async,
        }
    }

    /// Puts the stack back, if it was taken along; returns the beginning of its part. There is no other call on the store's stack.
    pub(super) fn put_back(&mut self, store: &mut Store) -> Result<*mut u8, Stop> {
        let Some(stack) = self.stack.take() else {
            return Ok(self.base);
        };
        match Arc::into_inner(stack) {
            Some(Kept::Taken(slots, _)) => store.stack.put(slots),
            Some(Kept::Copied(slots)) => {
                // This checks as many bytes as before, of a stack of the same size.
                let base = super::room(store, self.mark)?;
                // SAFETY: FRAME; there is room for them, as the mark is not below what was in use.
                unsafe {
                    let to = base.cast::<Slot>();
                    to.copy_from_nonoverlapping(slots.as_ptr(), slots.len());
                }
                self.move_to(base);
            }
            None => unreachable!("a collection holds it for a moment only, and none is under way"),
        }
        Ok(self.base)
    }

    /// Adjusts all pointers into the stack to its new place.
    fn move_to(&mut self, base: *mut u8) {
        let old = core::mem::replace(&mut self.base, base);
        let moved = |at: *mut u8| base.wrapping_add(at.addr() - old.addr());
        self.sp = moved(self.sp);
        let (mut ip, mut sp) = (self.ip, self.sp);
        let mut crossings = self.crossings.iter_mut().rev();
        while !core::ptr::eq(ip, EXIT.ip()) {
            if core::ptr::eq(ip, CROSS_BACK.ip()) {
                let Some(crossing) = crossings.next() else {
                    break;
                };
                crossing.ret_sp = moved(crossing.ret_sp);
                (ip, sp) = (crossing.ret_ip, crossing.ret_sp);
                continue;
            }
            let record = sp.wrapping_sub(RECORD_BYTES);
            // SAFETY: FRAME; each frame has its record below it, down to the one that returns to `EXIT`.
            unsafe {
                let caller = record.add(8).cast::<*mut u8>();
                caller.write(moved(caller.read()));
                (ip, sp) = (record.cast::<*const u32>().read(), caller.read());
            }
        }
    }

    /// The slots of the host function that it waits for: the arguments, or the results that were set. `None` if it waits for none.
    pub fn host_slots(&self) -> Option<Vec<u64>> {
        let Why::Host(call) = self.why else {
            return None;
        };
        if let Some(stack) = &self.stack {
            return Some(stack.slots()[call.at..][..call.slots].into());
        }
        let mut slots = vec![0; call.slots];
        // SAFETY: FRAME; the slots were written when the function was called, all of them, and no other code uses this part of the stack.
        unsafe {
            let from = self.base.cast::<Slot>().add(call.at);
            from.copy_to_nonoverlapping(slots.as_mut_ptr(), call.slots);
        }
        Some(slots)
    }

    /// Sets the results of the host function that it waits for. The stack is in its place.
    pub(super) fn set_host_results(&mut self, values: &[u64]) {
        let Why::Host(call) = self.why else {
            return;
        };
        let count = values.len().min(call.slots);
        // SAFETY: FRAME; results lie where the arguments were, and the function has no more slots than that.
        unsafe {
            let to = self.base.cast::<Slot>().add(call.at);
            values.as_ptr().copy_to_nonoverlapping(to, count);
        }
        // A single result is also in the accumulator of its bank, whichever that is.
        if let Some(&result) = values.first() {
            self.acc = result;
            self.acc_f32 = f32::from_bits(result as u32);
            self.acc_f64 = f64::from_bits(result);
        }
    }

    /// The number of bytes of the value stack that are in use while this waits.
    pub fn stack_end(&self, store: &Store) -> usize {
        match self.is_in_place() {
            true => self.base.addr() - store.stack.base().addr() + self.used,
            false => store.stack.used,
        }
    }
}

/// The bytes of the frame of the function in whose code an address lies.
fn frame_bytes(code: &CodeUnit, ip: *const u32) -> Option<usize> {
    // The address may also be the end of the code before, so the next cell is looked up.
    let entry = code.entry_of(ip.wrapping_add(1))?;
    // SAFETY: CODE; code begins with its header, the first cell of which is the frame's number of bytes.
    Some(unsafe { entry.cast::<u32>().read() } as usize)
}

/// The reason why a machine has paused, from which [`Why`] is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pause {
    OutOfFuel,
    Interrupted,
    Yield,
    Deadline,
    Host { host: u32 },
}
