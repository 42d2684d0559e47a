//! The code of a module, function by function, lowered when it is first called. The exact form of a function is made when fuel runs short in
//! it, held by the executions that have been in it, and freed when others need the room.

use core::fmt;
use core::mem::MaybeUninit;
use core::ops::Deref;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::builder::CellPos;
use super::catches::{Catches, Clause};
use super::map::{AddressIn, CodeMap};
use super::ops::SlotOffset;
use crate::syntax::index::FuncIdx;

/// Two cells. Ops begin at every other cell, so that the address at the beginning of an op is never read across a boundary.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub struct Pair(pub [MaybeUninit<u32>; 2]);

/// How code accounts for fuel. A function's frame is the same in all forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// It charges no fuel.
    Plain,
    /// It is fused like plain code, and charges on branches, calls and returns for the code that follows.
    Net,
    /// It charges before each instruction, and keeps every value in its slot: for the last stretch, when fuel runs short.
    Exact,
}

/// The threaded code of one function.
#[derive(Debug)]
pub struct Code {
    /// The cells: a header, then ops.
    pub cells: Box<[Pair]>,
    /// The exceptions it catches.
    pub catches: Catches,
    /// The origins of its ops.
    pub map: CodeMap,
    /// The homes of the locals that have a register, one for each bank.
    pub pins: [Option<SlotOffset>; 3],
}

impl Code {
    /// The address of a cell.
    fn at(&self, cell: CellPos) -> *const u32 {
        let cells: *const u32 = self.cells.as_ptr().cast();
        cells.wrapping_add(cell.0 as usize)
    }

    /// Number of bytes that it takes.
    fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.cells) + self.catches.bytes() + self.map.bytes()
    }
}

/// The reason why a validated function cannot be lowered: it exceeds a limit of the code format.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LowerError {
    /// The frame would need more bytes than an operand can address.
    #[error("function needs a frame that is too large")]
    FrameTooLarge,
    /// The code would be longer than a branch can span.
    #[error("function is too long to be lowered")]
    CodeTooLong,
}

/// A place in a module and in its code.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Position {
    /// The function, imports counted.
    pub func: FuncIdx,
    /// The offset of the instruction in the module's binary.
    pub offset: usize,
    /// The address of the op.
    pub op: *const u32,
    /// The place of the address, if the op accesses a memory.
    pub address: AddressIn,
}

/// Lowers functions for a unit: the pipeline implements this, so that this module does not depend on it.
pub trait Source: Send + Sync {
    /// Lowers a function, named by its position among those that the module defines, to the form in which it is entered.
    fn lower(&self, defined: u32) -> Result<Code, LowerError>;

    /// Lowers a function of a metered module to its exact form.
    fn exact(&self, defined: u32) -> Result<Code, LowerError>;

    /// Returns how the instruction at an offset of a function's body accesses a memory, if it does.
    fn access(&self, defined: u32, offset: usize) -> Option<MemAccess>;
}

/// The access of an instruction to a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemAccess {
    /// At an address that is an operand.
    At {
        /// The memory.
        mem: u32,
        /// The offset added to the address.
        offset: u64,
        /// Number of bytes accessed.
        bytes: u64,
        /// The position of the address among the cells of the op.
        cell: usize,
    },
    /// `memory.fill`
    Fill {
        /// The memory.
        mem: u32,
    },
    /// `memory.init`
    Init {
        /// The memory.
        mem: u32,
    },
    /// `memory.copy`
    Copy {
        /// The memory that is written.
        to: u32,
        /// The memory that is read.
        from: u32,
    },
}

/// The code of a module.
pub struct CodeUnit {
    /// For each defined function the beginning of its code: until it is lowered, the executor's stub, which requests it.
    entries: Box<[AtomicPtr<MaybeUninit<u32>>]>,
    /// The code that `entries` point into. It is never dropped nor changed before the unit is.
    codes: Box<[OnceLock<Box<Code>>]>,
    pieces: RwLock<Pieces>,
    weight: Mutex<Weight>,
    /// The number of imported functions.
    imported: u32,
    source: Box<dyn Source>,
    /// The number of times that a function has been lowered.
    #[cfg(test)]
    pub lowerings: std::sync::atomic::AtomicUsize,
}

