//! The map of a function's code: where each op came from, what has been paid in advance there, and where control arrives.
//!
//! It is written while the code is lowered and stays beside it, so that a trap, a backtrace or a change of form lowers nothing again.
//! Most ops take one word of two bytes: how far the op, its instruction and the fuel spent lie behind the word before it. Every so many
//! words there is a [`Checkpoint`] with the same numbers in full. A look-up is a binary search among those, and a walk to the next one
//! at most.
//!
//! ```text
//! 00 oooooo sssss ccc      an op: so many pairs of cells, bytes and fuel behind what came before
//! 01 sssssssss ccccc       a point: control arrives here
//! 10 ssssssssssssss        the end of a superblock
//! 11 ....                  the address of the last op (`AddressIn`), or six words with numbers of any size
//! ```

use core::cmp::Ordering;

use super::builder::CellPos;
use super::ops::{Addr, Op, Src};

/// Words from one checkpoint to the next, about.
const INTERVAL: usize = 128;

/// A field of a word: its lowest bit, its bits, and what is added to a number so that some negative ones fit.
struct Field {
    at: u32,
    bits: u32,
    bias: i32,
}

impl Field {
    const fn new(at: u32, bits: u32, bias: i32) -> Self {
        Self { at, bits, bias }
    }

    /// The field with a difference in it, or more than a word if that does not fit.
    #[inline(always)]
    fn put(&self, difference: u32) -> u32 {
        let value = difference.wrapping_add(self.bias as u32);
        if value >> self.bits == 0 {
            value << self.at
        } else {
            TOO_MUCH
        }
    }

    #[inline(always)]
    fn get(&self, word: u16) -> u32 {
        let value = u32::from(word) >> self.at & ((1 << self.bits) - 1);
        value.wrapping_sub(self.bias as u32)
    }
}

/// More than a word.
const TOO_MUCH: u32 = 1 << 16;

const OP: u32 = 0;
const OP_CELLS: Field = Field::new(0, 3, 0);
const OP_SPENT: Field = Field::new(3, 5, 4);
const OP_OFFSET: Field = Field::new(8, 6, 8);

const POINT: u32 = 1 << 14;
const POINT_CELLS: Field = Field::new(0, 5, 0);
const POINT_SPENT: Field = Field::new(5, 9, 32);

const END: u32 = 2 << 14;
const END_SPENT: Field = Field::new(0, 14, 64);

const REST: u32 = 3 << 14;
const ADDRESS: Field = Field::new(0, 8, 0);
/// The word in front of six that hold a place in full.
const FULL: u32 = REST | 1 << 8;

/// A place in the code, and what it corresponds to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Place {
    /// The cell.
    cell: u32,
    /// The offset of the instruction from the beginning of the function's body.
    offset: u32,
    /// What the instructions up to here cost.
    spent: u32,
}

/// Numbers in full, in front of an op.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    /// The position of the op's word, which has no differences.
    word: u32,
    place: Place,
    /// What has been spent at the end of the superblock.
    end: u32,
    /// The number of points before.
    points: u32,
}

/// Where the op that accesses a memory finds the address, if not in the slot that its first cell names.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct AddressIn(u8);

impl AddressIn {
    /// Of an op.
    fn of(op: &Op) -> Self {
        let kind = |src| match src {
            Src::Slot(_) => 0,
            Src::Acc => 1,
            Src::Pin => 2,
            Src::Imm32(_) | Src::Imm64(_) => 3,
        };
        Self(match *op {
            Op::Load { addr, .. } | Op::Store { addr, .. } => match addr {
                Addr::Plain(x) => kind(x),
                Addr::Sum(x, y) => 1 << 4 | kind(y) << 2 | kind(x),
                Addr::Scaled(x, y) => 2 << 4 | kind(y) << 2 | kind(x),
            },
            Op::Load64 { x, .. } | Op::Store64 { x, .. } => kind(x),
            _ => 0,
        })
    }

