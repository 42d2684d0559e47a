//! The store: everything that instances of modules share and that lives as long as they do.
//!
//! This is the part that does not know the embedder's data; `api::Store` adds that. Nothing is ever removed from a store, so an address
//! that was once given out stays good.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#store>

use std::any::Any;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::addr::*;
use super::func_inst::FuncInst;
use super::global_inst::GlobalInst;
use super::interrupt::Interrupts;
use super::limiter::{Exhausted, Limits, Usage};
use super::mem_inst::MemInst;
use super::module_inst::ModuleInst;
use super::registry::Registry;
use super::stack::Stack;
use super::table_inst::TableInst;
use super::tag_inst::TagInst;
use super::trap::Trap;
use crate::syntax::types::{MemType, TableType};

/// A host value that an external reference points at.
pub type ExternValue = Box<dyn Any + Send + Sync>;

/// What tells a store from every other of the process.
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
    /// What tells this store from others.
    pub id: StoreId,
    /// The engine's types.
    pub registry: Arc<Registry>,
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
    /// Host values that external references point at.
    pub externs: Vec<ExternValue>,
    /// Remaining fuel; meaningful where the engine counts it.
    pub fuel: u64,
    /// Whether the engine counts fuel.
    pub counts_fuel: bool,
    /// What can interrupt execution, if anything can. Code is metered then, and there is fuel without end where it is not counted.
    pub interrupts: Option<Interrupts>,
    /// Limits on what the store's instances may use.
    pub limits: Limits,
    /// What they use.
    pub usage: Usage,
    /// Calls from the embedder that are under way, one within another.
    pub depth: u32,
    /// The value stack of all calls into the store.
    pub stack: Stack,
    /// Bytes of it that calls under way use.
    pub stack_used: usize,
}

