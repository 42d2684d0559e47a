//! Tag instances.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#tag-instances>

use super::registry::TypeId;

/// A tag of a store.
#[derive(Clone, Copy, Debug)]
pub struct TagInst {
    /// Its type, a function type canonical in the engine.
    pub ty: TypeId,
}
