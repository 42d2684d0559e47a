//! The machine: what handlers reach through `ctx`, and the functions they call for what is not hot. Holds unsafe code: it keeps
//! pointers into the store while guest code runs.
#![allow(unsafe_code)]

use core::cell::Cell;
use core::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicPtr;

use super::suspend::{Mode, Pause};
use super::{Called, Embedder, Reason};
use crate::code::Held;
use crate::code::ops::SlotOffset;
use crate::runtime::addr::InstanceAddr;
use crate::runtime::func_inst::FuncInst;
use crate::runtime::global_inst::GlobalInst;
use crate::runtime::limiter::GrowError;
use crate::runtime::mem_inst::MemInst;
use crate::runtime::module_inst::ModuleInst;
use crate::runtime::registry::TypeId;
use crate::runtime::stack::Slots;
use crate::runtime::store::Store;
use crate::runtime::trap::Trap;
use crate::syntax::types::AddrType;

/// A slot of the value stack.
pub(crate) type Slot = u64;

/// The state of an execution that does not fit into registers.
///
/// Its pointers lead into the store. They are set by [`Machine::enter_instance`] and [`Machine::refresh`], and hold until
/// something may have moved what they point at: a host function, a growing memory or table. They derive from allocations, never from
/// references into them, so that no access by another way invalidates them.
#[repr(C)]
pub(crate) struct Machine {
    /// Bytes of the first memory.
    pub mem_len: u64,
    /// The entries of the instance's code.
    pub entries: *const AtomicPtr<MaybeUninit<u32>>,
    /// The end of the part of the value stack that may be written to. Where a frame does not fit there, [`Machine::reach`] moves the end.
    pub stack_end: *mut u8,
    /// The first global that the instance's module defines.
    pub globals: *mut GlobalInst,
    /// The fuel at hand, less what has been paid for in advance. Below zero only while it is looked into.
    pub fuel: i64,
    /// Elements of the first table.
    pub table: *const u64,
    /// How many there are.
    pub table_len: u64,
    /// The functions of the store.
    pub funcs: *const FuncInst,
    /// The current instance.
    pub instance: InstanceAddr,
    /// The first byte of the first memory.
    pub mem: *mut u8,
    /// The current instance.
    inst: *mut ModuleInst,
    /// What a call that leaves the fast path is about.
    pub callee: Callee,
    /// Where execution ended: behind the beginning of the op, and not behind its end.
    pub stop_ip: *const u32,
    /// The frame in which it ended.
    pub stop_sp: *mut u8,
    /// The integer accumulator when it ended.
    pub stop_acc: u64,
    /// The pinned integer local when it ended.
    pub stop_pin: u64,
    /// The accumulator for 32-bit floats when it ended.
    pub stop_acc_f32: f32,
    /// The accumulator for 64-bit floats when it ended.
    pub stop_acc_f64: f64,
    /// Where execution goes on that stopped in front of an op.
    pub retry_ip: *const u32,
    /// The trap that ended it, if one did.
    pub trap: Option<Trap>,
    /// Why it is suspended, if it is.
    pub pause: Option<Pause>,
    /// Whether and how it may be suspended.
    pub mode: Mode,
    /// Remaining fuel that is not at hand, see `meter`.
    pub reserve: u64,
    /// How much was at hand when it was last filled up.
    pub slice: u64,
    /// What could not be charged.
    pub wanted: i64,
    /// What the current op has paid for its work.
    pub price: i64,
    /// Whether execution goes on where it stopped to be interrupted: it is not stopped there again, so that each time there is progress.
    pub passes: bool,
    /// How much of its work the op has done before which execution stopped, or goes on.
    pub progress: u64,
    /// Whether code is metered.
    pub metered: bool,
    /// The homes of the pinned locals of the function that is rejoined.
    pub pins: [Option<SlotOffset>; 3],
    /// What a host function ended it with, if one did.
    pub failure: Option<Reason>,
    /// Where an exception was caught: the op to go on with, and the frame.
    pub landing: (*const u32, *mut u8),
    /// Calls from one instance to another that are under way, innermost last.
    pub crossings: Vec<Crossing>,
    /// The exact forms of functions that it may be in.
    pub held: Held,
    /// The first slot of the value stack.
    stack_base: *mut u8,
    embedder: *mut dyn Embedder,
    store: *mut Store,
}