    /// The address as an op has it whose operands begin with these cells.
    pub fn read(self, mut cells: impl Iterator<Item = u32>) -> Option<Addr> {
        let mut src = |kind| {
            Some(match kind & 3 {
                0 => Src::Slot(cells.next()? as i32),
                1 => Src::Acc,
                2 => Src::Pin,
                _ => Src::Imm32(cells.next()?),
            })
        };
        let x = src(self.0)?;
        Some(match self.0 >> 4 {
            0 => Addr::Plain(x),
            1 => Addr::Sum(x, src(self.0 >> 2)?),
            _ => Addr::Scaled(x, src(self.0 >> 2)?),
        })
    }
}

/// An op's origin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The cell in which the op begins.
    pub cell: CellPos,
    /// The offset of its instruction in the module's binary.
    pub offset: usize,
    /// Where it finds an address, if it accesses a memory.
    pub address: AddressIn,
    /// What has been charged in advance for instructions behind it.
    pub ahead: u32,
}

/// A point: a place where control arrives. Points are counted, and the count is the same in every form of metered code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// The number of points before it.
    pub number: u32,
    /// The cell.
    pub cell: CellPos,
    /// What arriving there from nowhere charges.
    pub ahead: u32,
}

/// The map of a function's code.
#[derive(Debug)]
pub struct CodeMap {
    words: Box<[u16]>,
    checkpoints: Box<[Checkpoint]>,
    /// The offset of the function's body in the module's binary.
    body: usize,
}

impl CodeMap {
    /// The origin of the op that contains the cell before this one: operands and return addresses lie behind where an op begins.
    pub fn origin(&self, cell: usize) -> Option<Origin> {
        let view = self.view();
        let mut cursor = view.before(|at| (at.place.cell as usize) < cell);
        let mut found = None;
        let mut after = cursor;
        while let Some(record) = cursor.next() {
            match record {
                Record::Op if cursor.place.cell as usize >= cell => break,
                Record::Op => found = Some((cursor.place, AddressIn::default())),
                Record::Address(address) => {
                    if let Some((_, of_op)) = &mut found {
                        *of_op = address;
                    }
                }
                Record::Point | Record::End => continue,
            }
            after = cursor;
        }
        let (place, address) = found?;
        Some(Origin {
            cell: CellPos(place.cell),
            offset: self.body + place.offset as usize,
            address,
            ahead: after.end().saturating_sub(place.spent),
        })
    }

    /// The first point in a cell.
    pub fn point_at(&self, cell: usize) -> Option<Point> {
        let mut cursor = self
            .view()
            .before(|at| (at.place.cell as usize) < cell);
        loop {
            let record = cursor.next()?;
            match (record, (cursor.place.cell as usize).cmp(&cell)) {
                (Record::Point, Ordering::Equal) => return Some(cursor.last_point()),
                (_, Ordering::Greater) | (Record::Op, Ordering::Equal) => return None,
                _ => {}
            }
        }
    }

    /// The point with a number.
    pub fn point(&self, number: u32) -> Option<Point> {
        let mut cursor = self.view().before(|at| at.points <= number);
        while cursor.points <= number {
            cursor.next()?;
        }
        Some(cursor.last_point())
    }

    /// The number of points.
    pub fn points(&self) -> u32 {
        let mut cursor = self.view().before(|_| true);
        while cursor.next().is_some() {}
        cursor.points
    }

    /// The bytes that it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.words) + size_of_val(&*self.checkpoints)
    }

    fn view(&self) -> View<'_> {
        View {
            words: &self.words,
            checkpoints: &self.checkpoints,
        }
    }
}

/// A map, finished or not.
#[derive(Clone, Copy)]
struct View<'m> {
    words: &'m [u16],
    checkpoints: &'m [Checkpoint],
}

impl<'m> View<'m> {
    /// The last checkpoint of which something is true that is true of all before it; or the beginning.
    fn before(self, is: impl Fn(&Checkpoint) -> bool) -> Cursor<'m> {
        let next = self.checkpoints.partition_point(is);
        let mut cursor = Cursor {
            view: self,
            word: 0,
            next: 0,
            place: Place::default(),
            points: 0,
        };
        if let Some(last) = next.checked_sub(1) {
            cursor.word = self.checkpoints[last].word as usize;
            cursor.next = last;
        }
        cursor
    }
}

