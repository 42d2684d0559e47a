//! Writes threaded code: cells one after another, with targets and charges that become known later.

use core::mem::MaybeUninit;

use super::catches::Catches;
use super::cells::CellList;
use super::map::MapBuilder;
use super::meter::{ChargeIdx, Meter, Tally};
use super::ops::{Cells, Dst, Op, SlotOffset, Src};
use super::unit::{Code, Form, LowerError};

/// The two cells that hold a handler's address.
pub type HandlerCells = [MaybeUninit<u32>; 2];

/// Finds the handler of an op; `exec::select` is the only implementation.
pub type Select = fn(&Op, Form) -> HandlerCells;

/// Cells in front of the first op: the frame's size in bytes, and the charge for entering the function.
pub const HEADER_CELLS: usize = 2;
/// The header's cell with the charge for entering the function.
const ENTRY_CHARGE: CellPos = CellPos(1);

/// A position in the code, in cells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CellPos(pub u32);

/// A branch target: its position in the code, and in the accounts of fuel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    cell: CellPos,
    tally: Tally,
}

/// The data that an op keeps about its instruction.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct At {
    /// Its offset in the module's binary.
    pub offset: usize,
    /// The place behind it in the accounts of fuel.
    pub tally: Tally,
}

/// The targets that wait for a label to be placed: a list threaded through the builder's fix-ups.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Waiting {
    head: Option<u32>,
}

impl Waiting {
    /// Whether no target waits.
    pub fn is_empty(self) -> bool {
        self.head.is_none()
    }
}

/// A cell of a target; they are kept in the order of their cells.
#[derive(Clone, Copy, Debug)]
struct Fixup {
    cell: CellPos,
    next: Option<u32>,
    /// The place it leads to, once that is known.
    target: Option<Target>,
    /// The charge for branching there.
    charge: Option<ChargeIdx>,
}

/// The beginning of a loop up to its first branch, short enough to be repeated where the loop continues.
#[derive(Clone, Copy, Debug)]
struct LoopHead {
    start: Target,
    /// The op that the loop begins with.
    first: FirstOp,
    /// The position of the branch.
    branch: CellPos,
    /// The branch.
    op: Op,
    /// The position of its targets.
    targets: CellPos,
    /// The place after them.
    end: Target,
}

/// The op that a loop begins with.
#[derive(Clone, Copy, Debug)]
struct FirstOp {
    op: Op,
    at: At,
    /// The position of the second op.
    end: CellPos,
}

/// A head that has begun.
#[derive(Clone, Copy, Debug)]
struct OpenHead {
    start: Target,
    /// Number of its ops so far.
    ops: u32,
    first: Option<FirstOp>,
}

/// The maximal number of ops in a loop's head.
const MAX_HEAD_OPS: u32 = 6;
/// The maximal number of targets of a `br_table` that ends a loop's head.
const MAX_HEAD_TARGETS: u32 = 32;
/// Number of cells of repeated heads that any function may have, besides half of its other cells.
const HEAD_BUDGET: usize = 4096;

/// An op in a listing.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ListedOp {
    /// The cell in which it begins.
    pub cell: CellPos,
    /// The offset of its instruction in the module's binary.
    pub offset: usize,
    /// The op.
    pub op: Op,
}

/// Code under construction.
pub struct Builder {
    cells: CellList,
    fixups: Vec<Fixup>,
    /// The heads of loops, in the order of their starts.
    heads: Vec<LoopHead>,
    /// The loop that began last, if no branch has been seen in it.
    in_head: Option<OpenHead>,
    /// The last op if it copied to a slot: its source, its destination, and its end.
    copied: Option<(Src, SlotOffset, CellPos)>,
    /// Cells of heads that have been repeated.
    repeated: usize,
    /// Number of targets that the last op still lacks.
    targets_left: u32,
    select: Select,
    form: Form,
    /// The charges of code of the form `Net`; in the other forms nothing is ever spent.
    meter: Meter,
    /// The last place where control arrives.
    last_point: Target,
    map: MapBuilder,
    /// A list of all ops, if requested.
    listing: Option<Vec<ListedOp>>,
}

/// The maximal number of cells in a function, so that a distance in bytes is an `i32`.
const MAX_CELLS: usize = 1 << 28;

