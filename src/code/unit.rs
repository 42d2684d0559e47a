//! The code of a module, function by function, lowered when it is first called.

use core::fmt;
use core::mem::MaybeUninit;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock};

use super::builder::CellPos;
use super::builder::Origin;
use super::catches::{Catches, Clause};
use super::ops::{Op, SlotOffset};
use crate::syntax::index::FuncIdx;

/// Two cells. Ops begin at every other cell, so that the address an op begins with is never read across a boundary.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub struct Pair(pub [MaybeUninit<u32>; 2]);

/// What code does about fuel. A function's frame is the same in all forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// It knows of none.
    Plain,
    /// It is fused like plain code, and charges on branches, calls and returns for what comes next.
    Net,
    /// It charges before each instruction, and keeps every value in its slot: for the last stretch, when fuel runs short.
    Exact,
}

/// The threaded code of one function.
#[derive(Debug)]
pub struct Code {
    /// The cells: a header, then ops.
    pub cells: Box<[Pair]>,
    /// What it catches.
    pub catches: Catches,
}

/// A function in exact form, and how it corresponds to its other form.
#[derive(Debug)]
pub struct Exact {
    /// The code.
    pub code: Code,
    /// The places where control arrives.
    pub points: Box<[Point]>,
    /// The homes of the locals that have a register in the other form, one for each bank.
    pub pins: [Option<SlotOffset>; 3],
}

/// A place where control arrives. The frame is the same there in both forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// The cell in code of the form `Net`.
    pub net: u32,
    /// The cell in code of the form `Exact`.
    pub exact: u32,
    /// What arriving charges in code of the form `Net`.
    pub cost: u32,
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

/// A place in a unit's code: the cell before it belongs to the op that was running.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodePlace {
    /// The function, by its position among those that the module defines.
    pub defined: u32,
    /// Whether it is in the exact form.
    pub exact: bool,
    /// The cell.
    pub cell: usize,
}

/// Where a unit gets its code from: the pipeline, which this module does not know.
pub trait Source: Send + Sync {
    /// Lowers a function, named by its position among those that the module defines.
    fn lower(&self, defined: u32) -> Result<Code, LowerError>;

    /// Lowers a function of a metered module to its exact form.
    fn exact(&self, defined: u32) -> Result<Exact, LowerError>;

    /// Where the op came from that was running.
    fn origin(&self, at: CodePlace) -> Option<Origin>;

    /// What had been charged for instructions behind the one that was running.
    fn ahead(&self, at: CodePlace) -> u32;
}

