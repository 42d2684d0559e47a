//! The cells of code under construction.

use core::mem::MaybeUninit;

use super::builder::HandlerCells;
use super::unit::Pair;

/// A list of cells. Its layout in memory is that of finished code, so that finishing copies nothing.
#[derive(Debug, Default)]
pub struct CellList {
    pairs: Vec<Pair>,
    /// Whether the second cell of the last pair is still to come.
    odd: bool,
}

impl CellList {
    /// Number of cells.
    #[inline(always)]
    pub fn len(&self) -> usize {
        2 * self.pairs.len() - usize::from(self.odd)
    }

    /// Whether the next cell is the second one of a pair.
    #[inline(always)]
    pub fn is_odd(&self) -> bool {
        self.odd
    }

    /// Appends a cell.
    #[inline(always)]
    pub fn push(&mut self, cell: MaybeUninit<u32>) {
        match self.pairs.last_mut() {
            Some(pair) if self.odd => {
                pair.0[1] = cell;
                self.odd = false;
            }
            _ => {
                self.pairs.push(Pair([cell, MaybeUninit::new(0)]));
                self.odd = true;
            }
        }
    }

    /// Appends the first two cells of an op. Ops begin with a pair.
    #[inline(always)]
    pub fn push_handler(&mut self, cells: HandlerCells) {
        debug_assert!(!self.odd);
        self.pairs.push(Pair(cells));
    }

    /// Appends the cells from one position to another once more.
    pub fn repeat(&mut self, from: usize, to: usize) {
        for at in from..to {
            self.push(self.pairs[at / 2].0[at % 2]);
        }
    }

    /// Sets a cell.
    #[inline(always)]
    pub fn set(&mut self, at: usize, value: u32) {
        self.pairs[at / 2].0[at % 2] = MaybeUninit::new(value);
    }

    /// The finished cells.
    pub fn finish(self) -> Box<[Pair]> {
        self.pairs.into()
    }
}
