//! The map of a function's code: the origin of each op, the fuel paid in advance there, and the places where control arrives.
//!
//! It is written while the code is lowered and stays beside it, so that a trap, a backtrace or a change of form needs no second lowering.
//! Most ops take one word of two bytes: the distance of the op, its instruction and the fuel spent from the word before. At regular
//! intervals there is a [`Checkpoint`] with the same numbers in full. A look-up is a binary search among those, and then a walk of at most
//! one interval.
//!
//! ```text
//! 00 oooooo sssss ccc      an op: pairs of cells, bytes and fuel since the word before
//! 01 sssssssss ccccc       a point: control arrives here
//! 10 ssssssssssssss        the end of a superblock
//! 110000 aaaaaaaa          the address of the last op (`AddressIn`)
//! 111 ooooooooooooo        a larger step in bytes, for the next op
//! 1100010000000000         six words with numbers of any size follow
//! 1100010000000000         six words with full numbers follow

use core::cmp::Ordering;

use super::builder::CellPos;
use super::ops::{Addr, Op, Src};

/// Approximate number of words from one checkpoint to the next.
const INTERVAL: usize = 256;

/// A field of a word: its lowest bit, its number of bits, and a bias that lets some negative numbers fit.
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
const FULL: u32 = REST | 1 << 10;
/// A step between instructions that is too large for an op's word: to the head of a loop that is repeated, and back.
const FAR: u32 = REST | 1 << 13;
const FAR_OFFSET: Field = Field::new(0, 13, 1 << 12);

/// A place in the code, with the matching place in the body and in the accounts.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Place {
    /// The cell.
    cell: u32,
    /// The offset of the instruction from the beginning of the function's body.
    offset: u32,
    /// The cost of the instructions up to here.
    spent: u32,
}

/// Full numbers, in front of an op.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    /// The position of the op's word, which has no differences.
    word: u32,
    place: Place,
    /// The fuel spent at the end of the superblock.
    end: u32,
    /// The number of points before.
    points: u32,
}

/// The place where an op that accesses a memory finds the address, if not in the slot that its first cell names.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct AddressIn(u8);

impl AddressIn {
    /// The one of an op.
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

    /// The address of an op whose operands begin with these cells.
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
    /// The place of the address, if it accesses a memory.
    pub address: AddressIn,
    /// The fuel charged in advance for instructions behind it.
    pub ahead: u32,
}

