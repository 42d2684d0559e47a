//! The machine: the state that handlers reach through `ctx`, and functions for work that is not hot. Holds unsafe code: it keeps pointers
//! into the store while guest code runs.
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
/// a host function runs, or a memory or table grows: these may move the targets. They derive from allocations, never from
/// references into them, so that no access by another way invalidates them.
#[repr(C)]
pub(crate) struct Machine {
    /// The number of bytes of the first memory.
    pub mem_len: u64,
    /// The entries of the instance's code.
    pub entries: *const AtomicPtr<MaybeUninit<u32>>,
    /// The end of the part of the value stack that may be written to. Where a frame does not fit there, [`Machine::reach`] moves the end.
    pub stack_end: *mut u8,
    /// The first global that the instance's module defines.
    pub globals: *mut GlobalInst,
    /// The counter of fuel, less the fuel that was paid in advance. It is below zero only until the shortfall is handled.
    pub fuel: i64,
    /// The elements of the first table.
    pub table: *const u64,
    /// The number of these elements.
    pub table_len: u64,
    /// The functions of the store.
    pub funcs: *const FuncInst,
    /// The current instance.
    pub instance: InstanceAddr,
    /// The first byte of the first memory.
    pub mem: *mut u8,
    /// The current instance.
    inst: *mut ModuleInst,
    /// The call that leaves the fast path.
    pub callee: Callee,
    /// The place where execution ended: behind the beginning of the op, and not behind its end.
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
    /// The op in front of which execution stopped, at which it can continue.
    pub retry_ip: *const u32,
    /// The trap that ended it, if one did.
    pub trap: Option<Trap>,
    /// The reason why it is suspended, if it is.
    pub pause: Option<Pause>,
    /// The mode of the call: whether and how it may be suspended.
    pub mode: Mode,
    /// The remaining fuel that is not in the counter, see `meter`.
    pub reserve: u64,
    /// The counter when it was last filled.
    pub slice: u64,
    /// The charge that exceeded the counter.
    pub wanted: i64,
    /// The fuel that the current op has paid for its work.
    pub price: i64,
    /// Whether execution continues after an interruption: it is not interrupted at this place again, so that each resumption makes progress.
    pub passes: bool,
    /// The amount of its work that an op has done, in front of which execution stopped or continues.
    pub progress: u64,
    /// Whether code is metered.
    pub metered: bool,
    /// The homes of the pinned locals of the function that is rejoined.
    pub pins: [Option<SlotOffset>; 3],
    /// The reason of a host function that ended it, if one did.
    pub failure: Option<Reason>,
    /// The place where an exception was caught: the op to continue at, and the frame.
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

/// A call that leaves the fast path: the function, and the place that it returns to.
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
    /// The place it returns to.
    pub ret_ip: *const u32,
    /// The frame it returns to.
    pub ret_sp: *mut u8,
}

/// A call from one instance to another.
#[derive(Clone, Copy)]
pub(crate) struct Crossing {
    /// The place it returns to.
    pub ret_ip: *const u32,
    /// The frame it returns to.
    pub ret_sp: *mut u8,
    /// The instance it returns to.
    pub instance: InstanceAddr,
}

