//! The store: everything that instances of modules share and that lives as long as they do.
//!
//! This is the part that does not know the embedder's data; `api::Store` adds that. Nothing is ever removed from a store, so an address
//! that was once given out stays good.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#store>

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::addr::*;
use super::func_inst::FuncInst;
use super::global_inst::GlobalInst;
use super::heap::{Heap, NoMemory, TypeInfo};
use super::interrupt::Interrupts;
use super::limiter::{
    Counted, ELEMENT_BYTES, Exhausted, GrowError, Guard, LimitOf, Limits, RefusedGrowth, Resource,
    Usage,
};
use super::mem_inst::MemInst;
use super::module_inst::ModuleInst;
use super::parked::Parked;
use super::registry::{Registration, Registry, TypeId};
use super::shared_mem::SharedMem;
use super::stack::{Stack, Stacks};
use super::table_inst::TableInst;
use super::tag_inst::TagInst;
use super::trap::Trap;
use crate::syntax::types::{HeapType, MemType, RefType, TableType, ValType};

/// The identity of a store: no other store of the process has the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StoreId(NonZeroU64);

impl StoreId {
    /// An id that no store has had yet.
    fn fresh() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // At a store per nanosecond the numbers last for five centuries.
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(NonZeroU64::new(id).unwrap_or(NonZeroU64::MAX))
    }
}

/// The lists that addresses are positions in.
pub struct Store {
    /// The identity of this store.
    pub id: StoreId,
    /// The engine's types.
    pub registry: Arc<Registry>,
    /// Keeps the types of modules that were instantiated here, also of those whose instantiation failed and left something.
    held: Vec<Arc<Registration>>,
    /// Functions.
    pub funcs: Vec<FuncInst>,
    /// Tables.
    pub tables: Vec<TableInst>,
    /// Memories.
    pub mems: Vec<MemInst>,
    /// Globals.
    pub globals: Vec<GlobalInst>,
    /// Tags.
    pub tags: Vec<TagInst>,
    /// Module instances.
    pub instances: Vec<ModuleInst>,
    /// Structures, arrays, exceptions and values of the host that references lead to, and the handles that the embedder holds.
    pub heap: Heap,
    /// Remaining fuel, where the engine counts it.
    pub fuel: u64,
    /// Whether the engine counts fuel.
    pub counts_fuel: bool,
    /// The means to interrupt execution, if the engine has them. Code is metered then, with unlimited fuel where fuel is not counted.
    pub interrupts: Option<Interrupts>,
    /// The fuel that an async call may use before it yields to others.
    pub yield_interval: Option<NonZeroU64>,
    /// The rest of that fuel.
    pub until_yield: u64,
    /// The limits of the store's instances.
    pub limits: Limits,
    /// Their use.
    pub usage: Usage,
    /// The growth that was refused last, if one was.
    pub refused: Option<RefusedGrowth>,
    /// Calls from the embedder that are under way, one within another.
    pub depth: u32,
    /// The value stack of calls into the store.
    pub stack: Stack,
    /// The stacks of calls that are not under way, but suspended.
    pub parked: Parked,
}

impl Store {
    /// An empty store.
    pub fn new(registry: Arc<Registry>, stacks: &Arc<Stacks>, limits: Limits) -> Self {
        Self {
            id: StoreId::fresh(),
            registry,
            held: Vec::new(),
            funcs: Vec::new(),
            tables: Vec::new(),
            mems: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            instances: Vec::new(),
            heap: Heap::default(),
            fuel: 0,
            counts_fuel: false,
            interrupts: None,
            yield_interval: None,
            until_yield: 0,
            usage: Usage::default(),
            refused: None,
            depth: 0,
            stack: Stack::new(stacks),
            parked: Parked::default(),
            limits,
        }
    }

    /// The fuel that code may spend: the remaining fuel, or an unlimited amount where fuel is not counted.
    pub fn budget(&self) -> u64 {
        if self.counts_fuel {
            self.fuel
        } else {
            u64::MAX / 2
        }
    }

