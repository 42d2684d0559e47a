//! The code of a module, function by function, lowered when it is first called.

use core::fmt;
use core::mem::MaybeUninit;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::builder::Origin;
use super::ops::Op;
use crate::syntax::index::FuncIdx;

/// Two cells. Ops begin at every other cell, so that the address an op begins with is never read across a boundary.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub struct Pair(pub [MaybeUninit<u32>; 2]);

/// The threaded code of one function.
#[derive(Debug)]
pub struct Code {
    /// The cells: a header, then ops.
    pub cells: Box<[Pair]>,
}

/// Why a function that was validated cannot be lowered: it exceeds a limit of the code format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LowerError {
    /// The frame would need more bytes than an operand can address.
    #[error("function needs a frame that is too large")]
    FrameTooLarge,
    /// The code would be longer than a branch can span.
    #[error("function is too long to be lowered")]
    CodeTooLong,
}

/// A place in a module: a function and the offset of one of its instructions in the binary.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Position {
    /// The function, imports counted.
    pub func: FuncIdx,
    /// The offset in the module's binary.
    pub offset: usize,
    /// The op.
    pub op: Op,
}

/// Where a unit gets its code from: the pipeline, which this module does not know.
pub trait Source: Send + Sync {
    /// Lowers a function, named by its position among those that the module defines.
    fn lower(&self, defined: u32) -> Result<Code, LowerError>;

    /// Where the op came from that contains the cell before `cell` of the function's code.
    fn origin(&self, defined: u32, cell: usize) -> Option<Origin>;
}

/// The code of a module.
pub struct CodeUnit {
    /// For each defined function where its code begins. Until it is lowered, the executor's stub, which asks for it.
    entries: Box<[AtomicPtr<MaybeUninit<u32>>]>,
    /// The code that `entries` point into. It is never dropped nor changed before the unit is.
    codes: Box<[OnceLock<Code>]>,
    /// The number of imported functions.
    imported: u32,
    source: Box<dyn Source>,
}

impl CodeUnit {
    /// A unit of `defined` functions, none of them lowered. `stub` is code that calls [`CodeUnit::materialize`].
    pub fn new(
        imported: u32,
        defined: usize,
        stub: *const MaybeUninit<u32>,
        source: Box<dyn Source>,
    ) -> Self {
        Self {
            entries: (0..defined)
                .map(|_| AtomicPtr::new(stub.cast_mut()))
                .collect(),
            codes: (0..defined).map(|_| OnceLock::new()).collect(),
            imported,
            source,
        }
    }

    /// Where the entries lie, for the executor.
    #[inline]
    pub fn entries(&self) -> &[AtomicPtr<MaybeUninit<u32>>] {
        &self.entries
    }

    /// The number of imported functions.
    pub fn imported(&self) -> u32 {
        self.imported
    }

    /// The code of a function, lowered now if it was not before. Several threads may ask at once; one of them wins.
    pub fn materialize(&self, defined: u32) -> Result<*const MaybeUninit<u32>, LowerError> {
        let slot = &self.codes[defined as usize];
        let code = match slot.get() {
            Some(code) => code,
            None => {
                let code = self.source.lower(defined)?;
                slot.get_or_init(|| code)
            }
        };
        let cells: *const MaybeUninit<u32> = code.cells.as_ptr().cast();
        self.entries[defined as usize].store(cells.cast_mut(), Ordering::Release);
        Ok(cells)
    }

    /// Where the code begins that contains an address, or ends there.
    pub fn entry_of(&self, ip: *const u32) -> Option<*const MaybeUninit<u32>> {
        let holds = |code: &&Code| {
            let range = code.cells.as_ptr_range();
            range.start.addr() < ip.addr() && ip.addr() <= range.end.addr()
        };
        let code = self.codes.iter().filter_map(OnceLock::get).find(holds)?;
        Some(code.cells.as_ptr().cast())
    }

    /// The place in the module of the op that ends at, or contains, an address within the unit's code.
    pub fn position(&self, ip: *const u32) -> Option<Position> {
        let address = ip.addr();
        for (defined, code) in self.codes.iter().enumerate() {
            let Some(code) = code.get() else { continue };
            let range = code.cells.as_ptr_range();
            if range.start.addr() < address && address <= range.end.addr() {
                let cell = (address - range.start.addr()) / size_of::<u32>();
                let origin = self.source.origin(defined as u32, cell)?;
                return Some(Position {
                    func: FuncIdx(self.imported + defined as u32),
                    offset: origin.offset,
                    op: origin.op,
                });
            }
        }
        None
    }
}

impl fmt::Debug for CodeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeUnit")
            .field("functions", &self.entries.len())
            .finish_non_exhaustive()
    }
}
