//! A function's locals: where each is, whether it has a register, and which operands are in it.
//!
//! A function declares thousands of locals in a few bytes, and a module has a million functions. So what is kept of locals is kept of
//! those that instructions name: a list as long as it has to be, up to a length that is enough for nearly all functions, and a map.

use std::collections::BTreeMap;

use super::operands::{RECORD, SLOT};
use super::slots;
use crate::code::ops::SlotOffset;
use crate::syntax::index::LocalIdx;
use crate::syntax::types::ValType;

/// How many locals are listed at most.
const LISTED: usize = 256;

/// What is kept of locals.
#[derive(Debug)]
pub(super) struct ByLocal<T> {
    /// Of the first ones, up to the last that was named.
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
    /// What is kept of a local, or what `new` makes of its index.
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

    /// The same, to be changed: from now on it is kept.
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

    /// What is kept, by index. There may be locals among them that have not been named.
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

/// Locals of one type in a row.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// The index behind the last of them.
    end: u32,
    ty: ValType,
    /// Where the local with the index 0 would be if it were one of them.
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
    /// Where the first parameter is, and the function's results go.
    pub first: SlotOffset,
    /// Slots of those that are not parameters.
    pub slots: u32,
}

impl Locals {
    /// Locals for parameters and, as runs, what the function declares.
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

    /// Adds a run that begins at an offset; returns where it ends.
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

    /// A local, to be changed.
    #[inline]
    pub fn get_mut(&mut self, local: LocalIdx) -> &mut Local {
        self.kept.get_mut(local, |index| of_run(&self.runs, index))
    }
}

/// A local of which nothing is kept yet.
#[cold]
fn of_run(runs: &[Run], index: u32) -> Local {
    let run = runs.partition_point(|run| run.end <= index);
    runs[run].local(index)
}

fn bytes(ty: ValType) -> i64 {
    i64::from(ty.slots()) * SLOT
}