/// What a word says of the place that the cursor has come to.
enum Record {
    Op,
    Point,
    End,
    /// Of the last op.
    Address(AddressIn),
}

/// Reads a map, word by word.
#[derive(Clone, Copy)]
struct Cursor<'m> {
    view: View<'m>,
    /// The next word.
    word: usize,
    /// The next checkpoint.
    next: usize,
    place: Place,
    /// The number of points so far.
    points: u32,
}

impl Cursor<'_> {
    /// The checkpoint in front of the next word, if there is one.
    fn checkpoint(&self) -> Option<&Checkpoint> {
        let next = self.view.checkpoints.get(self.next);
        next.filter(|at| at.word as usize == self.word)
    }

    fn next(&mut self) -> Option<Record> {
        if let Some(&Checkpoint { place, points, .. }) = self.checkpoint() {
            self.next += 1;
            (self.place, self.points) = (place, points);
        }
        loop {
            let word = *self.view.words.get(self.word)?;
            self.word += 1;
            let place = &mut self.place;
            let mut step = |cells: u32, spent: u32| {
                place.cell += 2 * cells;
                place.spent = place.spent.wrapping_add(spent);
            };
            match u32::from(word) & REST {
                OP => {
                    step(OP_CELLS.get(word), OP_SPENT.get(word));
                    place.offset = place.offset.wrapping_add(OP_OFFSET.get(word));
                    return Some(Record::Op);
                }
                POINT => {
                    step(POINT_CELLS.get(word), POINT_SPENT.get(word));
                    self.points += 1;
                    return Some(Record::Point);
                }
                END => {
                    step(0, END_SPENT.get(word));
                    return Some(Record::End);
                }
                _ if u32::from(word) == FULL => {
                    let words = self.view.words.get(self.word..self.word + 6)?;
                    let number = |at: usize| u32::from(words[at]) | u32::from(words[at + 1]) << 16;
                    self.place = Place {
                        cell: number(0),
                        offset: number(2),
                        spent: number(4),
                    };
                    self.word += 6;
                }
                _ => return Some(Record::Address(AddressIn(ADDRESS.get(word) as u8))),
            }
        }
    }

    /// The point that was read last.
    fn last_point(self) -> Point {
        Point {
            number: self.points - 1,
            cell: CellPos(self.place.cell),
            ahead: self.end().saturating_sub(self.place.spent),
        }
    }

    /// What has been spent at the end of the superblock.
    fn end(mut self) -> u32 {
        loop {
            if let Some(checkpoint) = self.checkpoint() {
                return checkpoint.end;
            }
            if let Some(Record::End) | None = self.next() {
                return self.place.spent;
            }
        }
    }
}

/// A map under construction.
#[derive(Debug)]
pub struct MapBuilder {
    words: Vec<u16>,
    checkpoints: Vec<Checkpoint>,
    /// How many checkpoints are in superblocks that have ended.
    ended: usize,
    /// The position from which on a word is to have a checkpoint in front of it.
    due: usize,
    last: Place,
    points: u32,
    /// The offset of the function's body.
    body: usize,
}

impl MapBuilder {
    /// The map of a function whose body begins at an offset.
    pub fn new(body: usize) -> Self {
        Self {
            words: Vec::new(),
            checkpoints: Vec::new(),
            ended: 0,
            due: INTERVAL,
            last: Place::default(),
            points: 0,
            body,
        }
    }

    /// The offset of the last op's instruction.
    pub fn last_offset(&self) -> usize {
        self.body + self.last.offset as usize
    }

    /// Notes an op that begins in a cell.
    #[inline]
    pub fn op(&mut self, cell: CellPos, offset: usize, spent: u32, op: &Op) {
        let place = Place {
            cell: cell.0,
            offset: offset.wrapping_sub(self.body) as u32,
            spent,
        };
        self.op_at(place, AddressIn::of(op));
    }