    /// Charges for instructions of constant expressions, each of which costs 1 and is a step of its own.
    pub fn charge_const(&mut self, instrs: usize) -> Result<(), Trap> {
        if !self.counts_fuel {
            return Ok(());
        }
        let wanted = instrs as u64;
        let enough = self.fuel >= wanted;
        self.fuel = self.fuel.saturating_sub(wanted);
        if enough { Ok(()) } else { Err(Trap::OutOfFuel) }
    }

    /// Holds the types of a module for as long as the store lives.
    pub fn hold_module(&mut self, types: &Arc<Registration>) -> Result<(), Exhausted> {
        // Instances of one module mostly follow each other. Where they do not, the list is no longer than that of instances.
        let known = self.held.last();
        if !known.is_some_and(|known| Arc::ptr_eq(known, types)) {
            push(&mut self.held, types.clone())?;
        }
        Ok(())
    }

    /// Holds a type that is held by something else at the moment, for as long as the store lives.
    pub fn hold_type(&mut self, ty: TypeId) -> Result<(), Exhausted> {
        match self.heap.meet(&self.registry, ty) {
            Ok(_) => Ok(()),
            Err(NoMemory) => Err(Exhausted::Host {
                requested: size_of::<TypeInfo>() as u64,
            }),
        }
    }

    /// Holds the type that a value type refers to, if it does.
    pub fn hold_types_of(&mut self, ty: ValType) -> Result<(), Exhausted> {
        match ty {
            ValType::Ref(RefType {
                heap: HeapType::Concrete(id),
                ..
            }) => self.hold_type(TypeId(id.0)),
            _ => Ok(()),
        }
    }

    /// Makes room for some functions that are about to be added, if there is any.
    pub fn expect_funcs(&mut self, funcs: usize) {
        // A failure shows again when the functions are added.
        let _ = self.funcs.try_reserve(funcs);
    }

    /// Adds a function.
    pub fn alloc_func(&mut self, func: FuncInst) -> Result<FuncAddr, Exhausted> {
        push(&mut self.funcs, func).map(FuncAddr)
    }

    /// Adds a memory of the type's initial size.
    pub fn alloc_memory(
        &mut self,
        guard: &mut dyn Guard,
        ty: MemType,
    ) -> Result<MemAddr, GrowError> {
        check_count(
            guard,
            Counted::Memories,
            self.mems.len(),
            self.limits.memories,
        )?;
        let growth = Growth {
            resource: Resource::Memory,
            current: 0,
            desired: shl(ty.limits.min, ty.page_size_log2),
            maximum: ty.limits.max.map(|max| shl(max, ty.page_size_log2)),
            reach: u64::MAX,
        };
        let usage = self.permit(guard, growth)?;
        let Some(memory) = MemInst::new(ty) else {
            return Err(self.refuse(guard, growth.refused(LimitOf::Host, None)));
        };
        let addr = push(&mut self.mems, memory)?;
        self.usage = usage;
        Ok(MemAddr(addr))
    }

    /// Adds a memory that threads share, unless it is there already. Its present bytes do not count, only its growth by this store.
    pub fn alloc_shared(&mut self, memory: &Arc<SharedMem>) -> Result<MemAddr, Exhausted> {
        let known = self.mems.iter().position(|other| {
            let other = other.shared();
            other.is_some_and(|other| Arc::ptr_eq(other, memory))
        });
        if let Some(known) = known {
            return Ok(MemAddr(known as u32));
        }
        push(&mut self.mems, MemInst::shared_with(memory.clone())).map(MemAddr)
    }

    /// Adds a table of the type's initial size, all elements `init`. The type is canonical.
    pub fn alloc_table(
        &mut self,
        guard: &mut dyn Guard,
        ty: TableType,
        init: u64,
    ) -> Result<TableAddr, GrowError> {
        check_count(
            guard,
            Counted::Tables,
            self.tables.len(),
            self.limits.tables,
        )?;
        let growth = Growth {
            resource: Resource::Table,
            current: 0,
            desired: ty.limits.min,
            maximum: ty.limits.max,
            reach: u64::MAX,
        };
        let usage = self.permit(guard, growth)?;
        let Some(table) = TableInst::new(ty, init) else {
            return Err(self.refuse(guard, growth.refused(LimitOf::Host, None)));
        };
        let addr = push(&mut self.tables, table)?;
        self.usage = usage;
        Ok(TableAddr(addr))
    }

