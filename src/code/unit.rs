//! The code of a module, function by function, lowered when it is first called.

use core::fmt;
use std::sync::OnceLock;
use std::sync::atomic::AtomicPtr;

use crate::syntax::index::FuncIdx;

/// The threaded code of one function.
#[derive(Debug)]
pub struct Code {
    /// The cells: a header, then ops.
    pub cells: Box<[core::mem::MaybeUninit<u32>]>,
}

/// Why a function that was validated cannot be lowered: it exceeds a limit of the code format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LowerError {
    /// The frame would need more slots than an operand can address.
    #[error("function needs a frame of more than {max} bytes")]
    FrameTooLarge {
        /// The largest frame.
        max: u32,
    },
    /// The code would be longer than a branch can span.
    #[error("function is too long to be lowered")]
    CodeTooLong,
}

/// A place in a module: a function and the offset of one of its instructions in the binary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// The function, imports counted.
    pub func: FuncIdx,
    /// The offset in the module's binary.
    pub offset: usize,
}

/// Where a unit gets its code from: the pipeline, which this module does not know.
pub trait Source: Send + Sync {
    /// Lowers a function, named by its position among those that the module defines.
    fn lower(&self, defined: u32) -> Result<Code, LowerError>;

    /// The offset in the binary of the instruction that the op at `cell` of the function's code came from.
    fn offset(&self, defined: u32, cell: usize) -> usize;
}

/// The code of a module.
pub struct CodeUnit {
    /// For each defined function where its code begins. Until it is lowered, a stub that lowers it.
    entries: Box<[AtomicPtr<u32>]>,
    /// The code that `entries` point into.
    codes: Box<[OnceLock<Result<Code, LowerError>>]>,
    imported: u32,
    source: Box<dyn Source>,
}

impl fmt::Debug for CodeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeUnit")
            .field("functions", &self.entries.len())
            .finish_non_exhaustive()
    }
}