/// The pieces of a unit's code, by address, and the exact forms among them.
#[derive(Default)]
struct Pieces {
    /// The function of each piece, by the address at which the piece begins, and whether it is the exact form.
    by_address: BTreeMap<usize, (u32, bool)>,
    /// The bytes of the forms in which functions are entered.
    entered_bytes: usize,
    /// Functions in which fuel has run short.
    exact: BTreeMap<u32, ExactForm>,
    /// The bytes of the exact forms.
    exact_bytes: usize,
    /// Functions whose exact form an execution has released, by time.
    idle: BTreeMap<u64, u32>,
    clock: u64,
}

/// The exact form of a function.
struct ExactForm {
    code: Arc<Code>,
    /// The time when an execution released it last.
    idle: Option<u64>,
}

/// The limit on the bytes of all exact forms of a unit, unless its other code takes more. Above it, exact forms that no execution is in
/// are freed.
const EXACT_BYTES: usize = 1 << 16;

/// The number of bytes of a unit's code, and another account that they are counted on as well.
#[derive(Default)]
struct Weight {
    bytes: u64,
    account: Option<Arc<AtomicU64>>,
}

/// The exact forms that an execution has been in. They are not freed as long as it may return there.
#[derive(Default)]
pub struct Held(BTreeMap<usize, (Arc<CodeUnit>, Arc<Code>, u32)>);

impl Held {
    /// Holds the exact form of a function of a unit.
    fn hold(&mut self, unit: &Arc<CodeUnit>, code: Arc<Code>, defined: u32) {
        let begin = code.cells.as_ptr().addr();
        self.0
            .entry(begin)
            .or_insert_with(|| (unit.clone(), code, defined));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for (_, (unit, code, defined)) in core::mem::take(&mut self.0) {
            drop(code);
            unit.let_go(defined);
        }
    }
}

/// A piece of code, found by an address within it.
struct Found<'u> {
    code: Piece<'u>,
    defined: u32,
    /// The cell at the address.
    cell: usize,
}

/// The form in which a function is entered, or its exact form.
enum Piece<'u> {
    Entered(&'u Code),
    Exact(Arc<Code>),
}

impl Deref for Piece<'_> {
    type Target = Code;

    fn deref(&self) -> &Code {
        match self {
            Self::Entered(code) => code,
            Self::Exact(code) => code,
        }
    }
}