impl Builder {
    /// Creates an empty function whose body begins at an offset.
    pub fn new(select: Select, form: Form, body: usize, listed: bool) -> Self {
        let mut builder = Self {
            cells: CellList::default(),
            fixups: Vec::new(),
            heads: Vec::new(),
            in_head: None,
            copied: None,
            repeated: 0,
            targets_left: 0,
            select,
            form,
            meter: Meter::default(),
            last_point: Target {
                cell: CellPos(0),
                tally: Tally::default(),
            },
            map: MapBuilder::new(body),
            listing: listed.then(Vec::new),
        };
        for _ in 0..HEADER_CELLS {
            builder.cell(0);
        }
        let entry = builder.point();
        if form == Form::Net {
            let charge = builder.meter.entrance(ENTRY_CHARGE);
            builder
                .meter
                .arrive(charge, entry.tally, &mut builder.cells);
        }
        builder
    }

    /// The position of the next cell.
    pub fn here(&self) -> CellPos {
        CellPos(self.cells.len() as u32)
    }

    /// The current place in the accounts of fuel.
    pub fn tally(&self) -> Tally {
        self.meter.here()
    }

    /// Counts the cost of an instruction, in code that charges for it in advance.
    pub fn spend(&mut self, cost: u32) {
        self.meter.spend(cost);
    }

    /// Ends a superblock: control does not continue from here, or pays for the code that follows when it does.
    pub fn end_superblock(&mut self) {
        if self.form == Form::Net {
            self.meter.end_superblock(&mut self.cells);
            self.map.end_superblock(self.meter.here().spent());
        }
    }

    /// Records that control arrives from elsewhere, or may do so, at the next op; returns the place.
    pub fn point(&mut self) -> Target {
        let tally = self.meter.here();
        let last = self.last_point;
        if last.cell == self.here() && last.tally.is_before(tally) {
            // The instructions between need no op. In exact code they are charged, so the two places must be told apart.
            let offset = self.map.last_offset();
            self.op(&Op::Nop, At { offset, tally });
        }
        let cell = self.here();
        let target = Target { cell, tally };
        self.last_point = target;
        if self.form != Form::Plain {
            self.map.point(cell, tally.spent());
        }
        target
    }

    /// Appends an op without its targets, which the caller must then append.
    pub fn op(&mut self, op: &Op, at: At) {
        let begin = self.here();
        debug_assert!(
            at.tally.ends_with(self.meter.here()),
            "lowering: an op stands in the superblock of its instruction, or where that ends"
        );
        self.map.op(begin, at.offset, at.tally.spent(), op);
        if let Some(listing) = &mut self.listing {
            let (cell, offset, op) = (begin, at.offset, *op);
            listing.push(ListedOp { cell, offset, op });
        }
        self.cells.push_handler((self.select)(op, self.form));
        op.write(self);
        let targets_at = self.here();
        self.targets_left = op.targets();
        if op.comes_back() {
            self.come_back();
        }
        self.pad();
        let end = self.here();
        self.copied = match *op {
            Op::Copy {
                x: x @ (Src::Slot(_) | Src::Pin),
                d: Dst::Slot(to),
                ..
            } => Some((x, to, end)),
            _ => None,
        };
        if let Some(mut head) = self.in_head {
            head.ops += 1;
            head.first.get_or_insert(FirstOp { op: *op, at, end });
            self.in_head = self.extend_head(head, op, begin, targets_at);
        }
    }

    /// Ends an op that calls. In metered code the cell in front of the place to which the callee returns has the charge for returning.
    fn come_back(&mut self) {
        if self.form == Form::Plain {
            return;
        }
        if !self.cells.is_odd() {
            self.cell(0);
        }
        self.end_superblock();
        let charge = self.here();
        self.cell(0);
        let target = self.point();
        if self.form == Form::Net {
            let charge = self.meter.entrance(charge);
            self.meter.arrive(charge, target.tally, &mut self.cells);
        }
    }

    /// Appends an op whose first cell is its charge: a cost of its own where nothing is charged in advance, otherwise the cost of everything
    /// to the end of the superblock that begins with it. Control arrives here from elsewhere.
    pub fn charging_op(&mut self, op: &Op, at: At) {
        self.forget_head();
        self.end_superblock();
        let point = self.point();
        if self.form == Form::Net {
            self.spend(op.charges().unwrap_or(0));
        }
        let tally = self.tally();
        self.op(op, At { tally, ..at });
        if self.form == Form::Net {
            let charge = self.meter.entrance(CellPos(point.cell.0 + 2));
            self.meter.arrive(charge, point.tally, &mut self.cells);
        }
    }