    /// Adds a global.
    pub fn alloc_global(&mut self, global: GlobalInst) -> Result<GlobalAddr, Exhausted> {
        push(&mut self.globals, global).map(GlobalAddr)
    }

    /// Adds a tag.
    pub fn alloc_tag(&mut self, tag: TagInst) -> Result<TagAddr, Exhausted> {
        push(&mut self.tags, tag).map(TagAddr)
    }

    /// Grows a memory by `delta` pages; returns its old size in pages.
    pub fn grow_memory(
        &mut self,
        guard: &mut dyn Guard,
        addr: MemAddr,
        delta: u64,
    ) -> Result<u64, GrowError> {
        if delta == 0 {
            return Ok(self.mems[addr.index()].size());
        }
        let growth = self.memory_growth(addr, delta);
        let usage = self.permit(guard, growth)?;
        // Not the old size from above: another thread may have been faster.
        let spare = self.limits.memory_bytes.saturating_sub(usage.memory_bytes);
        let spare = spare.min(self.spare_bytes(usage));
        let Some(old) = self.mems[addr.index()].grow(delta, spare) else {
            return Err(self.refuse(guard, growth.refused(LimitOf::Host, None)));
        };
        self.usage = usage;
        Ok(old)
    }

    /// Grows a table by `delta` elements of value `init`; returns its old size.
    pub fn grow_table(
        &mut self,
        guard: &mut dyn Guard,
        addr: TableAddr,
        delta: u64,
        init: u64,
    ) -> Result<u64, GrowError> {
        let old = self.tables[addr.index()].size();
        if delta == 0 {
            return Ok(old);
        }
        let growth = self.table_growth(addr, delta);
        let usage = self.permit(guard, growth)?;
        let spare = self
            .limits
            .table_elements
            .saturating_sub(usage.table_elements);
        let spare = spare.min(self.spare_bytes(usage) / ELEMENT_BYTES);
        let grown = self.tables[addr.index()].grow(delta, init, spare);
        if grown.is_none() {
            return Err(self.refuse(guard, growth.refused(LimitOf::Host, None)));
        }
        self.usage = usage;
        Ok(old)
    }

    /// How many pages of 65,536 bytes a memory would get, if its type and the limits of the store permit that it grows by `delta` of its own.
    pub fn may_grow_memory(&self, addr: MemAddr, delta: u64) -> Option<u64> {
        let memory = &self.mems[addr.index()];
        let size = memory.size().checked_add(delta)?;
        let permitted = size <= memory.max_size()
            && self.within_limits(self.memory_growth(addr, delta)).is_ok();
        permitted.then_some(delta >> PAGE_LOG2.saturating_sub(memory.ty.page_size_log2))
    }

    /// How many elements a table would get, if its type and the limits of the store permit that it grows by `delta`.
    pub fn may_grow_table(&self, addr: TableAddr, delta: u64) -> Option<u64> {
        let table = &self.tables[addr.index()];
        let size = table.size().checked_add(delta)?;
        let permitted =
            size <= table.max_size() && self.within_limits(self.table_growth(addr, delta)).is_ok();
        permitted.then_some(delta)
    }

    fn memory_growth(&self, addr: MemAddr, delta: u64) -> Growth {
        let memory = &self.mems[addr.index()];
        let (old, log2) = (memory.size(), memory.ty.page_size_log2);
        Growth {
            resource: Resource::Memory,
            current: shl(old, log2),
            desired: shl(old.saturating_add(delta), log2),
            maximum: memory.ty.limits.max.map(|max| shl(max, log2)),
            reach: shl(memory.max_size(), log2),
        }
    }

    fn table_growth(&self, addr: TableAddr, delta: u64) -> Growth {
        let table = &self.tables[addr.index()];
        let old = table.size();
        Growth {
            resource: Resource::Table,
            current: old,
            desired: old.saturating_add(delta),
            maximum: table.ty.limits.max,
            reach: table.max_size(),
        }
    }

