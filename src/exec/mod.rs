//! Execution: runs threaded code on a value stack.

use crate::runtime::addr::{FuncAddr, InstanceAddr};
use crate::runtime::store::Store;
use crate::runtime::trap::Trap;
use crate::syntax::index::FuncIdx;

/// An error of a host function, as the executor passes it on.
pub type HostError = Box<dyn std::error::Error + Send + Sync>;

/// The embedder: what owns the store and its host functions.
pub trait Embedder {
    /// The store.
    fn store(&mut self) -> &mut Store;

    /// Calls a host function. `slots` holds the arguments and is to receive the results, one slot each; it is as long as the
    /// longer of the two. `caller` is the instance that called, if one did.
    fn call_host(
        &mut self,
        host: u32,
        caller: Option<InstanceAddr>,
        slots: &mut [u64],
    ) -> Result<(), HostError>;
}

/// Why a call ended without results.
#[derive(Debug)]
pub struct Stop {
    /// The reason.
    pub reason: Reason,
    /// The guest's calls that were under way, innermost first.
    pub backtrace: Vec<Frame>,
}

/// The reason of a stop.
#[derive(Debug)]
pub enum Reason {
    /// A trap; out of fuel is one of them.
    Trap(Trap),
    /// A host function failed.
    Host(HostError),
}

/// A call that was under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The instance.
    pub instance: InstanceAddr,
    /// The function, by its index in the instance's module.
    pub func: FuncIdx,
    /// The offset of the current instruction in the module's binary.
    pub offset: usize,
}

/// Calls a function. `slots` holds the arguments and receives the results; it is as long as the longer of the two.
pub fn invoke(embedder: &mut dyn Embedder, func: FuncAddr, slots: &mut [u64]) -> Result<(), Stop> {
    let _ = (embedder, func, slots);
    Err(Stop {
        reason: Reason::Trap(Trap::UnreachableCodeReached),
        backtrace: Vec::new(),
    })
}
