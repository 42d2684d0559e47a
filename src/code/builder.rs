//! Writes threaded code: cells one after another, and targets that become known later.

use core::mem::MaybeUninit;

use super::ops::{Cells, Op};
use super::unit::{Code, LowerError, Pair};

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

/// A cell of a target; they are kept in the order of their cells.
#[derive(Clone, Copy, Debug)]
struct Fixup {
    cell: CellPos,
    next: Option<u32>,
    /// Where it leads, once that is known.
    target: Option<CellPos>,
}

/// The beginning of a loop up to its first branch, short enough to be repeated where the loop is continued.
#[derive(Clone, Copy, Debug)]
struct LoopHead {
    start: CellPos,
    /// Where the branch is.
    branch: CellPos,
    /// The branch.
    op: Op,
    /// Where its targets are.
    targets: CellPos,
    /// What comes after them.
    end: CellPos,
}

/// The most ops of a loop's head.
const MAX_HEAD_OPS: u32 = 6;
/// The most targets of a `br_table` that ends a loop's head.
const MAX_HEAD_TARGETS: u32 = 32;
/// Cells of repeated heads that any function may have, besides half of the others.
const HEAD_BUDGET: usize = 4096;

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
    /// The heads of loops, in the order of their starts.
    heads: Vec<LoopHead>,
    /// The loop that began last, if no branch has been seen in it, and the number of its ops.
    in_head: Option<(CellPos, u32)>,
    /// Cells of heads that have been repeated.
    repeated: usize,
    /// Targets that the last op still lacks.
    targets_left: u32,
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
            heads: Vec::new(),
            in_head: None,
            repeated: 0,
            targets_left: 0,
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
        let begin = self.here();
        self.cells.extend_from_slice(&(self.select)(op));
        op.operands(self);
        let targets_at = self.here();
        self.targets_left = op.targets();
        self.pad();
        if let Some((start, ops)) = self.in_head {
            self.in_head = self.extend_head(start, ops + 1, op, begin, targets_at);
        }
    }

    /// Begins a loop: the position of its first op.
    pub fn begin_loop(&mut self) -> CellPos {
        let start = self.here();
        self.in_head = Some((start, 0));
        start
    }

    /// Fills up with a cell that nobody reads, so that the next op begins at a multiple of eight bytes: an address that is read
    /// across the boundary of a page takes many times as long.
    fn pad(&mut self) {
        if self.targets_left == 0 && self.cells.len() % 2 == 1 {
            self.cell(0);
        }
    }

    /// Notes that a target has been appended.
    fn targeted(&mut self) {
        self.targets_left = self.targets_left.saturating_sub(1);
        self.pad();
    }

    /// Whether the loop's head goes on after this op. Notes the head where it ends.
    fn extend_head(
        &mut self,
        start: CellPos,
        ops: u32,
        op: &Op,
        branch: CellPos,
        targets: CellPos,
    ) -> Option<(CellPos, u32)> {
        match op {
            Op::BrUnop { .. } | Op::BrBinop { .. } => {}
            Op::BrTable { count, .. } if *count < MAX_HEAD_TARGETS => {}
            _ if op.leaves() || ops >= MAX_HEAD_OPS => return None,
            _ => return Some((start, ops)),
        }
        let end = CellPos((targets.0 + op.targets()).next_multiple_of(2));
        self.heads.push(LoopHead {
            start,
            branch,
            op: *op,
            targets,
            end,
        });
        None
    }

    /// Continues a loop by repeating its head, so that the branch in it is taken or not at once. Says whether that was possible.
    pub fn repeat_head(&mut self, start: CellPos, offset: usize) -> bool {
        let Ok(at) = self.heads.binary_search_by_key(&start, |head| head.start) else {
            return false;
        };
        let head = self.heads[at];
        let size = (head.end.0 - head.start.0) as usize;
        if self.repeated + size > HEAD_BUDGET + self.cells.len() / 2 {
            return false;
        }
        self.repeated += size;
        // What is repeated here is no part of the head of a loop further in.
        self.in_head = None;
        match head.op {
            Op::BrTable { .. } => {
                self.repeat_cells(head.start, head.targets, offset);
                self.targets_left = head.op.targets();
                for target in 0..head.op.targets() {
                    self.repeat_target(CellPos(head.targets.0 + target));
                }
            }
            op => {
                // The other way round, so that going on in the loop is the branch that is taken.
                self.repeat_cells(head.start, head.branch, offset);
                self.op(&op.inverted(), offset);
                self.target(head.end);
                self.op(&Op::Br, offset);
                self.repeat_target(head.targets);
            }
        }
        true
    }

    /// Appends cells that hold no targets once more.
    fn repeat_cells(&mut self, from: CellPos, to: CellPos, offset: usize) {
        let here = self.here();
        if let Some(origins) = &mut self.origins {
            let begin = origins.partition_point(|origin| origin.cell < from);
            let end = origins.partition_point(|origin| origin.cell < to);
            for at in begin..end {
                let cell = CellPos(origins[at].cell.0 - from.0 + here.0);
                origins.push(Origin {
                    cell,
                    offset,
                    ..origins[at]
                });
            }
        }
        self.cells
            .extend_from_within(from.0 as usize..to.0 as usize);
    }

    /// Appends a cell for the target of another cell.
    fn repeat_target(&mut self, original: CellPos) {
        let here = self.here();
        let waits = self
            .fixups
            .binary_search_by_key(&original, |fixup| fixup.cell)
            .ok();
        if let Some(at) = waits
            && self.fixups[at].target.is_none()
        {
            let added = Some(self.fixups.len() as u32);
            let next = core::mem::replace(&mut self.fixups[at].next, added);
            self.fixups.push(Fixup {
                cell: here,
                next,
                target: None,
            });
            self.cell(0);
            return self.targeted();
        }
        if let Some(target) = waits.and_then(|at| self.fixups[at].target) {
            self.target(target);
        }
    }

    /// Appends the cell of a target that is known.
    pub fn target(&mut self, target: CellPos) {
        let here = self.here();
        self.fixups.push(Fixup {
            cell: here,
            next: None,
            target: Some(target),
        });
        self.cell(distance(here, target));
        self.targeted();
    }

    /// Appends the cell of a target that is not known yet.
    pub fn target_later(&mut self, waiting: &mut Waiting) {
        let cell = self.here();
        self.fixups.push(Fixup {
            cell,
            next: waiting.head,
            target: None,
        });
        waiting.head = Some((self.fixups.len() - 1) as u32);
        self.cell(0);
        self.targeted();
    }

    /// Sets all targets that wait to the position of what comes next.
    pub fn place(&mut self, waiting: Waiting) {
        let here = self.here();
        let mut next = waiting.head;
        while let Some(at) = next {
            let fixup = &mut self.fixups[at as usize];
            fixup.target = Some(here);
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
        let pairs = self
            .cells
            .chunks_exact(2)
            .map(|pair| Pair([pair[0], pair[1]]));
        let code = Code {
            cells: pairs.collect(),
        };
        Ok((code, self.origins.unwrap_or_default()))
    }
}

impl Cells for Builder {
    fn cell(&mut self, cell: u32) {
        self.cells.push(MaybeUninit::new(cell));
    }

    fn wide(&mut self, value: u64) {
        if self.cells.len() % 2 == 1 {
            self.cell(0);
        }
        self.cell(value as u32);
        self.cell((value >> 32) as u32);
    }
}

/// What a target's cell holds: the distance in bytes from that cell.
fn distance(from: CellPos, to: CellPos) -> u32 {
    to.0.wrapping_sub(from.0).wrapping_mul(4)
}