    /// Begins a loop; returns the place of its first op.
    pub fn begin_loop(&mut self) -> Target {
        let start = self.point();
        let head = OpenHead {
            start,
            ops: 0,
            first: None,
        };
        self.in_head = (self.form != Form::Exact).then_some(head);
        start
    }

    /// Pads with an unused cell, so that the next op begins at a multiple of eight bytes: an address that is read
    /// across the boundary of a page takes many times as long.
    fn pad(&mut self) {
        if self.targets_left == 0 && self.cells.is_odd() {
            self.cell(0);
        }
    }

    /// The loop's head, if it continues after this op. Records the head where it ends.
    fn extend_head(
        &mut self,
        head: OpenHead,
        op: &Op,
        branch: CellPos,
        targets: CellPos,
    ) -> Option<OpenHead> {
        match op {
            _ if op.may_branch() => {}
            Op::BrTable { count, .. } if *count < MAX_HEAD_TARGETS => {}
            _ if op.leaves() || head.ops >= MAX_HEAD_OPS => return None,
            _ => return Some(head),
        }
        let end = targets.0 + op.targets() * self.target_cells();
        let end = Target {
            cell: CellPos(end.next_multiple_of(2)),
            tally: self.meter.here(),
        };
        self.heads.push(LoopHead {
            start: head.start,
            first: head.first?,
            branch,
            op: *op,
            targets,
            end,
        });
        None
    }

    /// Gives up repeating the head of the loop that began last.
    pub fn forget_head(&mut self) {
        self.in_head = None;
    }

    /// Continues a loop by repeating its head, so that the branch in it is taken or not at once. Returns whether that was possible.
    ///
    /// The head is charged together with the code before it. Its first op reads its operand from the place that is known to hold it: an
    /// accumulator (`accs` has the slot that each mirrors), or the source that the slot was last copied from. So a variable of the loop
    /// that has just changed need not be read from memory.
    pub fn repeat_head(&mut self, start: Target, at: At, accs: &[Option<SlotOffset>]) -> bool {
        let by_start = |head: &LoopHead| head.start.cell.cmp(&start.cell);
        let Ok(found) = self.heads.binary_search_by(by_start) else {
            return false;
        };
        let head = self.heads[found];
        let size = (head.end.cell.0 - start.cell.0) as usize;
        if self.repeated + size > HEAD_BUDGET + self.cells.len() / 2 {
            return false;
        }
        self.repeated += size;
        // Code that is repeated here is not part of the head of an inner loop.
        self.forget_head();
        let before = self.meter.here();
        let after = self.meter.repeated(before, head.end.tally, start.tally);
        let ops_end = match head.op {
            Op::BrTable { .. } => head.targets,
            _ => head.branch,
        };
        let mut from = start.cell;
        if let Some(first) = self.shortened(&head, accs) {
            let tally = self
                .meter
                .repeated(before, head.first.at.tally, start.tally);
            self.op(
                &first,
                At {
                    tally,
                    ..head.first.at
                },
            );
            from = head.first.end;
        }
        self.repeat_cells(from, ops_end, before, start.tally);
        self.meter.go_to(after);
        let cells = self.target_cells();
        if let Op::BrTable { .. } = head.op {
            self.targets_left = head.op.targets();
            for target in 0..head.op.targets() {
                self.repeat_target(CellPos(head.targets.0 + target * cells));
            }
        } else {
            // The branch is inverted, so that it is taken where the loop continues.
            self.op(&head.op.inverted(), at);
            self.target(head.end);
            self.op(&Op::Br, at);
            self.repeat_target(head.targets);
        }
        true
    }

    /// The first op of a loop's head, if it can read its first operand from another place than its slot.
    fn shortened(&self, head: &LoopHead, accs: &[Option<SlotOffset>]) -> Option<Op> {
        if head.first.end.0 > head.branch.0 {
            return None;
        }
        let mut op = head.first.op;
        let x = op.first_src()?;
        let Src::Slot(slot) = *x else {
            return None;
        };
        *x = if accs.contains(&Some(slot)) {
            Src::Acc
        } else {
            self.source_of(slot)?
        };
        Some(op)
    }

    /// The source that a slot was copied from, if that copy was the last op on every path here.
    fn source_of(&self, slot: SlotOffset) -> Option<Src> {
        let (x, to, end) = self.copied?;
        let is_last = end == self.here() && end != self.last_point.cell;
        (is_last && to == slot).then_some(x)
    }

