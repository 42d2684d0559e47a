//! The charges of metered code and their places: the accounts of lowering.
//!
//! A *superblock* is a stretch of code in which control can only continue or leave: it ends at an unconditional branch, a return, a
//! trap, a call, and in front of an instruction whose cost depends on an operand. Control that arrives in a superblock pays at once for
//! everything up to its end; control that leaves it early is refunded the rest. So falling through, into labels too, costs nothing,
//! and a taken branch charges one number, which may be negative:
//!
//! ```text
//! ahead(p) = the cost of the instructions from p to the end of its superblock
//! counter  = fuel - ahead(here)
//! a branch from s to t:  counter -= ahead(t) - ahead(s)
//! ```
//!
//! `ahead` is known only when a superblock has ended, so each charge is a cell that is written again when either side becomes known.
//! The module `exec::handlers::fuel` describes how execution uses them.

use super::builder::CellPos;
use super::cells::CellList;

/// A place in the accounts of fuel.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// The cost of all of the function's instructions before it.
    spent: u32,
    /// Its superblock.
    superblock: u32,
}

impl Tally {
    /// A place with the cost `spent` before it.
    pub fn at(spent: u32) -> Self {
        Self {
            spent,
            superblock: 0,
        }
    }

    /// The cost of the instructions before it.
    pub fn spent(self) -> u32 {
        self.spent
    }

    /// Whether the fuel ahead of this place is the same as if it were in the superblock of `other`, which is behind it.
    pub fn ends_with(self, other: Self) -> bool {
        self.superblock == other.superblock || self.spent == other.spent
    }

    /// Whether any fuel is spent between this place and one behind it.
    pub fn is_before(self, other: Self) -> bool {
        self.spent != other.spent
    }
}

/// A charge: the part of its amount that is known.
#[derive(Clone, Copy, Debug)]
struct Charge {
    cell: CellPos,
    amount: i32,
}

/// Identifies a charge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChargeIdx(u32);

/// The accounts of a function under construction.
#[derive(Debug, Default)]
pub struct Meter {
    /// The current place.
    here: Tally,
    /// The cost spent at the end of each superblock that has ended.
    ends: Vec<u32>,
    charges: Vec<Charge>,
    /// Charges that wait for the end of the current superblock, and whether it raises or lowers them.
    open: Vec<(ChargeIdx, Side)>,
}

/// The side of a charge that a superblock is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    /// Control leaves it.
    Left,
    /// Control arrives in it.
    Arrived,
}

impl Meter {
    /// The current place.
    pub fn here(&self) -> Tally {
        self.here
    }

    /// Counts the cost of an instruction.
    pub fn spend(&mut self, cost: u32) {
        // A body has at most some million bytes, and no instruction costs enough to make this overflow.
        self.here.spent = self.here.spent.saturating_add(cost);
    }

    /// Ends the superblock here, and begins the next one.
    pub fn end_superblock(&mut self, cells: &mut CellList) {
        let end = self.here.spent as i32;
        for (charge, side) in core::mem::take(&mut self.open) {
            let amount = match side {
                Side::Left => -end,
                Side::Arrived => end,
            };
            self.add(charge, amount, cells);
        }
        self.ends.push(self.here.spent);
        self.here.superblock += 1;
    }

    /// Makes a charge in a cell, for leaving the current superblock here. [`arrive`](Self::arrive) sets its target.
    pub fn leave(&mut self, cell: CellPos, cells: &mut CellList) -> ChargeIdx {
        let charge = self.entrance(cell);
        self.add(charge, self.here.spent as i32, cells);
        self.open.push((charge, Side::Left));
        charge
    }

    /// Makes a charge in a cell, for arriving from where nothing has been paid in advance.
    pub fn entrance(&mut self, cell: CellPos) -> ChargeIdx {
        let charge = ChargeIdx(self.charges.len() as u32);
        self.charges.push(Charge { cell, amount: 0 });
        charge
    }

    /// Sets the target of a charge.
    pub fn arrive(&mut self, charge: ChargeIdx, at: Tally, cells: &mut CellList) {
        let end = self.ends.get(at.superblock as usize).copied();
        let known = end.map_or(0, |end| end as i32);
        self.add(charge, known - at.spent as i32, cells);
        if end.is_none() {
            self.open.push((charge, Side::Arrived));
        }
    }

    /// Returns the place in the current superblock that is as far behind `from` as `place` is behind `origin`: the position in a repeated
    /// stretch of code.
    pub fn repeated(&self, from: Tally, place: Tally, origin: Tally) -> Tally {
        Tally {
            spent: from.spent + (place.spent - origin.spent),
            superblock: self.here.superblock,
        }
    }

    /// Moves to a place in the current superblock.
    pub fn go_to(&mut self, place: Tally) {
        self.here = place;
    }

    fn add(&mut self, charge: ChargeIdx, amount: i32, cells: &mut CellList) {
        let charge = &mut self.charges[charge.0 as usize];
        charge.amount = charge.amount.wrapping_add(amount);
        cells.set(charge.cell.0 as usize, charge.amount as u32);
    }
}