/// The code of a module.
pub struct CodeUnit {
    /// For each defined function where its code begins. Until it is lowered, the executor's stub, which asks for it.
    entries: Box<[AtomicPtr<MaybeUninit<u32>>]>,
    /// The code that `entries` point into. It is never dropped nor changed before the unit is.
    codes: Box<[OnceLock<Code>]>,
    /// The exact forms of functions in which fuel has run short.
    exacts: Box<[OnceLock<Exact>]>,
    /// Where each piece of code begins, and whose it is.
    ranges: RwLock<BTreeMap<usize, (u32, bool)>>,
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
            exacts: (0..defined).map(|_| OnceLock::new()).collect(),
            ranges: RwLock::new(BTreeMap::new()),
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
                // It is noted first, so that whoever can run it can find it.
                slot.get_or_init(|| {
                    self.note(&code, defined, false);
                    code
                })
            }
        };
        let cells: *const MaybeUninit<u32> = code.cells.as_ptr().cast();
        self.entries[defined as usize].store(cells.cast_mut(), Ordering::Release);
        Ok(cells)
    }

    /// The exact form of a function, made now if it was not before. As above.
    fn exact(&self, defined: u32) -> Result<&Exact, LowerError> {
        let slot = &self.exacts[defined as usize];
        if let Some(exact) = slot.get() {
            return Ok(exact);
        }
        let exact = self.source.exact(defined)?;
        Ok(slot.get_or_init(|| {
            self.note(&exact.code, defined, true);
            exact
        }))
    }

    /// Where to go on in exact form, given a place in code of the form `Net` where control arrives, and what arriving there charges.
    pub fn to_exact(&self, ip: *const u32) -> Option<(*const u32, u32)> {
        let CodePlace { defined, cell, .. } = self.place(ip)?;
        let exact = self.exact(defined).ok()?;
        let at = exact
            .points
            .binary_search_by_key(&(cell as u32), |point| point.net);
        let point = exact.points.get(at.ok()?)?;
        let cells: *const u32 = exact.code.cells.as_ptr().cast();
        Some((cells.wrapping_add(point.exact as usize), point.cost))
    }

    /// The opposite of [`to_exact`](Self::to_exact), with the homes of the pins.
    pub fn to_net(&self, ip: *const u32) -> Option<(*const u32, u32, [Option<SlotOffset>; 3])> {
        let CodePlace { defined, cell, .. } = self.place(ip)?;
        let exact = self.exacts[defined as usize].get()?;
        let at = exact
            .points
            .binary_search_by_key(&(cell as u32), |point| point.exact);
        let point = exact.points.get(at.ok()?)?;
        let cells: *const u32 = self.codes[defined as usize].get()?.cells.as_ptr().cast();
        let net = cells.wrapping_add(point.net as usize);
        Some((net, point.cost, exact.pins))
    }

    /// Notes whose a piece of code is.
    fn note(&self, code: &Code, defined: u32, exact: bool) {
        let begin = code.cells.as_ptr().addr();
        let mut ranges = self.ranges.write().unwrap_or_else(PoisonError::into_inner);
        ranges.insert(begin, (defined, exact));
    }

    /// The code that a place is in.
    fn code(&self, at: CodePlace) -> Option<&Code> {
        let defined = at.defined as usize;
        if at.exact {
            Some(&self.exacts[defined].get()?.code)
        } else {
            self.codes[defined].get()
        }
    }

    /// Where the code begins that contains an address, or ends there.
    pub fn entry_of(&self, ip: *const u32) -> Option<*const MaybeUninit<u32>> {
        let code = self.code(self.place(ip)?)?;
        Some(code.cells.as_ptr().cast())
    }

    /// Whose code an address lies in, or at the end of.
    fn place(&self, ip: *const u32) -> Option<CodePlace> {
        let address = ip.addr();
        let ranges = self.ranges.read().unwrap_or_else(PoisonError::into_inner);
        // The header is no op, so that nothing runs at the very beginning.
        let (&begin, &(defined, exact)) = ranges.range(..address).next_back()?;
        let place = CodePlace {
            defined,
            exact,
            cell: (address - begin) / size_of::<u32>(),
        };
        let inside = address - begin <= size_of_val(&*self.code(place)?.cells);
        inside.then_some(place)
    }

    /// The clause that takes an exception thrown by the op that ends at, or contains, an address; with the beginning of its function's
    /// code. `takes` says whether the exception has the tag of an index; `seen` counts the clauses that were looked at.
    pub fn catcher(
        &self,
        ip: *const u32,
        takes: impl Fn(u32) -> bool,
        seen: &mut u64,
    ) -> Option<(Clause, *const MaybeUninit<u32>)> {
        let place = self.place(ip)?;
        let code = self.code(place)?;
        let clause = code.catches.find(CellPos(place.cell as u32), takes, seen)?;
        Some((clause, code.cells.as_ptr().cast()))
    }

    /// The place in the module of the op that ends at, or contains, an address within the unit's code.
    pub fn position(&self, ip: *const u32) -> Option<Position> {
        let place = self.place(ip)?;
        let origin = self.source.origin(place)?;
        Some(Position {
            func: FuncIdx(self.imported + place.defined),
            offset: origin.at.offset,
            op: origin.op,
        })
    }

    /// What has been charged for instructions behind the one whose op ends at, or contains, an address.
    pub fn ahead(&self, ip: *const u32) -> u32 {
        match self.place(ip) {
            Some(place) if !place.exact => self.source.ahead(place),
            _ => 0,
        }
    }
}

impl fmt::Debug for CodeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeUnit")
            .field("functions", &self.entries.len())
            .finish_non_exhaustive()
    }
}
