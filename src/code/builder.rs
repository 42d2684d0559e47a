//! Writes threaded code: cells one after another, and targets that become known later.

use core::mem::MaybeUninit;

use super::ops::{Cells, Op};
use super::unit::{Code, LowerError};

/// The two cells that hold a handler's address.
pub type HandlerCells = [MaybeUninit<u32>; 2];

/// Finds the handler of an op; `exec::select` is the one there is.
pub type Select = fn(&Op) -> HandlerCells;

/// Cells in front of the first op: the frame's size in bytes, and one that keeps static code aligned.
pub const HEADER_CELLS: usize = 2;

/// A position in the code, in cells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CellPos(pub u32);

/// The targets that wait for a label to be placed: a list threaded through the builder's fix-ups.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Waiting {
    head: Option<u32>,
}

impl Waiting {
    /// Whether nothing waits.
    pub fn is_empty(self) -> bool {
        self.head.is_none()
    }
}

#[derive(Clone, Copy, Debug)]
struct Fixup {
    cell: CellPos,
    next: Option<u32>,
}

/// Where an op came from, for those who ask.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Origin {
    /// Where the op begins.
    pub cell: CellPos,
    /// The offset of its instruction in the module's binary.
    pub offset: usize,
    /// The op.
    pub op: Op,
}

/// Code under construction.
pub struct Builder {
    cells: Vec<MaybeUninit<u32>>,
    fixups: Vec<Fixup>,
    select: Select,
    /// Origins of all ops, if they are wanted.
    origins: Option<Vec<Origin>>,
}

/// The most cells a function may have, so that a distance in bytes is an `i32`.
const MAX_CELLS: usize = 1 << 28;

impl Builder {
    /// An empty function.
    pub fn new(select: Select, with_origins: bool) -> Self {
        let header = [MaybeUninit::new(0); HEADER_CELLS];
        Self {
            cells: header.to_vec(),
            fixups: Vec::new(),
            select,
            origins: with_origins.then(Vec::new),
        }
    }

    /// The position of what comes next.
    pub fn here(&self) -> CellPos {
        CellPos(self.cells.len() as u32)
    }

    /// Appends an op without its target, which the caller must then append.
    pub fn op(&mut self, op: &Op, offset: usize) {
        if let Some(origins) = &mut self.origins {
            origins.push(Origin {
                cell: CellPos(self.cells.len() as u32),
                offset,
                op: *op,
            });
        }
        self.cells.extend_from_slice(&(self.select)(op));
        op.operands(self);
    }

    /// Appends the cell of a target that is known.
    pub fn target(&mut self, target: CellPos) {
        let here = self.here();
        self.cell(distance(here, target));
    }

    /// Appends the cell of a target that is not known yet.
    pub fn target_later(&mut self, waiting: &mut Waiting) {
        let cell = self.here();
        self.fixups.push(Fixup {
            cell,
            next: waiting.head,
        });
        waiting.head = Some((self.fixups.len() - 1) as u32);
        self.cell(0);
    }

    /// Sets all targets that wait to the position of what comes next.
    pub fn place(&mut self, waiting: Waiting) {
        let here = self.here();
        let mut next = waiting.head;
        while let Some(at) = next {
            let fixup = self.fixups[at as usize];
            self.cells[fixup.cell.0 as usize] = MaybeUninit::new(distance(fixup.cell, here));
            next = fixup.next;
        }
    }

    /// Writes the header and hands over the code and the origins.
    pub fn finish(mut self, frame_bytes: u32) -> Result<(Code, Vec<Origin>), LowerError> {
        if self.cells.len() > MAX_CELLS {
            return Err(LowerError::CodeTooLong);
        }
        self.cells[0] = MaybeUninit::new(frame_bytes);
        Ok((
            Code {
                cells: self.cells.into_boxed_slice(),
            },
            self.origins.unwrap_or_default(),
        ))
    }
}

impl Cells for Builder {
    fn cell(&mut self, cell: u32) {
        self.cells.push(MaybeUninit::new(cell));
    }
}

/// What a target's cell holds: the distance in bytes from that cell.
fn distance(from: CellPos, to: CellPos) -> u32 {
    to.0.wrapping_sub(from.0).wrapping_mul(4)
}
