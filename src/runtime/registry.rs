//! The engine's types: one canonical id for types that are the same in different modules.

/// The canonical id of a type, engine-wide.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TypeId(pub u32);

/// The types that an engine's modules have in common.
#[derive(Debug, Default)]
pub struct Registry;