impl CodeUnit {
    /// Creates a unit of `defined` functions, none of them lowered. `stub` is code that calls [`CodeUnit::materialize`].
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
            pieces: RwLock::default(),
            weight: Mutex::default(),
            imported,
            source,
            #[cfg(test)]
            lowerings: Default::default(),
        }
    }

    /// The address of the entries, for the executor.
    #[inline]
    pub fn entries(&self) -> &[AtomicPtr<MaybeUninit<u32>>] {
        &self.entries
    }

    /// The number of imported functions.
    pub fn imported(&self) -> u32 {
        self.imported
    }

    /// The code of a function, lowered now if it was not before. Of several threads that call this at once, one lowers.
    pub fn materialize(&self, defined: u32) -> Result<*const MaybeUninit<u32>, LowerError> {
        let slot = &self.codes[defined as usize];
        let code = match slot.get() {
            Some(code) => code,
            None => {
                self.count_lowering();
                let code = Box::new(self.source.lower(defined)?);
                // Register the code first, so that every thread that can run it can find it.
                slot.get_or_init(|| {
                    let mut pieces = self.write();
                    pieces
                        .by_address
                        .insert(code.cells.as_ptr().addr(), (defined, false));
                    pieces.entered_bytes += code.bytes();
                    drop(pieces);
                    self.weigh(code.bytes() as i64);
                    code
                })
            }
        };
        let cells: *const MaybeUninit<u32> = code.cells.as_ptr().cast();
        self.entries[defined as usize].store(cells.cast_mut(), Ordering::Release);
        Ok(cells)
    }

    /// The exact form of a function, made now if it does not exist. As above.
    fn exact(&self, defined: u32) -> Result<Arc<Code>, LowerError> {
        if let Some(form) = self.read().exact.get(&defined) {
            return Ok(form.code.clone());
        }
        self.count_lowering();
        let code = Arc::new(self.source.exact(defined)?);
        let mut pieces = self.write();
        if let Some(form) = pieces.exact.get(&defined) {
            return Ok(form.code.clone());
        }
        let (begin, bytes) = (code.cells.as_ptr().addr(), code.bytes());
        pieces.by_address.insert(begin, (defined, true));
        pieces.exact_bytes += bytes;
        let form = ExactForm {
            code: code.clone(),
            idle: None,
        };
        pieces.exact.insert(defined, form);
        drop(pieces);
        self.weigh(bytes as i64);
        Ok(code)
    }

    /// Records that an execution has released the exact form of a function, and frees those released first if there are too many.
    fn let_go(&self, defined: u32) {
        let mut freed = Vec::new();
        let pieces = &mut *self.write();
        let now = pieces.clock;
        pieces.clock += 1;
        if let Some(form) = pieces.exact.get_mut(&defined) {
            if let Some(before) = form.idle.replace(now) {
                pieces.idle.remove(&before);
            }
            pieces.idle.insert(now, defined);
        }
        while pieces.exact_bytes > pieces.entered_bytes.max(EXACT_BYTES) {
            let Some((_, defined)) = pieces.idle.pop_first() else {
                break;
            };
            let Some(form) = pieces.exact.get_mut(&defined) else {
                continue;
            };
            form.idle = None;
            // No execution can begin to hold it meanwhile. An execution that holds it releases it again in the end.
            if Arc::strong_count(&form.code) > 1 {
                continue;
            }
            if let Some(ExactForm { code, .. }) = pieces.exact.remove(&defined) {
                pieces.by_address.remove(&code.cells.as_ptr().addr());
                pieces.exact_bytes -= code.bytes();
                self.weigh(-(code.bytes() as i64));
                freed.push(code);
            }
        }
    }

    /// Bytes of the cells and of the maps of the forms in which functions are entered.
    #[cfg(test)]
    pub fn cells_and_maps(&self) -> (usize, usize) {
        let codes = self.codes.iter().filter_map(OnceLock::get);
        codes.fold((0, 0), |(cells, maps), code| {
            let more = size_of_val(&*code.cells);
            (cells + more, maps + code.map.bytes())
        })
    }

    fn count_lowering(&self) {
        #[cfg(test)]
        self.lowerings.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds to the unit's number of bytes.
    fn weigh(&self, more: i64) {
        let mut weight = self.weight.lock().unwrap_or_else(PoisonError::into_inner);
        weight.bytes = weight.bytes.wrapping_add_signed(more);
        if let Some(account) = &weight.account {
            account.fetch_add(more as u64, Ordering::Relaxed);
        }
    }

    /// The bytes of the code.
    pub fn bytes(&self) -> u64 {
        let weight = self.weight.lock();
        weight.unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// Counts the bytes of the code, present and future, on another account instead of the present one, or on none.
    pub fn set_account(&self, account: Option<&Arc<AtomicU64>>) {
        let mut weight = self.weight.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = weight.bytes;
        if let Some(account) = account {
            account.fetch_add(bytes, Ordering::Relaxed);
        }
        if let Some(before) = core::mem::replace(&mut weight.account, account.cloned()) {
            before.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Pieces> {
        self.pieces.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Pieces> {
        self.pieces.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The charge for arriving at a place in code of the form `Net`.
    pub fn arrival(&self, ip: *const u32) -> u32 {
        let point = self.find(ip).and_then(|at| at.code.map.point_at(at.cell));
        point.map_or(0, |point| point.ahead)
    }

    /// The place at which to continue in exact form, given a place in code of the form `Net` where control arrives.
    pub fn to_exact(
        self: &Arc<Self>,
        ip: *const u32,
        held: &mut Held,
    ) -> Result<*const u32, LowerError> {
        let broken =
            || -> ! { unreachable!("lowering: all forms of a function have the same points") };
        let Some(at) = self.find(ip) else { broken() };
        let Some(point) = at.code.map.last_point_at(at.cell) else {
            broken()
        };
        let exact = self.exact(at.defined)?;
        debug_assert_eq!(exact.map.points(), at.code.map.points());
        let Some(point) = exact.map.point(point.number) else {
            broken()
        };
        let ip = exact.at(point.cell);
        held.hold(self, exact, at.defined);
        Ok(ip)
    }

    /// The opposite of [`to_exact`](Self::to_exact): the place, the charge for arriving there, and the homes of the pins.
    pub fn to_net(&self, ip: *const u32) -> Option<(*const u32, u32, [Option<SlotOffset>; 3])> {
        let at = self.find(ip)?;
        let point = at.code.map.point_at(at.cell)?;
        let net = self.codes[at.defined as usize].get()?;
        let point = net.map.point(point.number)?;
        Some((net.at(point.cell), point.ahead, net.pins))
    }

    /// The beginning of the code that contains an address, or ends there.
    pub fn entry_of(&self, ip: *const u32) -> Option<*const MaybeUninit<u32>> {
        Some(self.find(ip)?.code.cells.as_ptr().cast())
    }

    /// The code that contains an address, or ends there.
    fn find(&self, ip: *const u32) -> Option<Found<'_>> {
        let address = ip.addr();
        let pieces = self.read();
        // The header is no op, so that nothing runs at the very beginning.
        let (&begin, &(defined, exact)) = pieces.by_address.range(..address).next_back()?;
        let code = if exact {
            Piece::Exact(pieces.exact.get(&defined)?.code.clone())
        } else {
            Piece::Entered(self.codes[defined as usize].get()?)
        };
        let inside = address - begin <= size_of_val(&*code.cells);
        inside.then_some(Found {
            code,
            defined,
            cell: (address - begin) / size_of::<u32>(),
        })
    }

    /// The clause that catches an exception thrown by the op that ends at, or contains, an address; with the beginning of its function's
    /// code. `takes` tells whether the exception has the tag of an index; `seen` counts the clauses that were tested.
    pub fn catcher(
        &self,
        ip: *const u32,
        takes: impl Fn(u32) -> bool,
        seen: &mut u64,
    ) -> Option<(Clause, *const MaybeUninit<u32>)> {
        let at = self.find(ip)?;
        let cell = CellPos(at.cell as u32);
        let clause = at.code.catches.find(cell, takes, seen)?;
        Some((clause, at.code.cells.as_ptr().cast()))
    }

    /// The place in the module of the op that ends at, or contains, an address within the unit's code.
    pub fn position(&self, ip: *const u32) -> Option<Position> {
        let at = self.find(ip)?;
        let origin = at.code.map.origin(at.cell)?;
        Some(Position {
            func: FuncIdx(self.imported + at.defined),
            offset: origin.offset,
            op: at.code.at(origin.cell),
            address: origin.address,
        })
    }

    /// Returns how the instruction at a position accesses a memory, if it does.
    pub fn access(&self, at: &Position) -> Option<MemAccess> {
        self.source.access(at.func.0 - self.imported, at.offset)
    }

    /// The fuel charged in advance for instructions behind the one whose op ends at, or contains, an address.
    pub fn ahead(&self, ip: *const u32) -> u32 {
        let Some(Found {
            code: Piece::Entered(code),
            cell,
            ..
        }) = self.find(ip)
        else {
            // Exact code charges nothing in advance.
            return 0;
        };
        code.map.origin(cell).map_or(0, |origin| origin.ahead)
    }
}

impl fmt::Debug for CodeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeUnit")
            .field("functions", &self.entries.len())
            .finish_non_exhaustive()
    }
}
