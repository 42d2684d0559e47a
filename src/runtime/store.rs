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
    /// Value-stack memory that no call uses at the moment.
    pub spare_stacks: Vec<crate::runtime::stack::Stack>,
}
