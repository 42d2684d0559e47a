//! Global instances.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#global-instances>

use crate::syntax::types::GlobalType;

/// A global of a store.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct GlobalInst {
    /// Its value: one slot, or two for a vector. First in the layout, because threaded code addresses it.
    pub value: [u64; 2],
    /// Its type; concrete heap types in it are canonical ids of the engine.
    pub ty: GlobalType,
}
