//! Limits on what a module may contain, checked while it is decoded and validated.
//!
//! The numbers are those that the engines of browsers agreed upon, so that a module that loads there loads here.
//! <https://webassembly.github.io/spec/core/appendix/implementation.html>

/// Types, after rec groups have been flattened.
pub(crate) const MAX_TYPES: u32 = 1_000_000;
/// Types in one rec group.
pub(crate) const MAX_REC_GROUP: u32 = 1_000_000;
/// Functions, imports included.
pub(crate) const MAX_FUNCS: u32 = 1_000_000;
/// Imports.
pub(crate) const MAX_IMPORTS: u32 = 1_000_000;
/// Exports.
pub(crate) const MAX_EXPORTS: u32 = 1_000_000;
/// Globals, imports included.
pub(crate) const MAX_GLOBALS: u32 = 1_000_000;
/// Tags, imports included.
pub(crate) const MAX_TAGS: u32 = 1_000_000;
/// Tables, imports included.
pub(crate) const MAX_TABLES: u32 = 100;
/// Memories, imports included.
pub(crate) const MAX_MEMS: u32 = 100;
/// Data segments.
pub(crate) const MAX_DATA_SEGMENTS: u32 = 100_000;
/// Element segments.
pub(crate) const MAX_ELEM_SEGMENTS: u32 = 100_000;
/// Elements of one segment, and elements of one table at its creation.
pub(crate) const MAX_TABLE_ELEMS: u32 = 10_000_000;
/// Bytes of a function body.
pub(crate) const MAX_BODY_BYTES: u32 = 7_654_321;
/// Locals of a function, parameters included.
pub(crate) const MAX_LOCALS: u32 = 50_000;
/// Parameters of a function type.
pub(crate) const MAX_PARAMS: u32 = 1_000;
/// Results of a function type.
pub(crate) const MAX_RESULTS: u32 = 1_000;
/// Fields of a structure type.
pub(crate) const MAX_STRUCT_FIELDS: u32 = 10_000;
/// How deep the chain of declared supertypes may be.
pub(crate) const MAX_SUBTYPE_DEPTH: u32 = 63;
/// Targets of a `br_table`, the default not counted.
pub(crate) const MAX_BR_TABLE_TARGETS: u32 = 7_654_321;
/// Bytes of a name.
pub(crate) const MAX_NAME_BYTES: u32 = 100_000;
/// Operands of `array.new_fixed`.
pub(crate) const MAX_ARRAY_NEW_FIXED: u32 = 10_000;
