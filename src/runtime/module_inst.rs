//! Module instances.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#module-instances>

use std::ops::Range;
use std::sync::Arc;

use super::addr::*;
use crate::code::CodeUnit;

/// An instance of a module: where in the store each of the module's indices leads.
#[derive(Debug)]
pub struct ModuleInst {
    /// The module's bytes, which hold its data segments.
    pub bytes: Arc<[u8]>,
    /// The module's code, shared by all its instances.
    pub code: Arc<CodeUnit>,
    /// Functions, imports first.
    pub funcs: Vec<FuncAddr>,
    /// Tables, imports first.
    pub tables: Vec<TableAddr>,
    /// Memories, imports first.
    pub mems: Vec<MemAddr>,
    /// Globals, imports first; those that the module defines have consecutive addresses.
    pub globals: Vec<GlobalAddr>,
    /// Tags, imports first.
    pub tags: Vec<TagAddr>,
    /// Element segments as references in slot form; a dropped one is empty.
    pub elems: Vec<Box<[u64]>>,
    /// Data segments as ranges of `bytes`; a dropped one is empty.
    pub datas: Vec<Range<usize>>,
    /// How many of `funcs` are imported.
    pub imported_funcs: u32,
    /// How many of `globals` are imported.
    pub imported_globals: u32,
}
