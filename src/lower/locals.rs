//! A function's locals: the place of each, whether it has a register, and the operands that are in it.
//!
//! A function may declare thousands of locals in a few bytes, and a module may have a million functions. So data is kept only for
//! locals that instructions name: in a list that grows up to a length sufficient for nearly all functions, and then in a map.

use std::collections::BTreeMap;

use super::operands::{RECORD, SLOT};
use super::slots;
use crate::code::ops::SlotOffset;
use crate::syntax::index::LocalIdx;
use crate::syntax::types::ValType;

/// The maximal length of the list.
const LISTED: usize = 256;

/// Data about locals.
#[derive(Debug)]
pub(super) struct ByLocal<T> {
    /// The first locals, up to the last that was named.
    listed: Vec<T>,
    others: BTreeMap<u32, T>,
}

impl<T> Default for ByLocal<T> {
    fn default() -> Self {
        Self {
            listed: Vec::new(),
            others: BTreeMap::new(),
        }
    }
}

impl<T: Copy> ByLocal<T> {
    /// The data of a local, or the result of `new` for its index.
    #[inline]
    pub fn get(&self, local: LocalIdx, new: impl Fn(u32) -> T) -> T {
        match self.listed.get(local.index()) {
            Some(kept) => *kept,
            None => self
                .others
                .get(&local.0)
                .copied()
                .unwrap_or_else(|| new(local.0)),
        }
    }

    /// The same for a change: from now on the data is kept.
    #[inline]
    pub fn get_mut(&mut self, local: LocalIdx, new: impl Fn(u32) -> T) -> &mut T {
        if local.index() < self.listed.len() {
            return &mut self.listed[local.index()];
        }
        self.keep(local, new)
    }

    #[cold]
    fn keep(&mut self, local: LocalIdx, new: impl Fn(u32) -> T) -> &mut T {
        if local.index() >= LISTED {
            return self.others.entry(local.0).or_insert_with(|| new(local.0));
        }
        let missing = self.listed.len() as u32..=local.0;
        self.listed.extend(missing.map(new));
        &mut self.listed[local.index()]
    }

    /// The data that is kept, by index. It may include locals that have not been named.
    pub fn iter(&self) -> impl Iterator<Item = (LocalIdx, T)> {
        let listed = (0..).zip(self.listed.iter().copied());
        let others = self.others.iter().map(|(&index, &kept)| (index, kept));
        listed
            .chain(others)
            .map(|(index, kept)| (LocalIdx(index), kept))
    }
}

/// A local.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local {
    pub ty: ValType,
    /// Its home.
    pub offset: SlotOffset,
    /// Whether it has a register.
    pub pinned: bool,
    /// The entry of the topmost operand that is in it.
    pub head: Option<u32>,
}

/// Consecutive locals of one type.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// The index behind the last of them.
    end: u32,
    ty: ValType,
    /// The place that the local with the index 0 would have if it were one of them.
    origin: i64,
}

impl Run {
    fn local(self, index: u32) -> Local {
        Local {
            ty: self.ty,
            offset: (self.origin + i64::from(index) * bytes(self.ty)) as SlotOffset,
            pinned: false,
            head: None,
        }
    }
}

/// The locals of a function, parameters included.
#[derive(Debug)]
pub(super) struct Locals {
    kept: ByLocal<Local>,
    runs: Vec<Run>,
    /// The place of the first parameter, and of the function's results.
    pub first: SlotOffset,
    /// Number of slots of locals that are not parameters.
    pub slots: u32,
}

impl Locals {
    /// Creates the locals of the parameters and of `declared`, the declared locals as runs.
    pub fn new(params: &[ValType], declared: &[(u32, ValType)]) -> Self {
        let mut offset = -RECORD - i64::from(slots(params)) * SLOT;
        let mut locals = Self {
            kept: ByLocal::default(),
            runs: Vec::with_capacity(params.len() + declared.len()),
            first: offset as SlotOffset,
            slots: 0,
        };
        for &ty in params {
            offset = locals.add(1, ty, offset);
        }
        // Behind the parameters is the record; the base comes after that.
        offset = 0;
        for &(count, ty) in declared {
            offset = locals.add(count, ty, offset);
        }
        locals.slots = (offset / SLOT) as u32;
        locals
    }

    /// Adds a run that begins at an offset; returns its end.
    fn add(&mut self, count: u32, ty: ValType, offset: i64) -> i64 {
        let first = self.runs.last().map_or(0, |run| run.end);
        let run = Run {
            end: first + count,
            ty,
            origin: offset - i64::from(first) * bytes(ty),
        };
        self.runs.push(run);
        offset + i64::from(count) * bytes(ty)
    }

    /// A local.
    #[inline]
    pub fn get(&self, local: LocalIdx) -> Local {
        self.kept.get(local, |index| of_run(&self.runs, index))
    }

    /// A local, for a change.
    #[inline]
    pub fn get_mut(&mut self, local: LocalIdx) -> &mut Local {
        self.kept.get_mut(local, |index| of_run(&self.runs, index))
    }
}

/// A local without data yet.
#[cold]
fn of_run(runs: &[Run], index: u32) -> Local {
    let run = runs.partition_point(|run| run.end <= index);
    runs[run].local(index)
}

fn bytes(ty: ValType) -> i64 {
    i64::from(ty.slots()) * SLOT
}
