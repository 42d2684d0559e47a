//! Modules: the output of the decoder, which every later stage reads.
//!
//! Function bodies stay in the module's bytes; a [`FuncBody`] locates each. They are decoded when they are validated and again
//! when they are lowered, so no instruction is ever kept in memory.
//! <https://webassembly.github.io/spec/core/syntax/modules.html>

use core::ops::Range;

use super::index::*;
use super::instr::Instr;
use super::types::*;

/// A decoded module.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The rec groups of the type section; their members, flattened, are the type index space.
    pub types: Vec<RecType>,
    /// Imports, in order.
    pub imports: Vec<Import>,
    /// Type indices of the functions the module defines.
    pub funcs: Vec<TypeIdx>,
    /// Tables the module defines.
    pub tables: Vec<Table>,
    /// Memories the module defines.
    pub mems: Vec<MemType>,
    /// Tags the module defines.
    pub tags: Vec<TagType>,
    /// Globals the module defines.
    pub globals: Vec<Global>,
    /// Exports, in order.
    pub exports: Vec<Export>,
    /// The start function.
    pub start: Option<FuncIdx>,
    /// Element segments.
    pub elems: Vec<Elem>,
    /// The data count section, if there is one.
    pub data_count: Option<u32>,
    /// Bodies of `funcs`, in the same order.
    pub bodies: Vec<FuncBody>,
    /// Data segments.
    pub datas: Vec<Data>,
    /// Custom sections, the name section included, in order.
    pub customs: Vec<Custom>,
    /// The contents of the name section; empty where it is absent or malformed (which is no error).
    pub names: Names,
    /// The offset of each entry of the sections above in the binary, for errors found after decoding.
    pub offsets: Offsets,
}

/// Absolute offsets of the entries of a module's sections, parallel to its vectors.
#[derive(Clone, Debug, Default)]
pub struct Offsets {
    /// Of each rec group.
    pub types: Vec<usize>,
    /// Of each import.
    pub imports: Vec<usize>,
    /// Of each entry of the function section.
    pub funcs: Vec<usize>,
    /// Of each table.
    pub tables: Vec<usize>,
    /// Of each memory.
    pub mems: Vec<usize>,
    /// Of each tag.
    pub tags: Vec<usize>,
    /// Of each global.
    pub globals: Vec<usize>,
    /// Of each export.
    pub exports: Vec<usize>,
    /// Of the start section's function index.
    pub start: usize,
    /// Of each element segment.
    pub elems: Vec<usize>,
    /// Of each data segment.
    pub datas: Vec<usize>,
}

/// An import: two names and the expected type.
#[derive(Clone, Debug)]
pub struct Import {
    /// Name of the module to import from.
    pub module: Box<str>,
    /// Name within that module.
    pub name: Box<str>,
    /// The expected type.
    pub ty: ExternType,
}

/// An export: a name and an entity.
#[derive(Clone, Debug)]
pub struct Export {
    /// The name.
    pub name: Box<str>,
    /// The exported entity.
    pub item: ExternIdx,
}

/// An index into one of the spaces that can be exported from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExternIdx {
    /// A function.
    Func(FuncIdx),
    /// A table.
    Table(TableIdx),
    /// A memory.
    Mem(MemIdx),
    /// A global.
    Global(GlobalIdx),
    /// A tag.
    Tag(TagIdx),
}

/// A table with its initial element; none means null.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its type.
    pub ty: TableType,
    /// The expression that initialises all elements.
    pub init: Option<ConstExpr>,
}

/// A global with its initial value.
#[derive(Clone, Debug)]
pub struct Global {
    /// Its type.
    pub ty: GlobalType,
    /// The initial value.
    pub init: ConstExpr,
}

/// A constant expression, without its final `end`. Validation checks that it is one.
#[derive(Clone, Debug, Default)]
pub struct ConstExpr {
    /// The instructions with the absolute offset of each.
    pub instrs: Box<[(Instr<'static>, usize)]>,
    /// Absolute offset of the final `end`.
    pub end: usize,
}

/// The use of a segment at instantiation.
#[derive(Clone, Debug)]
pub enum SegmentMode<I> {
    /// Kept for `*.init`.
    Passive,
    /// Copied to a table or memory, then dropped.
    Active {
        /// The table or memory.
        target: I,
        /// The offset of its first entry there.
        offset: ConstExpr,
    },
    /// Only declares references (element segments); dropped at once.
    Declarative,
}

/// An element segment.
#[derive(Clone, Debug)]
pub struct Elem {
    /// Type of its elements.
    pub ty: RefType,
    /// The elements.
    pub items: ElemItems,
    /// Passive, active or declarative.
    pub mode: SegmentMode<TableIdx>,
}

/// The elements of an element segment, in the form in which the binary has them.
#[derive(Clone, Debug)]
pub enum ElemItems {
    /// References to functions.
    Funcs(Box<[FuncIdx]>),
    /// Constant expressions.
    Exprs(Box<[ConstExpr]>),
}

/// A data segment.
#[derive(Clone, Debug)]
pub struct Data {
    /// The range of its bytes in the binary.
    pub init: Range<usize>,
    /// Passive or active.
    pub mode: SegmentMode<MemIdx>,
}

/// A function body: the place of its locals and instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FuncBody {
    /// The whole entry of the code section, without its size: locals, then instructions up to and with the last `end`.
    pub range: Range<usize>,
}

/// A custom section.
#[derive(Clone, Debug)]
pub struct Custom {
    /// Its name.
    pub name: Box<str>,
    /// The range of its contents in the binary.
    pub data: Range<usize>,
}

/// Names by ascending index.
pub type NameMap<I> = Vec<(I, Box<str>)>;

/// The parts of the name section that diagnostics use.
/// <https://webassembly.github.io/spec/core/appendix/custom.html#name-section>
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// The module's name.
    pub module: Option<Box<str>>,
    /// Names of functions, by ascending index.
    pub funcs: NameMap<FuncIdx>,
    /// Names of locals, by ascending function and local index.
    pub locals: Vec<(FuncIdx, NameMap<LocalIdx>)>,
}

impl Names {
    /// The name of a function, if it has one.
    pub fn func(&self, func: FuncIdx) -> Option<&str> {
        let at = self
            .funcs
            .binary_search_by_key(&func, |(index, _)| *index)
            .ok()?;
        Some(&self.funcs[at].1)
    }
}