    /// How many bytes the limit on everything would still allow where so much was in use.
    fn spare_bytes(&self, usage: Usage) -> u64 {
        self.limits.total_bytes.saturating_sub(usage.total_bytes())
    }

    /// Whether the heap of objects may have so many bytes more.
    #[inline]
    pub fn heap_fits(&self, more: u64) -> bool {
        more <= self.heap_room().saturating_sub(self.usage.heap_bytes)
    }

    /// Notes that the heap of objects may not have so many bytes more.
    pub fn refuse_heap(&mut self, more: u64) -> RefusedGrowth {
        let current = self.usage.heap_bytes;
        let growth = Growth {
            resource: Resource::Heap,
            current,
            desired: current.saturating_add(more),
            maximum: None,
            reach: u64::MAX,
        };
        let refused = match self.within_limits(growth) {
            Ok(_) => growth.refused(LimitOf::Host, None),
            Err(refused) => refused,
        };
        self.refused = Some(refused);
        refused
    }

    /// How many bytes the heap of objects may have at the moment.
    pub fn heap_room(&self) -> u64 {
        let others = self.usage.total_bytes() - self.usage.heap_bytes;
        let room = self.limits.total_bytes.saturating_sub(others);
        room.min(self.limits.heap_bytes)
    }

    /// The use of the store after a growth, if all limits permit it.
    fn permit(&mut self, guard: &mut dyn Guard, growth: Growth) -> Result<Usage, GrowError> {
        let Growth {
            resource,
            current,
            desired,
            maximum,
            reach,
        } = growth;
        let granted = guard.growing(resource, current, desired, maximum);
        if !granted.map_err(GrowError::Fatal)? {
            let refused = growth.refused(LimitOf::Limiter, guard.limit(resource));
            self.refused = Some(refused);
            return Err(refused.into());
        }
        if desired > reach {
            return Err(self.refuse(guard, growth.refused(LimitOf::Type, Some(reach))));
        }
        self.within_limits(growth)
            .map_err(|refused| self.refuse(guard, refused))
    }

    /// The use of the store after a growth, if it is within the limits on sums. A growth by 0 always is.
    fn within_limits(&self, growth: Growth) -> Result<Usage, RefusedGrowth> {
        let Growth {
            resource,
            current,
            desired,
            ..
        } = growth;
        let more = desired.saturating_sub(current);
        let mut usage = self.usage;
        let (sum, limit) = match resource {
            Resource::Memory => (&mut usage.memory_bytes, self.limits.memory_bytes),
            Resource::Table => (&mut usage.table_elements, self.limits.table_elements),
            Resource::Heap => (&mut usage.heap_bytes, self.limits.heap_bytes),
        };
        let before = *sum;
        *sum = sum.saturating_add(more);
        let refused = |current, requested, limit, limit_of| RefusedGrowth {
            resource,
            current,
            requested,
            limit: Some(limit),
            limit_of,
        };
        if more > 0 && *sum > limit {
            return Err(refused(before, *sum, limit, LimitOf::Store));
        }
        let (before, total) = (self.usage.total_bytes(), usage.total_bytes());
        let limit = self.limits.total_bytes;
        if more > 0 && total > limit {
            return Err(refused(before, total, limit, LimitOf::Total));
        }
        Ok(usage)
    }

    /// Notes that a growth was refused, and tells the guard.
    fn refuse(&mut self, guard: &mut dyn Guard, refused: RefusedGrowth) -> GrowError {
        self.refused = Some(refused);
        match guard.grow_failed(refused) {
            Ok(()) => refused.into(),
            Err(error) => GrowError::Fatal(error),
        }
    }
}

/// Base-2 logarithm of the bytes of a page, unless a memory has pages of its own size.
const PAGE_LOG2: u8 = 16;

/// A requested growth, in the unit of the resource.
#[derive(Clone, Copy)]
struct Growth {
    resource: Resource,
    current: u64,
    desired: u64,
    /// The maximum that its type declares.
    maximum: Option<u64>,
    /// The most there can be of it, by its type and its addresses.
    reach: u64,
}