/// A call that leaves the fast path: what is called, and where it returns to.
#[derive(Clone, Copy)]
pub(crate) struct Callee {
    /// The function.
    pub func: FuncInst,
    /// The base of its frame.
    pub sp: *mut u8,
    /// Slots of its arguments, which end where its frame's record begins.
    pub params: u32,
    /// Slots of its arguments or results, whichever are more.
    pub slots: u32,
    /// Where it returns to.
    pub ret_ip: *const u32,
    /// The frame it returns to.
    pub ret_sp: *mut u8,
}

/// A call from one instance to another.
#[derive(Clone, Copy)]
pub(crate) struct Crossing {
    /// Where it returns to.
    pub ret_ip: *const u32,
    /// The frame it returns to.
    pub ret_sp: *mut u8,
    /// The instance it returns to.
    pub instance: InstanceAddr,
}

impl Machine {
    /// A machine on the rest of the store's value stack, which has memory.
    // Inlined, so that it is made where it stays.
    #[inline(always)]
    pub(super) fn new(
        embedder: &mut (dyn Embedder + '_),
        instance: InstanceAddr,
        mode: Mode,
    ) -> Self {
        let embedder: *mut (dyn Embedder + '_) = embedder;
        // SAFETY: only the lifetime changes; the machine is dropped before the borrow ends, by `invoke`.
        let embedder: *mut (dyn Embedder + 'static) = unsafe { core::mem::transmute(embedder) };
        // SAFETY: the embedder is borrowed exclusively for as long as the machine lives, by the argument.
        let store: *mut Store = unsafe { (*embedder).store() };
        // SAFETY: `store` was borrowed from the embedder just now, and nothing else has used the embedder since.
        let (stack, metered) = unsafe {
            let store = &*store;
            (
                &store.stack,
                store.counts_fuel || store.interrupts.is_some(),
            )
        };
        let stack_base = stack.base();
        let stack_end = stack_base.wrapping_add(stack.slots().map_or(0, Slots::mark));
        let mut machine = Self {
            mem_len: 0,
            entries: core::ptr::null(),
            stack_end,
            globals: core::ptr::null_mut(),
            fuel: 0,
            table: core::ptr::null(),
            table_len: 0,
            funcs: core::ptr::null(),
            instance,
            mem: core::ptr::null_mut(),
            inst: core::ptr::null_mut(),
            callee: Callee {
                func: FuncInst::host(crate::runtime::registry::TypeId(0), 0),
                sp: core::ptr::null_mut(),
                params: 0,
                slots: 0,
                ret_ip: core::ptr::null(),
                ret_sp: core::ptr::null_mut(),
            },
            stop_ip: core::ptr::null(),
            stop_sp: core::ptr::null_mut(),
            stop_acc: 0,
            stop_pin: 0,
            stop_acc_f32: 0.0,
            stop_acc_f64: 0.0,
            retry_ip: core::ptr::null(),
            trap: None,
            pause: None,
            mode,
            reserve: 0,
            slice: 0,
            wanted: 0,
            price: 0,
            passes: false,
            progress: 0,
            metered,
            pins: [None; 3],
            failure: None,
            landing: (core::ptr::null(), core::ptr::null_mut()),
            crossings: Vec::new(),
            held: Held::default(),
            stack_base,
            embedder,
            store,
        };
        machine.enter_instance(instance);
        machine.deal();
        machine
    }

    /// The store.
    pub(super) fn store(&mut self) -> &mut Store {
        // SAFETY: CTX; the embedder is exclusively borrowed for as long as the machine lives, and hands out the same store.
        unsafe { &mut *self.store }
    }

    /// How many bytes from the beginning of the value stack a place in it is.
    pub(super) fn stack_offset(&self, place: *const u8) -> usize {
        place.addr() - self.stack_base.addr()
    }

    /// Moves the end of the stack's part that may be written to, so that a frame fits there; false if it would not fit onto the stack.
    #[cold]
    #[inline(never)]
    pub(super) fn reach(&mut self, sp: *mut u8, frame: usize) -> bool {
        let bytes = self.stack_offset(sp).saturating_add(frame);
        match self.store().stack.reach(bytes) {
            Some(end) => {
                self.stack_end = self.stack_base.wrapping_add(end);
                true
            }
            None => false,
        }
    }

    /// The current instance.
    pub(super) fn inst(&mut self) -> &mut ModuleInst {
        // SAFETY: CTX; set by `enter_instance`, and refreshed after whatever may have moved it.
        unsafe { &mut *self.inst }
    }

    /// Makes an instance the current one.
    pub(super) fn enter_instance(&mut self, instance: InstanceAddr) {
        self.instance = instance;
        self.refresh();
    }

    /// Sets the pointers anew for the current instance.
    pub(super) fn refresh(&mut self) {
        let index = self.instance.index();
        let store = self.store();
        let funcs = store.funcs.as_ptr();
        let inst = &store.instances[index];
        let entries = inst.code.entries().as_ptr();
        let globals = match inst.globals.get(inst.imported_globals as usize) {
            // To all from this one on, as handlers count from it.
            Some(addr) => store.globals.as_mut_ptr().wrapping_add(addr.index()),
            None => core::ptr::null_mut(),
        };
        let (mem, mem_len) = match inst.mems.first() {
            Some(addr) => store.mems[addr.index()].place(),
            None => (core::ptr::null_mut(), 0),
        };
        let (table, table_len) = match inst.tables.first() {
            Some(addr) => {
                let elems = &store.tables[addr.index()].elems;
                (elems.as_ptr(), elems.len() as u64)
            }
            None => (core::ptr::null(), 0),
        };
        self.inst = store.instances.as_mut_ptr().wrapping_add(index);
        self.funcs = funcs;
        self.entries = entries;
        self.globals = globals;
        self.mem = mem;
        self.mem_len = mem_len;
        self.table = table;
        self.table_len = table_len;
    }

    /// The function at an index of the current instance.
    pub(super) fn func_at(&mut self, func: u32) -> FuncInst {
        let addr = self.inst().funcs[func as usize];
        self.store().funcs[addr.index()]
    }

    /// Calls the host function that `callee` is; the results then lie where the arguments did. Otherwise execution stops, and the machine
    /// knows why.
    // Out of line, as all that has locals to be dropped or referred to: in a handler they would cost it its jump.
    #[inline(never)]
    pub(super) fn call_host(&mut self, host: u32) -> bool {
        let Callee { params, slots, .. } = self.callee;
        let args = self.callee_args().cast::<u8>();
        let end = args.wrapping_add(slots as usize * size_of::<Slot>());
        let used = self.stack_offset(end);
        self.collect();
        let instance = self.instance;
        let store = self.store();
        let outer = core::mem::replace(&mut store.stack.used, used);
        // SAFETY: FRAME; arguments and results lie within the caller's frame, and calls of guests within this one use the stack beyond
        // that. The collector may look at the slots meanwhile, as at all that is in use: cells permit it. What only results use is cleared.
        let slots = unsafe {
            if slots > params {
                let results = args.cast::<Slot>().add(params as usize);
                results.write_bytes(0, (slots - params) as usize);
            }
            core::slice::from_raw_parts(args.cast::<Cell<Slot>>(), slots as usize)
        };
        // SAFETY: CTX; the machine does not touch the store while the embedder runs.
        let call =
            AssertUnwindSafe(|| unsafe { (*self.embedder).call_host(host, Some(instance), slots) });
        // A panic must not pass through handlers; it goes on where the guest was called from.
        let result = catch_unwind(call);
        // The embedder may have been handed out anew: take the store from it again.
        // SAFETY: as above.
        self.store = unsafe { (*self.embedder).store() };
        let store = self.store();
        store.stack.used = outer;
        self.deal();
        self.refresh();
        let result = match result {
            Ok(result) => outcome(self.mode, result),
            Err(panic) => Err(Reason::Panic(panic)),
        };
        match result {
            Ok(true) => return true,
            Ok(false) => self.pause = Some(Pause::Host { host }),
            Err(reason) => self.fail(reason),
        }
        false
    }

    /// Lets the embedder grow something; the old size, or nothing where it was refused.
    pub(super) fn grow(
        &mut self,
        grow: impl FnOnce(&mut dyn Embedder) -> Result<u64, GrowError>,
    ) -> Result<Option<u64>, Reason> {
        // SAFETY: CTX; the machine does not touch the store while the embedder runs.
        let result = catch_unwind(AssertUnwindSafe(|| grow(unsafe { &mut *self.embedder })));
        // SAFETY: CTX; the embedder was used anew, so the store is taken from it again.
        self.store = unsafe { (*self.embedder).store() };
        self.refresh();
        match result {
            Ok(Ok(old)) => Ok(Some(old)),
            Ok(Err(GrowError::Refused(_))) => Ok(None),
            Ok(Err(GrowError::Fatal(error))) => Err(Reason::Host(error)),
            // A limiter is the embedder's code, and may panic.
            Err(panic) => Err(Reason::Panic(panic)),
        }
    }

    /// Prepares the call of a function of another instance; returns where its code begins, or null if the host has no memory for it.
    #[inline(never)]
    pub(super) fn cross(
        &mut self,
        instance: InstanceAddr,
        defined: u32,
        returns_across: bool,
    ) -> *const MaybeUninit<u32> {
        if !returns_across {
            // There are no more of them than records of frames on the value stack, which its limit bounds.
            if self.crossings.try_reserve(1).is_err() {
                return core::ptr::null();
            }
            let Callee { ret_ip, ret_sp, .. } = self.callee;
            self.crossings.push(Crossing {
                ret_ip,
                ret_sp,
                instance: self.instance,
            });
        }
        self.enter_instance(instance);
        self.entry(defined)
    }

    /// Where the code of a function of the current instance begins.
    pub(super) fn entry(&mut self, defined: u32) -> *const MaybeUninit<u32> {
        self.inst().code.entries()[defined as usize].load(core::sync::atomic::Ordering::Acquire)
    }

    /// Returns from a function of another instance: the crossing that ends.
    pub(super) fn uncross(&mut self) -> Crossing {
        let crossing = self
            .crossings
            .pop()
            .unwrap_or_else(|| unreachable!("a crossing was pushed when it began"));
        self.enter_instance(crossing.instance);
        crossing
    }

    /// Lowers a function of the current instance; nothing if that exceeds a limit.
    #[inline(never)]
    pub(super) fn materialize(&mut self, defined: u32) -> Option<*const MaybeUninit<u32>> {
        self.inst().code.materialize(defined).ok()
    }

    /// Where the arguments of the call that left the fast path are, and its results will be.
    pub(super) fn callee_args(&self) -> *mut Slot {
        let Callee { sp, params, .. } = self.callee;
        sp.wrapping_sub(RECORD_BYTES + params as usize * size_of::<Slot>())
            .cast()
    }

    /// The first byte and the length of a memory of the current instance.
    pub(super) fn mem_at(&mut self, mem: u32) -> (*mut u8, u64) {
        let addr = self.inst().mems[mem as usize];
        self.store().mems[addr.index()].place()
    }

    /// A memory of the current instance.
    pub(super) fn mem_inst(&mut self, mem: u32) -> &mut MemInst {
        let addr = self.inst().mems[mem as usize];
        &mut self.store().mems[addr.index()]
    }

    /// The type of addresses of a memory of the current instance.
    pub(super) fn mem_addr_type(&mut self, mem: usize) -> AddrType {
        let addr = self.inst().mems[mem];
        self.store().mems[addr.index()].ty.addr
    }

    /// The type of indices of a table of the current instance.
    pub(super) fn table_addr_type(&mut self, table: usize) -> AddrType {
        let addr = self.inst().tables[table];
        self.store().tables[addr.index()].ty.addr
    }

    /// The first element and the length of a table of the current instance.
    pub(super) fn table_at(&mut self, table: u32) -> (*const u64, u64) {
        let addr = self.inst().tables[table as usize];
        let elems = &self.store().tables[addr.index()].elems;
        (elems.as_ptr(), elems.len() as u64)
    }

    /// A slot of the frame in which execution ended, that the op named at which it did.
    pub(super) fn stopped_slot(&self, offset: SlotOffset) -> Slot {
        // SAFETY: FRAME; the op did not complete, so that what it was to read is still there.
        unsafe { self.stop_sp.offset(offset as isize).cast::<Slot>().read() }
    }

    /// Whether a type is a declared subtype of another; both are canonical.
    #[cold]
    #[inline(never)]
    pub(super) extern "C" fn is_subtype(&mut self, sub: u32, sup: u32) -> bool {
        let registry = &self.store().registry;
        registry.is_subtype(TypeId(sub), TypeId(sup))
    }

    /// Why execution ended; nothing if it finished.
    pub(super) fn take_reason(&mut self) -> Option<Reason> {
        self.failure.take().or(self.trap.take().map(Reason::Trap))
    }

    /// Notes what of the embedder's ended execution.
    pub(super) fn fail(&mut self, reason: Reason) {
        self.failure = Some(reason);
    }
}

/// Whether a host function has returned, or else is waited for, if that is possible.
pub(super) fn outcome(mode: Mode, called: Result<Called, Reason>) -> Result<bool, Reason> {
    match (called?, mode) {
        (Called::Returned, _) => Ok(true),
        (Called::Suspends, Mode::Resumable) | (Called::Awaits, Mode::Async) => Ok(false),
        (Called::Suspends, _) => Err(Reason::NotResumable),
        (Called::Awaits, _) => Err(Reason::NotAsync),
    }
}

/// Bytes of the record between a frame's parameters and its locals: where it returns to, and the frame it returns to.
pub(crate) const RECORD_BYTES: usize = 16;