/// A point: a place where control arrives. Points are counted, and the count is the same in every form of metered code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// The number of points before it.
    pub number: u32,
    /// The cell.
    pub cell: CellPos,
    /// The charge for arriving there from outside.
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
    /// The origin of the op that contains the cell before this one: operands and return addresses lie behind the beginning of their op.
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

    /// The first point in a cell: the place where control arrives by a branch.
    pub fn point_at(&self, cell: usize) -> Option<Point> {
        self.points_at(cell).next()
    }

    /// The last point in a cell: the place of the op itself. A label may come before an op that charges, without an op of its own
    /// between them in fused code; exact code has one there.
    pub fn last_point_at(&self, cell: usize) -> Option<Point> {
        self.points_at(cell).last()
    }

    /// The points in a cell.
    fn points_at(&self, cell: usize) -> impl Iterator<Item = Point> {
        let mut cursor = self.view().before(|at| (at.place.cell as usize) < cell);
        core::iter::from_fn(move || {
            loop {
                let record = cursor.next()?;
                match (record, (cursor.place.cell as usize).cmp(&cell)) {
                    (Record::Point, Ordering::Equal) => return Some(cursor.last_point()),
                    (_, Ordering::Greater) | (Record::Op, Ordering::Equal) => return None,
                    _ => {}
                }
            }
        })
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

    /// Number of bytes that it takes.
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
    /// The last checkpoint for which a condition holds that holds for all before it; or the beginning.
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

/// The meaning of a word for the place that the cursor has reached.
enum Record {
    Op,
    Point,
    End,
    /// The address of the last op.
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
                _ if u32::from(word) & FAR == FAR => {
                    place.offset = place.offset.wrapping_add(FAR_OFFSET.get(word));
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

    /// The fuel spent at the end of the superblock.
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
    /// Number of checkpoints in superblocks that have ended.
    ended: usize,
    /// The position from which on a word needs a checkpoint in front of it.
    due: usize,
    last: Place,
    points: u32,
    /// The offset of the function's body.
    body: usize,
}

impl MapBuilder {
    /// Creates the map of a function whose body begins at an offset.
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

    /// Records an op that begins in a cell.
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
        let near = OP
            | OP_CELLS.put(place.cell.wrapping_sub(last.cell) / 2)
            | OP_SPENT.put(place.spent.wrapping_sub(last.spent));
        let offset = place.offset.wrapping_sub(last.offset);
        match u16::try_from(near | OP_OFFSET.put(offset)) {
            Ok(word) => self.words.push(word),
            Err(_) => self.far_op(near, offset),
        }
        if address != AddressIn::default() {
            self.words
                .push((REST | ADDRESS.put(address.0.into())) as u16);
        }
    }

    /// Records a point in a cell.
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

    /// Records the end of a superblock.
    pub fn end_superblock(&mut self, spent: u32) {
        let last = core::mem::replace(&mut self.last.spent, spent);
        let word = END | END_SPENT.put(spent.wrapping_sub(last));
        self.word(word, END | END_SPENT.put(0));
        for checkpoint in &mut self.checkpoints[self.ended..] {
            checkpoint.end = spent;
        }
        self.ended = self.checkpoints.len();
    }

    /// Appends a word, or the full place and a word without differences if those are too large.
    #[inline(always)]
    fn word(&mut self, word: u32, without: u32) {
        match u16::try_from(word) {
            Ok(word) => self.words.push(word),
            Err(_) => self.full(without),
        }
    }

    /// Appends the word of an op that is this far from the last one, or the full place.
    #[cold]
    #[inline(never)]
    fn far_op(&mut self, near: u32, offset: u32) {
        let near = near | OP_OFFSET.put(0);
        match (
            u16::try_from(FAR | FAR_OFFSET.put(offset)),
            u16::try_from(near),
        ) {
            (Ok(far), Ok(near)) => self.words.extend([far, near]),
            _ => self.full(OP | OP_SPENT.put(0) | OP_OFFSET.put(0)),
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

    /// Records the ops between two cells once more, for cells repeated at another position: `spent` gives the fuel at each of them.
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
        // A loop's head has few ops.
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

    /// Returns the finished map.
    pub fn finish(self) -> CodeMap {
        CodeMap {
            words: self.words.into(),
            checkpoints: self.checkpoints.into(),
            body: self.body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::ops::{Cells, Dst};
    use crate::syntax::instr::Opcode;

    /// Numbers that are the same in each run: mostly small ones, some of any size.
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self, below: u32) -> u32 {
            self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            (self.0 >> 33) as u32 % below
        }

        fn mostly(&mut self, small: u32) -> u32 {
            match self.next(50) {
                0 => self.next(100_000),
                _ => self.next(small),
            }
        }
    }

    impl Cells for Vec<u32> {
        fn cell(&mut self, cell: u32) {
            self.push(cell);
        }

        fn wide(&mut self, _: u64) {
            unreachable!("no op here has one")
        }
    }

    /// The contents of a map, kept in lists.
    #[derive(Default)]
    struct Lists {
        /// Cell, offset, fuel spent, address and cells of each op.
        ops: Vec<(u32, u32, u32, Addr, Vec<u32>)>,
        /// Cell of each point, and the fuel spent.
        points: Vec<(u32, u32)>,
        /// Cell and fuel spent where superblocks end.
        ends: Vec<(u32, u32)>,
    }

    /// A map of `ops` random ops, and the same in lists. Superblocks have about `superblock` ops.
    fn random(seed: u64, ops: usize, superblock: u32) -> (CodeMap, Lists) {
        let mut numbers = Numbers(seed);
        let mut map = MapBuilder::new(1_000);
        let mut lists = Lists::default();
        let (mut cell, mut offset, mut spent) = (2, 0_u32, 0_u32);
        for _ in 0..ops {
            for _ in 0..numbers.next(4).saturating_sub(1) {
                map.point(CellPos(cell), spent);
                lists.points.push((cell, spent));
            }
            spent += numbers.mostly(5);
            // The op of an earlier instruction may have been held back.
            let back = numbers.mostly(12);
            offset = (offset + numbers.mostly(20)).saturating_sub(back);
            let op_spent = spent - numbers.next(5).min(spent);
            let kinds = [Src::Acc, Src::Pin, Src::Slot(7), Src::Imm32(5)];
            let [x, y] = [4, 4].map(|count| kinds[numbers.next(count) as usize]);
            let addr = match numbers.next(3) {
                0 => Addr::Plain(x),
                1 => Addr::Sum(x, y),
                _ => Addr::Scaled(x, y),
            };
            let op = Op::Load {
                op: Opcode::I32Load,
                addr,
                offset: 0,
                d: Dst::Acc,
            };
            map.op(CellPos(cell), 1_000 + offset as usize, op_spent, &op);
            let mut cells = Vec::new();
            op.write(&mut cells);
            lists.ops.push((cell, offset, op_spent, addr, cells));
            cell += 2 + 2 * numbers.mostly(6);
            if numbers.next(superblock) == 0 {
                map.end_superblock(spent);
                lists.ends.push((cell, spent));
            }
        }
        map.end_superblock(spent);
        lists.ends.push((u32::MAX, spent));
        (map.finish(), lists)
    }

    fn end(lists: &Lists, is_behind: impl Fn(u32) -> bool) -> u32 {
        let end = lists.ends.partition_point(|(cell, _)| !is_behind(*cell));
        lists.ends[end].1
    }

    #[test]
    fn each_cell_leads_to_its_op_and_what_lies_ahead() {
        for (seed, ops, superblock) in [(1, 30, 8), (2, 2_000, 6), (3, 2_000, 5_000)] {
            let (map, lists) = random(seed, ops, superblock);
            let ends = lists.ops.iter().skip(1).map(|op| op.0).chain([u32::MAX]);
            for ((begin, offset, spent, addr, cells), next) in lists.ops.iter().zip(ends) {
                for cell in [begin + 1, begin + 2, next - 1, next] {
                    let origin = map.origin(cell as usize).unwrap();
                    assert_eq!(origin.address.read(cells.iter().copied()), Some(*addr));
                    let expected = Origin {
                        cell: CellPos(*begin),
                        offset: 1_000 + *offset as usize,
                        address: origin.address,
                        ahead: end(&lists, |cell| cell > *begin) - spent,
                    };
                    assert_eq!(origin, expected, "seed {seed}");
                }
            }
            assert_eq!(map.origin(2), None);
        }
    }

    #[test]
    fn points_are_found_by_cell_and_by_number() {
        for (seed, ops, superblock) in [(4, 30, 8), (5, 2_000, 6), (6, 2_000, 5_000)] {
            let (map, lists) = random(seed, ops, superblock);
            assert_eq!(map.points() as usize, lists.points.len());
            for (number, &(cell, spent)) in (0..).zip(&lists.points) {
                let found = map.point(number).unwrap();
                let expected = Point {
                    number,
                    cell: CellPos(cell),
                    ahead: end(&lists, |end| end > cell) - spent,
                };
                assert_eq!(found, expected, "seed {seed}");
                let first = map.point_at(cell as usize).unwrap();
                assert_eq!(first.cell, CellPos(cell));
                assert!(first.number <= number);
                let before = first.number.checked_sub(1).and_then(|at| map.point(at));
                assert!(before.is_none_or(|before| before.cell < first.cell));
            }
            assert_eq!(map.point(map.points()), None);
            for (cell, ..) in &lists.ops {
                let is_point = lists.points.iter().any(|(point, _)| point == cell);
                assert_eq!(map.point_at(*cell as usize).is_some(), is_point);
            }
        }
    }

    #[test]
    fn most_ops_take_two_bytes() {
        let mut map = MapBuilder::new(0);
        for at in 0..10_000 {
            map.op(CellPos(2 + 6 * at), 7 * at as usize, 4 * at, &Op::Nop);
        }
        map.end_superblock(40_000);
        let bytes = map.finish().bytes();
        assert!((20_000..25_000).contains(&bytes), "{bytes}");
    }

    #[test]
    fn ops_that_are_repeated_are_where_they_were_and_paid_for_where_they_are() {
        let mut map = MapBuilder::new(0);
        for at in 0..1_000 {
            map.op(CellPos(2 + 4 * at), 10 + at as usize, 3 * at, &Op::Nop);
        }
        // The ops in the cells from 402 to 414, which begin with 300 spent, after code that costs 5,000.
        map.repeat(CellPos(402), CellPos(414), CellPos(9_000), |spent| {
            spent - 300 + 5_000
        });
        map.end_superblock(6_000);
        let map = map.finish();
        for at in 0..3_u32 {
            let [original, repeated] =
                [402, 9_000].map(|begin| map.origin((begin + 4 * at + 3) as usize).unwrap());
            assert_eq!(repeated.cell, CellPos(9_000 + 4 * at));
            assert_eq!(original.cell, CellPos(402 + 4 * at));
            assert_eq!(original.offset, repeated.offset);
            assert_eq!(original.ahead, 6_000 - 300 - 3 * at);
            assert_eq!(repeated.ahead, 6_000 - 5_000 - 3 * at);
        }
        assert_eq!(map.origin(20_000).unwrap().cell, CellPos(9_008));
    }
}