    /// Appends cells without targets once more, for execution from another place on: those of a loop that begins there.
    fn repeat_cells(&mut self, from: CellPos, to: CellPos, before: Tally, start: Tally) {
        let here = self.here();
        let meter = &self.meter;
        let spent = |spent| meter.repeated(before, Tally::at(spent), start).spent();
        self.map.repeat(from, to, here, spent);
        if let Some(listing) = &mut self.listing {
            let begin = listing.partition_point(|listed| listed.cell < from);
            let end = listing.partition_point(|listed| listed.cell < to);
            for index in begin..end {
                let ListedOp { cell, offset, op } = listing[index];
                let cell = CellPos(cell.0 - from.0 + here.0);
                listing.push(ListedOp { cell, offset, op });
            }
        }
        self.cells.repeat(from.0 as usize, to.0 as usize);
    }

    /// Number of cells that a target takes.
    fn target_cells(&self) -> u32 {
        match self.form {
            Form::Plain | Form::Exact => 1,
            Form::Net => 2,
        }
    }

    /// Appends a cell for the target of another cell.
    fn repeat_target(&mut self, original: CellPos) {
        // The second of a target's two cells has the distance.
        let original = CellPos(original.0 + self.target_cells() - 1);
        let found = self
            .fixups
            .binary_search_by_key(&original, |fixup| fixup.cell);
        let Ok(at) = found else {
            unreachable!("lowering: every target was appended by `target` or `target_later`")
        };
        match self.fixups[at].target {
            Some(target) => self.target(target),
            None => {
                let added = self.fixups.len() as u32;
                let next = self.fixups[at].next.replace(added);
                self.target_cell(next, None);
            }
        }
    }

    /// Appends the cell of a known target.
    pub fn target(&mut self, target: Target) {
        self.target_cell(None, Some(target));
    }

    /// Appends the cell of a target that becomes known later.
    pub fn target_later(&mut self, waiting: &mut Waiting) {
        let added = self.fixups.len() as u32;
        let next = waiting.head.replace(added);
        self.target_cell(next, None);
    }

    /// Appends the cell of a target, and before it the charge for branching there.
    fn target_cell(&mut self, next: Option<u32>, target: Option<Target>) {
        let mut charge = None;
        if self.form == Form::Net {
            let cell = self.here();
            self.cell(0);
            charge = Some(self.meter.leave(cell, &mut self.cells));
        }
        let cell = self.here();
        self.cell(0);
        self.fixups.push(Fixup {
            cell,
            next,
            target: None,
            charge,
        });
        if let Some(target) = target {
            self.lead(self.fixups.len() - 1, target);
        }
        // The last one of an op may leave the next one unaligned.
        self.targets_left = self.targets_left.saturating_sub(1);
        self.pad();
    }

    /// Sets all waiting targets to the place of the next op, which is returned.
    pub fn place(&mut self, waiting: Waiting) -> Target {
        let here = self.point();
        let mut next = waiting.head;
        while let Some(at) = next {
            next = self.fixups[at as usize].next;
            self.lead(at as usize, here);
        }
        here
    }

    /// Sets the place that a target leads to.
    fn lead(&mut self, fixup: usize, to: Target) {
        let Fixup {
            cell,
            target,
            charge,
            ..
        } = &mut self.fixups[fixup];
        *target = Some(to);
        self.cells.set(cell.0 as usize, distance(*cell, to.cell));
        if let Some(charge) = *charge {
            self.meter.arrive(charge, to.tally, &mut self.cells);
        }
    }

    /// Writes the header and returns the code, and a list of all ops if requested.
    pub fn finish(
        mut self,
        frame_bytes: u32,
        pins: [Option<SlotOffset>; 3],
        catches: Catches,
    ) -> Result<(Code, Vec<ListedOp>), LowerError> {
        if self.cells.len() > MAX_CELLS {
            return Err(LowerError::CodeTooLong);
        }
        self.end_superblock();
        self.cells.set(0, frame_bytes);
        let code = Code {
            cells: self.cells.finish(),
            catches,
            map: self.map.finish(),
            pins,
        };
        Ok((code, self.listing.unwrap_or_default()))
    }
}

impl Cells for Builder {
    fn cell(&mut self, cell: u32) {
        self.cells.push(MaybeUninit::new(cell));
    }

    fn wide(&mut self, value: u64) {
        if self.cells.is_odd() {
            self.cell(0);
        }
        self.cell(value as u32);
        self.cell((value >> 32) as u32);
    }
}

/// The contents of a target's cell: the distance in bytes from that cell.
fn distance(from: CellPos, to: CellPos) -> u32 {
    to.0.wrapping_sub(from.0).wrapping_mul(4)
}