impl Growth {
    fn refused(self, limit_of: LimitOf, limit: Option<u64>) -> RefusedGrowth {
        RefusedGrowth {
            resource: self.resource,
            current: self.current,
            requested: self.desired,
            limit,
            limit_of,
        }
    }
}

/// Whether there may be one more of something, of which there are `count`.
pub(super) fn check_count(
    guard: &mut dyn Guard,
    what: Counted,
    count: usize,
    limit: u32,
) -> Result<(), Exhausted> {
    let limit = guard.most(what).min(limit);
    if count < limit as usize {
        Ok(())
    } else {
        Err(Exhausted::Count { what, limit })
    }
}

/// `value << shift`, or the largest number where that does not fit.
fn shl(value: u64, shift: u8) -> u64 {
    value.saturating_mul(1u64.checked_shl(shift.into()).unwrap_or(u64::MAX))
}

/// Appends to one of the store's lists. Addresses have 32 bits, and their successor must fit a reference's slot as well.
fn push<I>(list: &mut Vec<I>, item: I) -> Result<u32, Exhausted> {
    let full = Exhausted::Host {
        requested: size_of::<I>() as u64,
    };
    let addr = u32::try_from(list.len())
        .ok()
        .filter(|addr| *addr < u32::MAX)
        .ok_or(full)?;
    list.try_reserve(1).map_err(|_| full)?;
    list.push(item);
    Ok(addr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::limiter::Unguarded;
    use crate::runtime::trap::HostError;
    use crate::syntax::types::{AddrType, Limits as Range};

    fn store(memory_bytes: u64, table_elements: u64) -> Store {
        let limits = Limits {
            memory_bytes,
            table_elements,
            ..Limits::default()
        };
        Store::new(Arc::default(), &Arc::default(), limits)
    }

    fn memory(min: u64) -> MemType {
        MemType {
            addr: AddrType::I32,
            limits: Range { min, max: None },
            shared: false,
            page_size_log2: 16,
        }
    }

    fn table(min: u64) -> TableType {
        TableType {
            addr: AddrType::I32,
            limits: Range { min, max: None },
            element: RefType::FUNCREF,
        }
    }

    fn granted<V>(result: Result<V, GrowError>) -> V {
        result.unwrap_or_else(|error| panic!("{error:?}"))
    }

    #[track_caller]
    fn refused<V: core::fmt::Debug>(result: Result<V, GrowError>) -> (u64, u64, LimitOf) {
        match result {
            Err(GrowError::Refused(Exhausted::Growth(refused))) => (
                refused.requested,
                refused.limit.unwrap_or(0),
                refused.limit_of,
            ),
            other => panic!("{other:?}"),
        }
    }

    const PAGE: u64 = 1 << 16;

    #[test]
    fn the_memory_limit_is_on_the_sum_of_memories() {
        let (mut store, guard) = (store(3 * PAGE, 0), &mut Unguarded);
        let a = granted(store.alloc_memory(guard, memory(1)));
        let b = granted(store.alloc_memory(guard, memory(1)));
        let too_much = (4 * PAGE, 3 * PAGE, LimitOf::Store);
        assert_eq!(refused(store.grow_memory(guard, a, 2)), too_much);
        assert_eq!(granted(store.grow_memory(guard, a, 1)), 1);
        assert_eq!(refused(store.grow_memory(guard, b, 1)), too_much);
        assert_eq!(granted(store.grow_memory(guard, b, 0)), 1);
        assert_eq!(refused(store.alloc_memory(guard, memory(1))), too_much);
        granted(store.alloc_memory(guard, memory(0)));
    }

    #[test]
    fn a_growth_that_the_type_refuses_is_not_counted() {
        let (mut store, guard) = (store(u64::MAX, 10), &mut Unguarded);
        let mut ty = memory(0);
        ty.limits.max = Some(1);
        let a = granted(store.alloc_memory(guard, ty));
        let beyond = (2 * PAGE, PAGE, LimitOf::Type);
        assert_eq!(refused(store.grow_memory(guard, a, 2)), beyond);
        let beyond = (u64::MAX, PAGE, LimitOf::Type);
        assert_eq!(refused(store.grow_memory(guard, a, u64::MAX)), beyond);
        assert_eq!(store.usage, Usage::default());
    }

    #[test]
    fn the_table_limit_is_on_the_sum_of_tables() {
        let (mut store, guard) = (store(0, 10), &mut Unguarded);
        let a = granted(store.alloc_table(guard, table(4), 0));
        granted(store.alloc_table(guard, table(4), 0));
        let beyond = (11, 10, LimitOf::Store);
        assert_eq!(refused(store.grow_table(guard, a, 3, 0)), beyond);
        assert_eq!(granted(store.grow_table(guard, a, 2, 7)), 4);
        assert_eq!(store.tables[0].elems, [0, 0, 0, 0, 7, 7]);
        assert_eq!(granted(store.grow_table(guard, a, 0, 0)), 6);
    }

    #[test]
    fn the_total_limit_is_on_memories_tables_and_heap_together() {
        let (mut store, guard) = (store(u64::MAX, u64::MAX), &mut Unguarded);
        store.limits.total_bytes = 2 * PAGE;
        let memory = granted(store.alloc_memory(guard, memory(1)));
        let table = granted(store.alloc_table(guard, table(4096), 0));
        assert!(store.heap_fits(PAGE / 4));
        store.usage.heap_bytes = PAGE / 4;
        let beyond = |bytes| (2 * PAGE + bytes, 2 * PAGE, LimitOf::Total);
        assert_eq!(
            refused(store.grow_memory(guard, memory, 1)),
            beyond(PAGE * 3 / 4)
        );
        assert_eq!(refused(store.grow_table(guard, table, 2049, 0)), beyond(8));
        store.usage.heap_bytes = 0;
        assert!(!store.heap_fits(PAGE / 2 + 1));
        let refused_heap = store.refuse_heap(PAGE / 2 + 1);
        assert_eq!(refused_heap.requested, 2 * PAGE + 1);
        assert_eq!(refused_heap.limit_of, LimitOf::Total);
        assert_eq!(granted(store.grow_table(guard, table, 4096, 0)), 4096);
        assert_eq!(store.usage.total_bytes(), 2 * PAGE);
        assert_eq!(
            refused(store.grow_table(guard, table, u64::MAX, 0)).2,
            LimitOf::Type
        );
    }

    /// Refuses what has an odd size.
    struct Even(Vec<RefusedGrowth>);

    impl Guard for Even {
        fn growing(
            &mut self,
            _: Resource,
            _: u64,
            desired: u64,
            _: Option<u64>,
        ) -> Result<bool, HostError> {
            Ok(desired.is_multiple_of(2))
        }

        fn limit(&mut self, _: Resource) -> Option<u64> {
            None
        }

        fn grow_failed(&mut self, refused: RefusedGrowth) -> Result<(), HostError> {
            self.0.push(refused);
            Err("that was the last time".into())
        }

        fn most(&mut self, _: Counted) -> u32 {
            2
        }
    }

    #[test]
    fn the_guard_is_asked_first_and_told_of_what_others_refuse() {
        let (mut store, guard) = (store(0, 10), &mut Even(Vec::new()));
        let a = granted(store.alloc_table(guard, table(2), 0));
        let odd = refused(store.grow_table(guard, a, 1, 0));
        assert_eq!(odd, (3, 0, LimitOf::Limiter));
        assert_eq!(store.refused.unwrap().limit_of, LimitOf::Limiter);
        assert!(guard.0.is_empty());
        let fatal = store.grow_table(guard, a, 10, 0);
        assert!(matches!(fatal, Err(GrowError::Fatal(_))), "{fatal:?}");
        assert_eq!(guard.0, [store.refused.unwrap()]);
        granted(store.alloc_table(guard, table(2), 0));
        assert!(matches!(
            store.alloc_table(guard, table(2), 0),
            Err(GrowError::Refused(Exhausted::Count {
                what: Counted::Tables,
                limit: 2
            }))
        ));
    }
}