    #[inline]
    fn op_at(&mut self, place: Place, address: AddressIn) {
        if self.words.len() >= self.due {
            self.checkpoint(place);
        }
        let last = core::mem::replace(&mut self.last, place);
        let word = OP
            | OP_CELLS.put(place.cell.wrapping_sub(last.cell) / 2)
            | OP_SPENT.put(place.spent.wrapping_sub(last.spent))
            | OP_OFFSET.put(place.offset.wrapping_sub(last.offset));
        self.word(word, OP | OP_SPENT.put(0) | OP_OFFSET.put(0));
        if address != AddressIn::default() {
            self.words.push((REST | ADDRESS.put(address.0.into())) as u16);
        }
    }

    /// Notes a point in a cell.
    #[inline]
    pub fn point(&mut self, cell: CellPos, spent: u32) {
        let last = self.last;
        (self.last.cell, self.last.spent) = (cell.0, spent);
        let word = POINT
            | POINT_CELLS.put(cell.0.wrapping_sub(last.cell) / 2)
            | POINT_SPENT.put(spent.wrapping_sub(last.spent));
        self.word(word, POINT | POINT_SPENT.put(0));
        self.points += 1;
    }

    /// Notes that a superblock ends.
    pub fn end_superblock(&mut self, spent: u32) {
        let last = core::mem::replace(&mut self.last.spent, spent);
        let word = END | END_SPENT.put(spent.wrapping_sub(last));
        self.word(word, END | END_SPENT.put(0));
        for checkpoint in &mut self.checkpoints[self.ended..] {
            checkpoint.end = spent;
        }
        self.ended = self.checkpoints.len();
    }

    /// Appends a word, or if its differences are too large the place in full and a word without any.
    #[inline(always)]
    fn word(&mut self, word: u32, without: u32) {
        match u16::try_from(word) {
            Ok(word) => self.words.push(word),
            Err(_) => self.full(without),
        }
    }

    #[cold]
    #[inline(never)]
    fn full(&mut self, without: u32) {
        let Place {
            cell,
            offset,
            spent,
        } = self.last;
        self.words.push(FULL as u16);
        for number in [cell, offset, spent] {
            self.words.extend([number as u16, (number >> 16) as u16]);
        }
        self.words.push(without as u16);
    }

    #[cold]
    #[inline(never)]
    fn checkpoint(&mut self, place: Place) {
        self.last = place;
        self.due = self.words.len() + INTERVAL;
        self.checkpoints.push(Checkpoint {
            word: self.words.len() as u32,
            place,
            end: 0,
            points: self.points,
        });
    }

    /// Notes the ops between two cells once more, for cells that are repeated from a cell on: fuel at each of them is what `spent` says.
    pub fn repeat(
        &mut self,
        from: CellPos,
        to: CellPos,
        here: CellPos,
        spent: impl Fn(u32) -> u32,
    ) {
        let view = View {
            words: &self.words,
            checkpoints: &self.checkpoints,
        };
        let mut cursor = view.before(|at| at.place.cell < from.0);
        // The head of a loop has few ops.
        let mut ops: Vec<(Place, AddressIn)> = Vec::new();
        while let Some(record) = cursor.next() {
            match record {
                Record::Op if cursor.place.cell >= to.0 => break,
                Record::Op if cursor.place.cell >= from.0 => {
                    ops.push((cursor.place, AddressIn::default()));
                }
                Record::Address(address) => {
                    if let Some((_, of_op)) = ops.last_mut() {
                        *of_op = address;
                    }
                }
                Record::Op | Record::Point | Record::End => {}
            }
        }
        for (place, address) in ops {
            let place = Place {
                cell: place.cell - from.0 + here.0,
                offset: place.offset,
                spent: spent(place.spent),
            };
            self.op_at(place, address);
        }
    }

    /// The finished map.
    pub fn finish(self) -> CodeMap {
        CodeMap {
            words: self.words.into(),
            checkpoints: self.checkpoints.into(),
            body: self.body,
        }
    }
}