impl Store {
    /// An empty store.
    pub fn new(registry: Arc<Registry>, limits: Limits) -> Self {
        Self {
            id: StoreId::fresh(),
            registry,
            funcs: Vec::new(),
            tables: Vec::new(),
            mems: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            instances: Vec::new(),
            externs: Vec::new(),
            fuel: 0,
            counts_fuel: false,
            interrupts: None,
            usage: Usage::default(),
            depth: 0,
            stack: Stack::new(limits.stack_bytes),
            stack_used: 0,
            limits,
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

    /// Adds a function.
    pub fn alloc_func(&mut self, func: FuncInst) -> Result<FuncAddr, Exhausted> {
        push(&mut self.funcs, func).map(FuncAddr)
    }

    /// Adds a memory of the type's initial size.
    pub fn alloc_memory(&mut self, ty: MemType) -> Result<MemAddr, Exhausted> {
        let bytes = shl(ty.limits.min, ty.page_size_log2);
        let used = self.check_memory(bytes)?;
        let memory = MemInst::new(ty).ok_or(Exhausted::Host { requested: bytes })?;
        let addr = push(&mut self.mems, memory)?;
        self.usage.memory_bytes = used;
        Ok(MemAddr(addr))
    }

    /// Adds a table of the type's initial size, all elements `init`. The type is canonical.
    pub fn alloc_table(&mut self, ty: TableType, init: u64) -> Result<TableAddr, Exhausted> {
        let used = self.check_table(ty.limits.min)?;
        let table = TableInst::new(ty, init).ok_or(Exhausted::Host {
            requested: shl(ty.limits.min, 3),
        })?;
        let addr = push(&mut self.tables, table)?;
        self.usage.table_elements = used;
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

    /// Adds a host value for external references to point at.
    pub fn alloc_extern(&mut self, value: ExternValue) -> Result<ExternAddr, Exhausted> {
        push(&mut self.externs, value).map(ExternAddr)
    }

    /// Grows a memory by `delta` pages; returns its old size in pages, or nothing where a limit, its type or the memory at hand does
    /// not allow it.
    pub fn grow_memory(&mut self, addr: MemAddr, delta: u64) -> Option<u64> {
        let memory = &self.mems[addr.index()];
        let used = self
            .check_memory(shl(delta, memory.ty.page_size_log2))
            .ok()?;
        let old = self.mems[addr.index()].grow(delta)?;
        self.usage.memory_bytes = used;
        Some(old)
    }

    /// Grows a table by `delta` elements of value `init`; returns its old size, or nothing where a limit, its type or the memory at
    /// hand does not allow it.
    pub fn grow_table(&mut self, addr: TableAddr, delta: u64, init: u64) -> Option<u64> {
        let used = self.check_table(delta).ok()?;
        let old = self.tables[addr.index()].grow(delta, init)?;
        self.usage.table_elements = used;
        Some(old)
    }

    /// What memories would use with `more` bytes, if that is within the limit. Nothing more is always within.
    fn check_memory(&self, more: u64) -> Result<u64, Exhausted> {
        let requested = self.usage.memory_bytes.saturating_add(more);
        let limit = self.limits.memory_bytes;
        if more > 0 && requested > limit {
            return Err(Exhausted::Memory { requested, limit });
        }
        Ok(requested)
    }

    /// What tables would use with `more` elements, if that is within the limit. Nothing more is always within.
    fn check_table(&self, more: u64) -> Result<u64, Exhausted> {
        let requested = self.usage.table_elements.saturating_add(more);
        let limit = self.limits.table_elements;
        if more > 0 && requested > limit {
            return Err(Exhausted::Table { requested, limit });
        }
        Ok(requested)
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
    use crate::syntax::types::{AddrType, Limits as Range, RefType};

    fn store(memory_bytes: u64, table_elements: u64) -> Store {
        let limits = Limits {
            memory_bytes,
            table_elements,
            ..Limits::default()
        };
        Store::new(Arc::default(), limits)
    }

    fn memory(min: u64) -> MemType {
        MemType {
            addr: AddrType::I32,
            limits: Range { min, max: None },
            shared: false,
            page_size_log2: 16,
        }
    }

    #[test]
    fn the_memory_limit_is_on_the_sum_of_memories() {
        let mut store = store(3 << 16, 0);
        let a = store.alloc_memory(memory(1)).unwrap();
        let b = store.alloc_memory(memory(1)).unwrap();
        assert_eq!(store.grow_memory(a, 2), None);
        assert_eq!(store.grow_memory(a, 1), Some(1));
        assert_eq!(store.grow_memory(b, 1), None);
        assert_eq!(store.grow_memory(b, 0), Some(1));
        assert_eq!(
            store.alloc_memory(memory(1)),
            Err(Exhausted::Memory {
                requested: 4 << 16,
                limit: 3 << 16
            })
        );
        assert!(store.alloc_memory(memory(0)).is_ok());
    }

    #[test]
    fn a_growth_that_the_type_refuses_is_not_counted() {
        let mut store = store(u64::MAX, 10);
        let mut ty = memory(0);
        ty.limits.max = Some(1);
        let a = store.alloc_memory(ty).unwrap();
        assert_eq!(store.grow_memory(a, 2), None);
        assert_eq!(store.grow_memory(a, u64::MAX), None);
        assert_eq!(store.usage, Usage::default());
    }

    #[test]
    fn the_table_limit_is_on_the_sum_of_tables() {
        let mut store = store(0, 10);
        let ty = TableType {
            addr: AddrType::I32,
            limits: Range { min: 4, max: None },
            element: RefType::FUNCREF,
        };
        let a = store.alloc_table(ty, 0).unwrap();
        let _ = store.alloc_table(ty, 0).unwrap();
        assert_eq!(store.grow_table(a, 3, 0), None);
        assert_eq!(store.grow_table(a, 2, 7), Some(4));
        assert_eq!(store.tables[0].elems, [0, 0, 0, 0, 7, 7]);
        assert_eq!(store.grow_table(a, 0, 0), Some(6));
    }
}