impl Machine {
    /// Creates a machine on the rest of the store's value stack, which has memory.
    // Inlined, so that it is made in its place and not copied.
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
        machine.draw_fuel();
        machine
    }

    /// The store.
    pub(super) fn store(&mut self) -> &mut Store {
        // SAFETY: CTX; the embedder is exclusively borrowed for as long as the machine lives, and returns the same store each time.
        unsafe { &mut *self.store }
    }

    /// The position of a place in the value stack, in bytes.
    pub(super) fn stack_offset(&self, place: *const u8) -> usize {
        place.addr() - self.stack_base.addr()
    }

    /// Moves the end of the stack's writable part, so that a frame fits there; returns false if it does not fit onto the stack.
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
        // SAFETY: CTX; set by `enter_instance`, and refreshed after all that may have moved it.
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
            // The pointer derives from all globals from this one on, as handlers count from it.
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

    /// Calls the host function in `callee`; the results then lie where the arguments did. Returns false if execution stops instead; the
    /// machine holds the reason.
    // Out of line, like all functions with locals that are dropped or referred to: such locals would cost a handler its jump.
    #[inline(never)]
    pub(super) fn call_host(&mut self, host: u32) -> bool {
        let Callee { params, slots, .. } = self.callee;
        let args = self.callee_args().cast::<u8>();
        let end = args.wrapping_add(slots as usize * size_of::<Slot>());
        let used = self.stack_offset(end);
        self.settle_fuel();
        let instance = self.instance;
        let store = self.store();
        let outer = core::mem::replace(&mut store.stack.used, used);
        // SAFETY: FRAME; arguments and results lie within the caller's frame, and calls of guests within this one use the stack beyond
        // that. The collector may scan the slots meanwhile, as it may all slots in use: cells permit it. Slots for results only are cleared.
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
        // Panics must not pass through handlers; this one resumes in the caller of the guest.
        let result = catch_unwind(call);
        // The embedder was re-borrowed during the call, so the store pointer is derived again.
        // SAFETY: as above.
        self.store = unsafe { (*self.embedder).store() };
        let store = self.store();
        store.stack.used = outer;
        self.draw_fuel();
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

    /// Lets the embedder grow a memory or table; returns the old size, or `None` if the growth was refused.
    pub(super) fn grow(
        &mut self,
        grow: impl FnOnce(&mut dyn Embedder) -> Result<u64, GrowError>,
    ) -> Result<Option<u64>, Reason> {
        // SAFETY: CTX; the machine does not touch the store while the embedder runs.
        let result = catch_unwind(AssertUnwindSafe(|| grow(unsafe { &mut *self.embedder })));
        // SAFETY: CTX; the embedder was re-borrowed, so the store pointer is derived again.
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

    /// Prepares the call of a function of another instance; returns the beginning of its code, or null if the host has no memory for it.
    #[inline(never)]
    pub(super) fn cross(
        &mut self,
        instance: InstanceAddr,
        defined: u32,
        returns_across: bool,
    ) -> *const MaybeUninit<u32> {
        if !returns_across {
            // The value stack's limit bounds their number: each has a record of a frame there.
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

    /// The beginning of the code of a function of the current instance.
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

    /// Lowers a function of the current instance; returns `None` if that exceeds a limit.
    #[inline(never)]
    pub(super) fn materialize(&mut self, defined: u32) -> Option<*const MaybeUninit<u32>> {
        self.inst().code.materialize(defined).ok()
    }

    /// The place of the arguments, and later the results, of the call that left the fast path.
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

    /// A slot of the frame in which execution ended, which the op at that place names.
    pub(super) fn stopped_slot(&self, offset: SlotOffset) -> Slot {
        // SAFETY: FRAME; the op did not complete, so its operands are still there.
        unsafe { self.stop_sp.offset(offset as isize).cast::<Slot>().read() }
    }

    /// Whether a type is a declared subtype of another; both are canonical.
    #[cold]
    #[inline(never)]
    pub(super) extern "C" fn is_subtype(&mut self, sub: u32, sup: u32) -> bool {
        let registry = &self.store().registry;
        registry.is_subtype(TypeId(sub), TypeId(sup))
    }

    /// The reason why execution ended; `None` if it finished.
    pub(super) fn take_reason(&mut self) -> Option<Reason> {
        self.failure.take().or(self.trap.take().map(Reason::Trap))
    }

    /// Records a reason of the embedder that ended execution.
    pub(super) fn fail(&mut self, reason: Reason) {
        self.failure = Some(reason);
    }
}

/// Returns true if a host function has returned, false if the call stops until its results come, and an error if the mode does not permit
/// such a stop.
pub(super) fn outcome(mode: Mode, called: Result<Called, Reason>) -> Result<bool, Reason> {
    match (called?, mode) {
        (Called::Returned, _) => Ok(true),
        (Called::Suspends, Mode::Resumable) | (Called::Awaits, Mode::Async) => Ok(false),
        (Called::Suspends, _) => Err(Reason::NotResumable),
        (Called::Awaits, _) => Err(Reason::NotAsync),
    }
}

/// The bytes of the record between a frame's parameters and its locals: the op and the frame that it returns to.
pub(crate) const RECORD_BYTES: usize = 16;
