//! The store: everything that instances of modules share and that lives as long as they do.
//!
//! This is the part that does not know the embedder's data; `api::Store` adds that.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#store>

use std::any::Any;
use std::sync::Arc;

use super::addr::*;
use super::func_inst::FuncInst;
use super::global_inst::GlobalInst;
use super::limiter::Limits;
use super::mem_inst::MemInst;
use super::module_inst::ModuleInst;
use super::table_inst::TableInst;
use crate::runtime::registry::Registry;

/// A host value that an external reference points at.
pub type ExternValue = Arc<dyn Any + Send + Sync>;

/// The lists that addresses are positions in.
pub struct Store {
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
    /// Module instances.
    pub instances: Vec<ModuleInst>,
    /// Host values that external references point at.
    pub externs: Vec<ExternValue>,
    /// Remaining fuel; meaningful where the engine counts it.
    pub fuel: u64,
    /// Limits on what the store's instances may use.
    pub limits: Limits,
    /// Calls from the embedder that are under way, one within another.
    pub depth: u32,
    /// The value stack of all calls into the store.
    pub stack: crate::runtime::stack::Stack,
    /// Bytes of it that calls under way use.
    pub stack_used: usize,
}

impl Store {
    /// Grows a memory by `delta` pages, if its type and the store's limits allow it; returns the old size.
    pub fn grow_memory(&mut self, mem: MemAddr, delta: u64) -> Option<u64> {
        self.mems[mem.index()].grow(delta)
    }

    /// Grows a table by `delta` elements of value `init`, if its type and the store's limits allow it; returns the old size.
    pub fn grow_table(&mut self, table: TableAddr, delta: u64, init: u64) -> Option<u64> {
        self.tables[table.index()].grow(delta, init)
    }
}
