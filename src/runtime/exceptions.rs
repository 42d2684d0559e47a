//! Exceptions.
//!
//! An exception on its way is a value of the executor. Only where it is caught together with a reference, or where the embedder makes
//! a reference, does it become an object of the heap; without that it dies where it is caught.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#exception-instances>

use std::sync::Arc;

use super::addr::TagAddr;

/// An exception.
#[derive(Clone, Debug)]
pub struct Exception {
    /// The tag: the kind of the exception.
    pub tag: TagAddr,
    /// The values it carries, as slots.
    pub payload: Arc<[u64]>,
}
